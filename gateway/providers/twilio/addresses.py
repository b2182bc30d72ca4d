"""How Twilio writes the addresses of its channels
(https://www.twilio.com/docs/messaging/channels)."""

_PREFIXES = {"sms": "", "whatsapp": "whatsapp:", "voice": ""}


def written(channel: str, number: str) -> str:
    """A number on this channel as Twilio takes it."""
    return _PREFIXES[channel] + number


def read(address: str) -> tuple[str, str]:
    """The channel and the bare number of a message's address. A channel that is none of ours is
    named as Twilio names it."""
    prefix, colon, rest = address.strip().rpartition(":")
    return (prefix if colon else "sms"), rest

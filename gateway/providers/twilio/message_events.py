"""Callbacks about messages in the gateway's words
(https://www.twilio.com/docs/messaging/guides/track-outbound-message-status,
https://www.twilio.com/docs/messaging/guides/webhook-request)."""

import re

from gateway.domain.callback import EventKind, Inbound, ProviderEvent, Unreadable
from gateway.providers.reading import count, dedup_key
from gateway.providers.twilio import addresses, codes
from gateway.providers.twilio.parameters import Parameters, is_sid

_DIGITS = re.compile("[0-9]{6,15}")
_LONGEST_ADDRESS = 200


def status(p: Parameters) -> ProviderEvent:
    """A step of a message that we sent. They come in any order, and more than once."""
    sid, word = p.sid("MessageSid", "SM", "MM"), _status(p)
    code = p.code("ErrorCode")
    told = word not in codes.INCOMING
    return ProviderEvent(
        kind=EventKind.MESSAGE_STATUS if told else EventKind.NOTICE,
        dedup_key=dedup_key("message-status", sid, word, code or ""),
        external_id=sid,
        account="",
        state=codes.MESSAGE_STATES.get(word),
        provider_status=word,
        failure=codes.undelivered(word, code),
    )


def inbound(p: Parameters) -> ProviderEvent:
    """A message that somebody sent to a number of ours. Its attachments are counted, never
    fetched."""
    word = p.get("MessageStatus")
    if word is not None and word not in codes.INCOMING:
        return status(p)
    if p.get("MessageSid") is None and p.get("CallSid") is not None:
        raise Unreadable("incoming calls are not handled yet")
    sid = p.sid("MessageSid", "SM", "MM")
    channel, to = addresses.read(p.get("To") or "")
    sender, from_ = _from(p)
    if channel not in ("sms", "whatsapp") or sender not in (None, channel):
        raise Unreadable("a channel that is not used here")
    answered = p.get("OriginalRepliedMessageSid") or ""
    return ProviderEvent(
        kind=EventKind.INBOUND,
        dedup_key=dedup_key("inbound", sid),
        external_id=sid,
        account="",
        provider_status="received",
        inbound=Inbound(
            channel=channel,
            from_=from_,
            to=to,
            text=p.get("Body") or "",
            media=count(p.get("NumMedia"), 100) or 0,
            opt_out=codes.OPT_OUTS.get((p.get("OptOutType") or "").upper()),
            reply_to=answered if is_sid(answered, "SM", "MM") else None,
            payload=p.get("ButtonPayload") or None,
        ),
    )


def _status(p: Parameters) -> str:
    return p.word("MessageStatus" if p.get("MessageStatus") else "SmsStatus")


def _from(p: Parameters) -> tuple[str | None, str]:
    """Who wrote, and on which channel where the address says so. On WhatsApp it may be somebody who
    hides the number: then it is an id that only this business knows. Raises Unreadable when there
    is neither."""
    channel: str | None
    channel, address = addresses.read(p.get("From") or "")
    number = p.get("WaId") or ""
    if not address.removeprefix("+").isdigit() and _DIGITS.fullmatch(number):
        channel, address = "whatsapp", f"+{number}"
    if not address:
        channel, address = None, p.get("ExternalUserId") or ""
    if not 0 < len(address) <= _LONGEST_ADDRESS or not address.isprintable():
        raise Unreadable("a message from nobody")
    return channel, address

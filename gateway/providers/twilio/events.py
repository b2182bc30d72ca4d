"""Twilio's callbacks in the gateway's words: one reader for each address."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl

from gateway.domain.callback import Callback, ProviderEvent, Unreadable, Verified
from gateway.providers.reading import attempt_id
from gateway.providers.twilio import call_events, message_events
from gateway.providers.twilio.parameters import Parameters

_READERS: dict[str, Callable[[Parameters], ProviderEvent]] = {
    "twilio/voice": call_events.voice,
    "twilio/amd": call_events.amd,
    "twilio/recording": call_events.recording,
    "twilio/transcription": call_events.transcription,
    "twilio/digits": call_events.digits,
    "twilio/messages": message_events.status,
    "twilio/inbound": message_events.inbound,
}


def parse(callback: Callback, verified: Verified) -> ProviderEvent:
    """Translate an authentic callback. Raises Unreadable."""
    read = _READERS.get(callback.path)
    if read is None:
        raise Unreadable("this event of Twilio is not handled yet")
    parameters = Parameters(callback)
    account = parameters.get("AccountSid") or ""
    if account not in verified.accounts:
        raise Unreadable("foreign account")
    event = read(parameters)
    named = [value for name, value in parse_qsl(callback.query) if name == "attempt"]
    # The leg of a <Dial> is another call than the one this attempt placed.
    alone = len(named) == 1 and parameters.get("ParentCallSid") is None
    attempt = attempt_id(named[0]) if alone else None
    return replace(event, account=account, attempt_id=attempt)

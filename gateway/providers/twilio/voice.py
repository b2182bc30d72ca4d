"""Placing and ending calls (https://www.twilio.com/docs/voice/api/call-resource)."""

from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from gateway.domain.lifecycle import CallState, is_final
from gateway.domain.provider import CallRequest, Placement
from gateway.providers.transport import Transport, Undelivered
from gateway.providers.twilio import codes, placing, twiml
from gateway.providers.twilio.accounts import Account
from gateway.providers.twilio.client import Line, client
from gateway.providers.twilio.resources import CALLS

_EVENTS = ["initiated", "ringing", "answered", "completed"]


def place(transport: Transport, account: Account | None, request: CallRequest) -> Placement:
    """Create the call. Never raises; whatever goes wrong once the request may have left is
    UNKNOWN."""

    def create(twilio: Client) -> object:
        return twilio.calls.create(
            to=request.to,
            from_=request.from_,
            twiml=_document(request),
            status_callback=placing.callback(request, "voice"),
            status_callback_event=_EVENTS,
            status_callback_method="POST",
        )

    return placing.ask(transport, account, request, CALLS.sid, create)


def hang_up(transport: Transport, account: Account | None, sid: str) -> bool:
    """End the call, queued, ringing or running. Never raises."""
    try:
        if account is None or not CALLS.sid.fullmatch(sid):
            return False
        line = Line(transport, account)
        call = client(account, line).calls(sid)
        try:
            call.update(status="completed")
        except TwilioException:
            # 21220: there is nothing left to end, or there was a race; the call itself tells.
            call.fetch()
        word = line.answer.json().get("status") if line.answer else None
        return isinstance(word, str) and is_final(codes.CALL_STATES.get(word, CallState.UNKNOWN))
    except Exception:  # noqa: BLE001 - never raises
        return False


def check(transport: Transport, account: Account) -> str | None:
    """List one call: the cheapest question that needs credentials."""
    line = Line(transport, account)
    try:
        client(account, line).calls.page(page_size=1)
    except Undelivered as fault:
        return f"Twilio ({account.mode}) can't be reached: {fault.stage}"
    except Exception:  # noqa: BLE001 - whatever shape the answer had
        status = line.answer.status if line.answer else 0
        if status in (401, 403):
            return f"Twilio ({account.mode}) refuses the account SID and Auth Token"
        return f"Twilio ({account.mode}) answers with HTTP status {status}"
    return None


def _document(request: CallRequest) -> str:
    transcription = placing.callback(request, "transcription") if request.transcribe else None
    digits = placing.callback(request, "digits") if request.digits else None
    return twiml.document(request.say, request.locale, transcription, digits)

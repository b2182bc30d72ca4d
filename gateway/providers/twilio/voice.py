"""Placing and ending calls (https://www.twilio.com/docs/voice/api/call-resource)."""

from contextlib import suppress
from urllib.parse import urlencode, urlsplit

from twilio.base.exceptions import TwilioException

from gateway.domain.lifecycle import CallState, is_final
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import CallRequest, Placement, Result
from gateway.providers.transport import Answer, NotSent, Transport, Undelivered
from gateway.providers.twilio import codes, twiml
from gateway.providers.twilio.accounts import Account
from gateway.providers.twilio.client import Line, client
from gateway.providers.twilio.lookups import CALL_SID

# Twilio drops an event when its first try fails to connect, unless the URL asks for more tries
# (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides). Never signed.
_DELIVERY = "#rc=5&rp=all"
_EVENTS = ["initiated", "ringing", "answered", "completed"]

_CONFIGURATION = Failure(FailureClass.TECHNICAL, Reason.CONFIGURATION)


def place(transport: Transport, account: Account | None, request: CallRequest) -> Placement:
    """Create the call. Never raises; whatever goes wrong once the request may have left is
    UNKNOWN."""
    line: Line | None = None
    try:
        if account is None or "_" in (urlsplit(request.callback_base_url).hostname or "_"):
            return Placement(Result.NOT_SENT, failure=_CONFIGURATION)
        try:
            document = _document(request)
        except twiml.Unspeakable:
            failure = Failure(FailureClass.TECHNICAL, Reason.TEMPLATE)
            return Placement(Result.REJECTED, failure=failure)
        line = Line(transport, account, placing=True)
        # What the SDK makes of the answer is less than the answer itself.
        with suppress(TwilioException, ValueError, TypeError, AttributeError):
            client(account, line).calls.create(
                to=request.to,
                from_=request.from_,
                twiml=document,
                status_callback=_callback(request, "voice"),
                status_callback_event=_EVENTS,
                status_callback_method="POST",
            )
        return classify(line.answer) if line.answer else _broken(line)
    except NotSent as fault:
        return Placement(Result.NOT_SENT, failure=_unreached(fault))
    except BaseException:  # noqa: BLE001 - even an interruption of the worker: the row must learn it
        return _broken(line)


def classify(answer: Answer) -> Placement:
    """What Twilio's answer to a placement says, by the promises of its error pages: a 429 and a few
    codes were not processed, other documented refusals are final, everything else is open."""
    body, status = answer.json(), answer.status
    if 200 <= status < 300:
        sid, word = body.get("sid"), body.get("status")
        if not isinstance(sid, str) or not CALL_SID.fullmatch(sid):
            return _unconfirmed()
        return Placement(Result.ACCEPTED, sid, word if isinstance(word, str) else None)
    code = str(body["code"]) if type(body.get("code")) is int else None
    if not 400 <= status < 600:
        return _unconfirmed()
    if status == 429:
        failure = Failure(FailureClass.TEMPORARY, Reason.THROTTLED, code or "429")
        return Placement(Result.NOT_SENT, failure=failure, retry_after=answer.retry_after)
    if code in (codes.NOT_PROCESSED if status < 500 else codes.BACK_OFF):
        failure = codes.refusal(code or "")
        return Placement(Result.NOT_SENT, failure=failure, retry_after=answer.retry_after)
    if status in (401, 403, 404, 405, 407) and code not in codes.OF_ONE_CALL:
        failure = Failure(FailureClass.TECHNICAL, Reason.CONFIGURATION, code or str(status))
        return Placement(Result.NOT_SENT, failure=failure)
    if 400 <= status < 500 and status not in (408, 409, 425, 499):
        return Placement(Result.REJECTED, failure=codes.refusal(code or str(status)))
    return _unconfirmed(code or str(status))


def hang_up(transport: Transport, account: Account | None, sid: str) -> bool:
    """End the call, queued, ringing or running. Never raises."""
    try:
        if account is None or not CALL_SID.fullmatch(sid):
            return False
        line = Line(transport, account)
        call = client(account, line).calls(sid)
        try:
            call.update(status="completed")
        except TwilioException:
            # 21220: there is nothing left to end, or there was a race; the call itself tells.
            call.fetch()
        word = line.answer.json().get("status") if line.answer else None
        return isinstance(word, str) and is_final(codes.STATES.get(word, CallState.UNKNOWN))
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
    url = _callback(request, "transcription") if request.transcribe else None
    return twiml.document(request.say, request.locale, url)


def _callback(request: CallRequest, kind: str) -> str:
    query = urlencode({"attempt": request.attempt_id})
    return f"{request.callback_base_url}/webhooks/twilio/{kind}?{query}{_DELIVERY}"


def _broken(line: Line | None) -> Placement:
    """Something of ours failed: it matters only whether the SDK had asked the transport to send."""
    if line is not None and line.asked:
        return _unconfirmed()
    return Placement(Result.NOT_SENT, failure=_CONFIGURATION)


def _unreached(fault: NotSent) -> Failure:
    kind = FailureClass.TECHNICAL if fault.stage == "tls" else FailureClass.TEMPORARY
    return Failure(kind, Reason.PROVIDER_ERROR)


def _unconfirmed(code: str | None = None) -> Placement:
    reason = Reason.PROVIDER_ERROR if code else Reason.UNKNOWN
    return Placement(Result.UNKNOWN, failure=Failure(FailureClass.TECHNICAL, reason, code))

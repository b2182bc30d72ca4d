"""Asking Twilio once to place a call or to send a message, and what its answer says."""

import re
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Placement, Request, Result
from gateway.providers.transport import Answer, NotSent, Transport
from gateway.providers.twilio import errors
from gateway.providers.twilio.accounts import Account
from gateway.providers.twilio.client import Line, client

# Twilio drops an event when its first try fails to connect, unless the URL asks for more tries
# (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides). Never signed.
_DELIVERY = "#rc=5&rp=all"

_CONFIGURATION = Failure(FailureClass.TECHNICAL, Reason.CONFIGURATION)

Create = Callable[[Client], object]


class Unfit(Exception):
    """The wording can't leave like this: nothing is left of it, or it is too long."""


def ask(
    transport: Transport,
    account: Account | None,
    request: Request,
    sids: re.Pattern[str],
    create: Create,
) -> Placement:
    """Have `create` make the one request; it may raise Unfit before. Never raises; whatever goes
    wrong once the request may have left is UNKNOWN."""
    line: Line | None = None
    try:
        if account is None or "_" in (urlsplit(request.callback_base_url).hostname or "_"):
            return Placement(Result.NOT_SENT, failure=_CONFIGURATION)
        line = Line(transport, account, placing=True)
        # What the SDK makes of the answer is less than the answer itself.
        with suppress(TwilioException, ValueError, TypeError, AttributeError):
            create(client(account, line))
        return classify(line.answer, sids) if line.answer else _broken(line)
    except Unfit:
        failure = Failure(FailureClass.TECHNICAL, Reason.TEMPLATE)
        return Placement(Result.REJECTED, failure=failure)
    except NotSent as fault:
        return Placement(Result.NOT_SENT, failure=_unreached(fault))
    except BaseException:  # noqa: BLE001 - even an interruption of the worker: the row must learn it
        return _broken(line)


def classify(answer: Answer, sids: re.Pattern[str]) -> Placement:
    """What Twilio's answer to a placement says, by the promises of its error pages: a 429 and a few
    codes were not processed, other documented refusals are final, everything else is open."""
    body, status = answer.json(), answer.status
    if 200 <= status < 300:
        sid, word = body.get("sid"), body.get("status")
        if not isinstance(sid, str) or not sids.fullmatch(sid):
            return _unconfirmed()
        return Placement(Result.ACCEPTED, sid, word if isinstance(word, str) else None)
    code = str(body["code"]) if type(body.get("code")) is int else None
    if not 400 <= status < 600:
        return _unconfirmed()
    if status == 429:
        failure = Failure(FailureClass.TEMPORARY, Reason.THROTTLED, code or "429")
        return Placement(Result.NOT_SENT, failure=failure, retry_after=answer.retry_after)
    if code in (errors.NOT_PROCESSED if status < 500 else errors.BACK_OFF):
        failure = errors.refusal(code or "")
        return Placement(Result.NOT_SENT, failure=failure, retry_after=answer.retry_after)
    if status in (401, 403, 404, 405, 407) and code not in errors.OF_ONE_REQUEST:
        failure = Failure(FailureClass.TECHNICAL, Reason.CONFIGURATION, code or str(status))
        return Placement(Result.NOT_SENT, failure=failure)
    if 400 <= status < 500 and status not in (408, 409, 425, 499):
        return Placement(Result.REJECTED, failure=errors.refusal(code or str(status)))
    return _unconfirmed(code or str(status))


def callback(request: Request, kind: str) -> str:
    """Where Twilio reports to about this attempt; nothing in it names a person."""
    where = f"{request.callback_base_url}/webhooks/twilio/{kind}"
    return f"{where}?attempt={request.attempt_id}{_DELIVERY}"  # an id needs no quoting


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

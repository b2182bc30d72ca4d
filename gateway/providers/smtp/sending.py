"""Handing one message to a mail server, and asking it whether it is there."""

import smtplib
import ssl
import time
from datetime import datetime

from gateway import failpoints
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import MessageRequest, Placement, Result
from gateway.providers import mail, wire
from gateway.providers.smtp import letters, replies
from gateway.providers.smtp.accounts import Account
from gateway.providers.smtp.conversation import (
    INTERNATIONAL,
    Conversation,
    Refused,
    Unsupported,
)

CONNECT_SECONDS = 3.0

_CONFIGURATION = Failure(FailureClass.TECHNICAL, Reason.CONFIGURATION)


def place(
    account: Account | None, request: MessageRequest, seconds: float, now: datetime
) -> Placement:
    """Send once, within so many seconds. Never raises; whatever goes wrong after the last dot is
    UNKNOWN. What the server took is settled: it tells nothing more."""
    if account is None:
        return Placement(Result.NOT_SENT, failure=_CONFIGURATION)
    objection = mail.objection(request)
    if objection is not None:
        return Placement(Result.REJECTED, failure=objection)
    exchange = wire.Exchange(time.monotonic() + seconds, CONNECT_SECONDS, placing=True)
    session = Conversation(account, exchange)
    found: Placement | None = None
    try:
        with exchange:
            failpoints.hit("worker.before_connect")
            _hand_over(session, account, request, now)
            found = Placement(Result.ACCEPTED, letters.message_id(request), "sent", settled=True)
            session.leave()
    except Refused as refusal:
        found = replies.refused(refusal)
    except BaseException as fault:  # noqa: BLE001 - even an interruption: the row must learn it
        found = found or _broken(session, fault)
    session.abandon()
    return found


def check(account: Account, seconds: float) -> str | None:
    """Log in without sending anything: None when that works, else what is wrong in words."""
    where = f"the mail server {account.host} ({account.mode})"
    exchange = wire.Exchange(time.monotonic() + seconds, CONNECT_SECONDS, placing=False)
    session = Conversation(account, exchange)
    try:
        with exchange:
            session.open()
            session.leave()
    except Refused as refusal:
        login = replies.refused(refusal).failure
        if login is not None and login.reason is Reason.CONFIGURATION:
            return f"{where} refuses the login: {refusal.code}"
        return f"{where} answers with {refusal.code}"
    except Unsupported as lack:
        return f"{where} knows no {lack.need}"
    except ssl.SSLError:
        return f"{where} has no certificate that we trust"
    except (OSError, smtplib.SMTPException, UnicodeError):
        return f"{where} can't be reached: {session.step}"
    finally:
        session.abandon()
    return None


def _hand_over(
    session: Conversation, account: Account, request: MessageRequest, now: datetime
) -> None:
    session.open()

    def content(international: bool) -> bytes:
        return letters.compose(request, account, now, international=international)

    sender, to = mail.address(request.from_), mail.address(request.to)
    session.hand_over(sender or "", to or "", content)


def _broken(session: Conversation, fault: BaseException) -> Placement:
    """A session that ended without the server's word on the message. Nothing of the cause is kept:
    its texts name people."""
    if session.step == "sent":
        failure = Failure(FailureClass.TECHNICAL, Reason.UNKNOWN)
        return Placement(Result.UNKNOWN, failure=failure)
    if isinstance(fault, Unsupported) and fault.need == INTERNATIONAL:
        failure = Failure(FailureClass.PERMANENT, Reason.UNREACHABLE)
        return Placement(Result.REJECTED, failure=failure)
    if isinstance(fault, Unsupported | UnicodeError | smtplib.SMTPNotSupportedError):
        return Placement(Result.NOT_SENT, failure=_CONFIGURATION)
    kind = FailureClass.TECHNICAL if session.step == "tls" else FailureClass.TEMPORARY
    return Placement(Result.NOT_SENT, failure=Failure(kind, Reason.PROVIDER_ERROR))

"""/console/sign-in and /console/sign-out."""

import re
from datetime import datetime

import structlog
from flask import Response, request, url_for

from gateway import wallclock
from gateway.http import staff_cookie
from gateway.http.arguments import raw_body
from gateway.http.config import settings
from gateway.http.console.group import blueprint
from gateway.http.staff_answers import off_to, page
from gateway.http.staff_pages import FormExpired, form, session, staff
from gateway.models.base import connection
from gateway.models.staff import StaffSession
from gateway.usecases import staff as people
from gateway.usecases import staff_sign_in

log = structlog.get_logger("gateway.http.console")

MAX_BYTES = 8 * 1024
# Where a sign-in may lead: to a page of ours, never to another host.
_OURS = re.compile(r"/(console|admin/queues)([/?][^\\\x00-\x20]*)?")


@blueprint.get("/sign-in")
def sign_in() -> Response:
    """The form."""
    return page("sign_in.html", email="", wrong=False, next=_next(request.args.get("next", "")))


@blueprint.post("/sign-in")
def enter() -> Response:
    """Take the e-mail address and the password; whatever is wrong, the answer is the same."""
    raw_body(MAX_BYTES)
    if not staff_cookie.from_here():
        raise FormExpired("go back, load the page again and send it once more")
    sent, now = form(), wallclock.now()
    email, onward = sent.get("email", ""), _next(sent.get("next", ""))
    token = _opened(email, request.form.get("password", ""), now)
    if token is None:
        return page("sign_in.html", 403, email=email, wrong=True, next=onward)
    answer = off_to(onward or url_for("console.search"))
    staff_cookie.give(answer, token)
    staff_cookie.give_device(answer, staff_sign_in.remember(email))
    return answer


def _opened(email: str, password: str, now: datetime) -> str | None:
    """The token of a session, None when the password is wrong or there is no such person."""
    with connection():
        address, device = staff_cookie.client_address(), staff_cookie.device()
        attempt = staff_sign_in.knock(email, address, now, device)
    opened = None
    if people.right(password, attempt.hashed):
        lasting = wallclock.span(settings().staff_session_seconds)
        with connection():
            opened = staff_sign_in.enter(attempt, now, lasting, staff_cookie.token())
    if opened is None:
        log.warning("sign-in refused", staff_id=attempt.staff_id)
        return None
    log.info("signed in", staff_id=attempt.staff_id)
    return opened[0]


@blueprint.post("/sign-out")
@staff(organization=False)
def sign_out() -> Response:
    """End the session, here and in the browser."""
    StaffSession.end(session().id)
    answer = off_to(url_for("console.sign_in"))
    staff_cookie.give(answer, None)
    # What the browser still has of the pages that were shown goes too.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def _next(asked: str) -> str:
    return asked if _OURS.fullmatch(asked) and len(asked) <= 2000 else ""

"""What stands before every page for staff: who is signed in and what they may do, forms that only
our own pages can send, and the bridge to the use cases of the API."""

from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

import structlog
from flask import Response, g, request, url_for

from gateway import wallclock
from gateway.domain.errors import GatewayError, NotAllowed
from gateway.http import doorbell, staff_cookie
from gateway.http.arguments import Decorator, View, raw_body
from gateway.http.config import settings
from gateway.http.errors import MalformedRequest, UnsupportedType
from gateway.http.staff_answers import off_to
from gateway.http.staff_words import may
from gateway.models.base import connection
from gateway.models.staff import StaffSession
from gateway.usecases import staff_sessions
from gateway.usecases.accounts import Caller
from gateway.usecases.operators import Operator

MAX_FORM_BYTES = 64 * 1024
_FORM = "application/x-www-form-urlencoded"
_SAFE = ("GET", "HEAD")


class FormExpired(GatewayError):
    """A form that was not sent by a page of the present session."""

    status, slug, title = 403, "form-expired", "The form is out of date"


def staff(
    role: str = "viewer", *, background: bool = False, organization: bool = True
) -> Decorator:
    """Let a request through to the view only for somebody signed in whose role includes this one,
    with a database connection; a POST only when a page of the same session sent it. `background`
    is for what a page asks by itself: it keeps nobody signed in. Without an `organization` the
    view is there also for who has chosen none."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Response:
            raw_body(MAX_FORM_BYTES)
            with connection():
                answer = _refused(role, background, organization) or view(*args, **kwargs)
            doorbell.ring()
            return answer

        return cast(View, guarded)

    return decorate


def _refused(role: str, background: bool, organization: bool) -> Response | None:
    """Where to go first, None when nothing stands in the way. Raises FormExpired, NotAllowed."""
    token = staff_cookie.token()
    idle = wallclock.span(settings().staff_idle_seconds)
    found = None
    if token:
        found = staff_sessions.present(token, wallclock.now(), idle, background=background)
    if found is None:
        return _to_sign_in()
    g.staff = found
    structlog.contextvars.bind_contextvars(staff_id=found.staff_id)
    if request.method not in _SAFE:
        _own_form(found)
    if not may(role):
        raise NotAllowed("your role does not allow this")
    if found.organization is not None:
        g.caller = staff_sessions.caller(found)
    elif organization:
        return off_to(url_for("console.choose"))
    return None


def session() -> StaffSession:
    """The session of the request being handled, with its `staff` and `organization`."""
    held: StaffSession = g.staff
    return held


def caller() -> Caller:
    """Who is signed in, as the use cases of the API know a caller."""
    return staff_sessions.caller(session())


def operator(*, both_modes: bool = False) -> Operator:
    """Who is signed in, as the use cases that steer know somebody: for the chosen organization or
    all of them, in the session's mode or both."""
    return staff_sessions.operator(session(), g.request_id, both_modes=both_modes)


def recorded(action: str, *objects: str, reason: str | None = None) -> AbstractContextManager[None]:
    """One transaction with an entry in the audit ledger; for every reveal and every change."""
    return staff_sessions.recorded(
        session(), action, objects, wallclock.now(), g.request_id, reason
    )


def form() -> dict[str, str]:
    """The fields of a POSTed form, without spaces around them. Raises MalformedRequest for a field
    given twice, UnsupportedType for anything but a form."""
    if request.mimetype != _FORM:
        raise UnsupportedType("this address takes a form")
    if any(len(values) > 1 for _, values in request.form.lists()):
        raise MalformedRequest("a field is given twice")
    return {name: value.strip() for name, value in request.form.items() if name != "csrf"}


def _own_form(found: StaffSession) -> None:
    offered = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
    if not staff_cookie.from_here() or not staff_sessions.genuine(found, offered):
        raise FormExpired("go back, load the page again and send it once more")


def _to_sign_in() -> Response:
    """To where one signs in, and from there back to this page."""
    here = request.full_path.rstrip("?") if request.method in _SAFE else None
    if "HX-Request" in request.headers:  # what was asked for is a piece of another page
        parts = urlsplit(request.headers.get("HX-Current-URL", ""))
        here = f"{parts.path}?{parts.query}".rstrip("?") or None
    return off_to(url_for("console.sign_in", next=here))

"""/console/sessions: where somebody is signed in, and signing out everywhere."""

from flask import Response, url_for

from gateway import wallclock
from gateway.http import staff_cookie
from gateway.http.config import settings
from gateway.http.console.group import blueprint
from gateway.http.staff_answers import off_to, page
from gateway.http.staff_pages import session, staff
from gateway.models.staff import StaffSession


@blueprint.get("/sessions")
@staff(organization=False)
def sessions() -> Response:
    """One's own."""
    now = wallclock.now()
    since = now - wallclock.span(settings().staff_idle_seconds)
    rows = StaffSession.of(session().staff_id, now, since)
    return page("sessions.html", rows=rows, present=session().id)


@blueprint.post("/sessions/end")
@staff(organization=False)
def end_sessions() -> Response:
    """End all of one's own, the present one too."""
    StaffSession.end_all(session().staff_id)
    answer = off_to(url_for("console.sign_in"))
    staff_cookie.give(answer, None)
    return answer

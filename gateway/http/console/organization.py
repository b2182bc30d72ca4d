"""/console/organization: whose data, and of live or test mode."""

from flask import Response

from gateway.http.console.group import blueprint
from gateway.http.staff_answers import back, page
from gateway.http.staff_pages import form, session, staff
from gateway.usecases import accounts, staff_sessions


@blueprint.get("/organization")
@staff(organization=False)
def choose() -> Response:
    """Those to choose from; only their own for staff of one."""
    own = session().staff.organization_id
    rows = [row for row in accounts.organizations() if own in (None, row.id)]
    return page("organization.html", organizations=rows, everything=own is None)


@blueprint.post("/organization")
@staff(organization=False)
def chosen() -> Response:
    """Keep the choice in the session."""
    sent = form()
    mode = sent.get("mode", "live")
    staff_sessions.choose(session(), sent.get("organization") or None, mode)
    if not sent.get("organization"):
        return back("All organizations are chosen: the search needs one of them.", "console.choose")
    return back(f"Now looking at {mode} data.", "console.search")

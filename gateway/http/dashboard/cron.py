"""/admin/queues/cron: what comes back by the clock, how it went last and when it comes next."""

from datetime import datetime
from typing import Any

from flask import Response

from gateway import wallclock
from gateway.http.dashboard.group import blueprint, count, operator, word
from gateway.http.staff_answers import back, page
from gateway.http.staff_pages import session, staff
from gateway.models.cron_job import CronJob
from gateway.usecases import cron


@blueprint.get("/cron")
@staff(organization=False)
def crons() -> Response:
    """All of them."""
    now = wallclock.now()
    return page("dashboard_cron.html", rows=[_line(row, now) for row in cron.listed(now)])


@blueprint.post("/cron/<name>/run")
@staff("operator", organization=False)
def run_cron(name: str) -> Response:
    """Do at once what it does, for the chosen organization or for all."""
    planned = cron.run_now(operator(), name, wallclock.now())
    return back(f"{name} was begun: {count(planned, 'job')} planned.", "dashboard.crons")


@blueprint.post("/cron/<name>/<act>")
@staff("operator", organization=False)
def switch_cron(name: str, act: str) -> Response:
    """Switched on, it goes on with its next moment; what passed meanwhile is not made up for."""
    cron.change(operator(), name, wallclock.now(), enabled=word(act, "on", "off"))
    return back(f"{name} is {act}.", "dashboard.crons")


def _line(row: CronJob, now: datetime) -> dict[str, Any]:
    organization = session().organization
    left = cron.unfinished(row.name, organization.id if organization else None)
    failed = left.pop("failed", 0)
    return {
        "row": row,
        "description": cron.BUILT_IN[row.name].description,
        "next": cron.following(row, now, organization),
        "waiting": sum(left.values()),
        "failed": failed,
    }

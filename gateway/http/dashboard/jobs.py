"""/admin/queues/jobs: the jobs of the queues, and each with its attempts and errors."""

from typing import Any

from flask import Response, request

from gateway import kinds, wallclock
from gateway.domain import lanes
from gateway.http.arguments import opaque_id
from gateway.http.dashboard.group import asked, blueprint, listed, one_of, operator
from gateway.http.staff_answers import back, page
from gateway.http.staff_pages import form, recorded, staff
from gateway.models import attempts
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.usecases import board, dead_letters, queues, removal
from gateway.usecases.operators import Position

FILTERS = ("queue", "kind", "state", "held_by")
LETTERS = 20


@blueprint.get("/jobs")
@staff(organization=False)
def jobs() -> Response:
    """Newest first, as long as the queue views show them, without anything personal."""
    given, who, now = asked(request.args, *FILTERS), operator(), wallclock.now()
    one_of(given, "state", board.STATES)

    def find(limit: int, before: Position | None) -> list[Notification | Job]:
        return queues.jobs(who, dict(given), now, limit, before)

    rows, before = listed(find, lambda row: (row.created_at, row.id))
    return page(
        "dashboard_jobs.html",
        rows=[_line(row) for row in rows], given={name: given.get(name, "") for name in FILTERS},
        queues=(*lanes.SENDING, *lanes.WORKING), kinds=lanes.KINDS, states=board.STATES,
        following={**given, "before": before} if before else None,
    )  # fmt: skip


@blueprint.get("/jobs/<job_id>")
@staff(organization=False)
def job(job_id: str) -> Response:
    """One with its attempts, its errors and its dead letters."""
    who = operator()
    row = queues.job(who, opaque_id(job_id), wallclock.now())
    told = isinstance(row, Notification)
    about = {"object_id": row.id}
    return page(
        "dashboard_job.html",
        job=_line(row),
        attempts=attempts.of_notifications([row.id]) if told else [],
        letters=[
            letter
            for resolved in (False, True)
            for letter in dead_letters.search(who, {**about, "resolved": resolved}, LETTERS)
        ],
        removable=removal.removable(row),
    )


@blueprint.post("/jobs/<job_id>/remove")
@staff("operator", organization=False)
def remove_job(job_id: str) -> Response:
    """Cancel one that waits; give up one that failed."""
    id_ = opaque_id(job_id)
    with recorded("remove-job", id_, reason=form().get("reason", "")):
        removal.remove(operator(), id_, wallclock.now())
    return back("The job is removed.", "dashboard.job", job_id=id_)


def _line(row: Notification | Job) -> dict[str, Any]:
    """What is shown of either sort."""
    found: Any = row
    told = isinstance(row, Notification)
    return {
        "row": row,
        "queue": found.queue,
        "standing": found.standing,
        "dead": bool(found.dead),
        "told": told,
        "kind": kinds.shown(found.purpose if told else found.kind),
        "what": f"{found.kind} by {found.channel}" if told else found.name,
        "tries": found.tries if told else found.claim,
    }

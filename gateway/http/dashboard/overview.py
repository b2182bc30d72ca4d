"""/admin/queues: how everything stands, refreshed by itself."""

from datetime import datetime
from typing import Any

from flask import Response

from gateway import wallclock
from gateway.domain import lanes
from gateway.domain.errors import StoreUnavailable
from gateway.http import metrics
from gateway.http.config import settings
from gateway.http.dashboard.group import blueprint, count, operator
from gateway.http.staff_answers import page, partial
from gateway.http.staff_pages import caller, session, staff
from gateway.usecases import board, figures, policies
from gateway.usecases.board import Board
from tasks import broker_figures


@blueprint.get("")
@staff(organization=False)
def queues() -> Response:
    """The whole page, counted just now."""
    now = wallclock.now()
    who = caller() if session().organization else figures.look(now)
    seen = board.look(operator().reach, who, now)
    return page("dashboard_queues.html", **_shown(seen, now), switches=_switches())


@blueprint.get("/live")
@staff(background=True, organization=False)
def queues_live() -> Response:
    """The part of it that changes."""
    now = wallclock.now()
    who = caller() if session().organization else metrics.look()
    if who is None:
        raise StoreUnavailable("the database can't be reached")
    return partial("dashboard_live.html", **_shown(board.look(operator().reach, who, now), now))


def _shown(seen: Board, now: datetime) -> dict[str, Any]:
    everywhere = session().organization is None
    return {
        "board": seen,
        "states": board.STATES,
        "broker": broker_figures.look(),
        "everywhere": everywhere,
        "pausable": lanes.QUEUES if everywhere else lanes.SENDING,
        "age": lambda since: age(since, now),
    }


def age(since: datetime | None, now: datetime) -> str:
    """For how long, roughly: "45 s", "12 min", "3 h", "2 days"."""
    if since is None:
        return "—"
    seconds = max(0, int((now - since).total_seconds()))
    for length, word in ((86400, "day"), (3600, "h"), (60, "min")):
        if seconds >= 2 * length:
            number = seconds // length
            return count(number, word) if word == "day" else f"{number} {word}"
    return f"{seconds} s"


def _switches() -> list[tuple[str, str, str]]:
    """The figures by which reminders go: what, how it is set, and where."""
    configured, organization = settings(), session().organization
    rows = [
        ("Reminders", "on" if configured.reminders_enabled else "off", "REMINDERS_ENABLED"),
        ("Clock looks every", f"{configured.clock_poll_seconds:g} s", "CLOCK_POLL_SECONDS"),
        (
            "Nudges at once",
            str(configured.kind_concurrency.get("nudge", "any")),
            "KIND_CONCURRENCY",
        ),
    ]
    if organization is not None:
        policy = policies.in_force(organization, None)
        rows += [
            ("Assignments are scanned ahead", f"{policy.lookahead_minutes} min", "policy"),
            ("Overdue after", f"{policy.overdue_minutes} min", "policy"),
        ]
    return rows

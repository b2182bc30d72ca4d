"""/admin/queues/dead-letters: what failed for good, and doing it once more after a look at how many
people that concerns."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, request, url_for

from gateway import wallclock
from gateway.domain import lanes
from gateway.http.arguments import opaque_id
from gateway.http.dashboard.group import (
    asked,
    blueprint,
    left,
    listed,
    moment,
    one_of,
    operator,
    told,
)
from gateway.http.staff_answers import back, page
from gateway.http.staff_pages import form, staff
from gateway.models.dead_letter import EVENT, JOB, NOTIFICATION
from gateway.usecases import dead_letters, operators, switches
from gateway.usecases.operators import Tally

OBJECTS = (NOTIFICATION, EVENT, JOB)
FILTERS = ("object", "queue", "kind", "reason", "id")
ACTS: dict[str, Callable[..., Tally]] = {
    "replay": dead_letters.replay,
    "discard": dead_letters.discard,
}


@blueprint.get("/dead-letters")
@staff(organization=False)
def letters() -> Response:
    """The open ones, newest first, or with `resolved` those that were replayed or discarded."""
    given = asked(request.args, *FILTERS, "resolved")
    filters = chosen(given) | {"resolved": "resolved" in given}
    who = operator()
    rows, before = listed(
        lambda limit, position: dead_letters.search(who, filters, limit, position),
        lambda row: (row.created_at, row.id),
    )
    return page(
        "dashboard_letters.html",
        rows=rows, given={name: given.get(name, "") for name in (*FILTERS, "resolved")},
        asked={name: value for name, value in given.items() if name != "resolved"},
        objects=OBJECTS, queues=lanes.QUEUES, kinds=lanes.KINDS,
        following={**given, "before": before} if before else None,
    )  # fmt: skip


@blueprint.get("/dead-letters/<letter_id>")
@staff(organization=False)
def letter(letter_id: str) -> Response:
    """One of them with its history."""
    return page("dashboard_letter.html", row=dead_letters.show(operator(), opaque_id(letter_id)))


@blueprint.get("/dead-letters/replay", defaults={"act": "replay"})
@blueprint.get("/dead-letters/discard", defaults={"act": "discard"})
@staff("operator", organization=False)
def look_at_letters(act: str) -> Response:
    """The dry run: what would go once more, and to how many people."""
    given, now = asked(request.args, *FILTERS), wallclock.now()
    tally = operators.everything(ACTS[act], operator(), chosen(given), now, dry_run=True)
    verb = "Replay" if act == "replay" else "Discard"
    return page(
        "dashboard_look.html",
        title=f"{verb} dead letters",
        would=f"This would {act} {told(tally)}",
        aside=left(tally),
        fields={**given, "until": now.isoformat()},
        action=url_for("dashboard.act_on_letters", act=act),
        verb=f"{verb} them",
        possible=bool(tally.ids),
    )


@blueprint.post("/dead-letters/replay", defaults={"act": "replay"})
@blueprint.post("/dead-letters/discard", defaults={"act": "discard"})
@staff("operator", organization=False)
def act_on_letters(act: str) -> Response:
    """The run itself, of what was there when it was looked at."""
    sent = form()
    filters = chosen(asked(sent, *FILTERS)) | {"to": moment(sent.get("until", ""))}
    tally = operators.everything(ACTS[act], operator(), filters, wallclock.now(), dry_run=False)
    done = "Replayed" if act == "replay" else "Discarded"
    alone = tally.expired + tally.skipped
    return back(f"{done}: {told(tally)}; left alone: {alone}.", "dashboard.letters")


def chosen(given: Mapping[str, str]) -> dict[str, Any]:
    """The filters as the use cases take them. Raises Invalid, NotFound."""
    one_of(given, "object", OBJECTS)
    filters: dict[str, Any] = {name: given[name] for name in ("object", "reason") if name in given}
    if "queue" in given:
        filters["queue"] = switches.queue(given["queue"])
    if "kind" in given:
        filters["purpose"] = [switches.kind(given["kind"])]
    if "id" in given:
        filters["ids"] = [opaque_id(given["id"])]
    return filters

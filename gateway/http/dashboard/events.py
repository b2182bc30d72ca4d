"""/admin/queues/parked-events: what providers told us and we could not apply."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, request, url_for

from gateway import wallclock
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
    word,
)
from gateway.http.staff_answers import back, page
from gateway.http.staff_pages import form, staff
from gateway.models.event_search import STATES
from gateway.providers import all_providers
from gateway.usecases import operators, parked_events
from gateway.usecases.operators import Tally

FILTERS = ("state", "provider", "id")
ACTS: dict[str, Callable[..., Tally]] = {
    "replay": parked_events.replay,
    "discard": parked_events.discard,
}


@blueprint.get("/parked-events")
@staff(organization=False)
def events() -> Response:
    """Newest first, without what the provider sent."""
    given, who = asked(request.args, *FILTERS), operator()
    filters = _chosen(given)
    rows, before = listed(
        lambda limit, position: parked_events.search(who, filters, limit, position),
        lambda row: (row.received_at, row.id),
    )
    return page(
        "dashboard_events.html",
        rows=rows, given={name: given.get(name, "") for name in FILTERS}, asked=given,
        states=STATES, providers=sorted(one.name for one in all_providers()),
        following={**given, "before": before} if before else None,
    )  # fmt: skip


@blueprint.get("/parked-events/<act>")
@staff("operator", organization=False)
def look_at_events(act: str) -> Response:
    """The dry run."""
    trying = word(act, *ACTS)
    given, now = asked(request.args, *FILTERS), wallclock.now()
    tally = operators.everything(ACTS[act], operator(), _chosen(given), now, dry_run=True)
    return page(
        "dashboard_look.html",
        title="Try events again" if trying else "Give events up",
        would=f"This would {'try' if trying else 'give up'} {told(tally)}",
        aside=left(tally),
        fields={**given, "until": now.isoformat()},
        action=url_for("dashboard.act_on_events", act=act),
        verb="Try them again" if trying else "Give them up",
        possible=bool(tally.ids),
    )


@blueprint.post("/parked-events/<act>")
@staff("operator", organization=False)
def act_on_events(act: str) -> Response:
    """The run itself, of what was there when it was looked at."""
    trying, sent = word(act, *ACTS), form()
    filters = _chosen(asked(sent, *FILTERS)) | {"to": moment(sent.get("until", ""))}
    tally = operators.everything(ACTS[act], operator(), filters, wallclock.now(), dry_run=False)
    done = "Tried again" if trying else "Given up"
    return back(f"{done}: {told(tally)}; left alone: {tally.skipped}.", "dashboard.events")


def _chosen(given: Mapping[str, str]) -> dict[str, Any]:
    one_of(given, "state", STATES)
    filters: dict[str, Any] = {name: given[name] for name in ("state", "provider") if name in given}
    return filters | ({"ids": [opaque_id(given["id"])]} if "id" in given else {})

"""Switches on the board: queues, kinds of work and the reminders, paused and let go on; mending
the reminders; cleaning a queue."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from flask import Response, url_for

from gateway import wallclock
from gateway.http import doorbell
from gateway.http.dashboard.group import blueprint, count, left, operator, told, word
from gateway.http.staff_answers import back, page
from gateway.http.staff_pages import staff
from gateway.usecases import queues, rescan, switches
from gateway.usecases.operators import Operator

_DONE = {True: "is paused", False: "goes on"}


@blueprint.post("/queue/<name>/<act>")
@staff("operator", organization=False)
def steer_queue(name: str, act: str) -> Response:
    """What waits in it waits on, expires in time, and goes on when the queue does."""
    return _switched("queue", switches.pause_queue, name, paused=word(act, "pause", "resume"))


@blueprint.post("/kind/<name>/<act>")
@staff("operator", organization=False)
def steer_kind(name: str, act: str) -> Response:
    """As with a queue."""
    return _switched("kind", switches.pause_kind, name, paused=word(act, "pause", "resume"))


def _switched(what: str, switch: Callable[..., bool], name: str, *, paused: bool) -> Response:
    changed = switch(operator(), name, wallclock.now(), paused=paused)
    before = "" if changed else " already"
    return back(f"The {what} {name} {_DONE[paused]}{before}.", "dashboard.queues")


@blueprint.post("/reminders/on", defaults={"act": "on"})
@blueprint.post("/reminders/off", defaults={"act": "off"})
@staff("operator", organization=False)
def switch_reminders(act: str) -> Response:
    """Off: reminders and nudges wait, bookings are taken as ever."""
    changed = switches.reminders(operator(), wallclock.now(), on=act == "on")
    before = "" if changed else " already"
    return back(f"Reminders are {act}{before}.", "dashboard.queues")


@blueprint.get("/reminders/<act>")
@staff("operator", organization=False)
def look_at_reminders(act: str) -> Response:
    """What mending the reminders would come to."""
    rescanning = word(act, "rescan", "reset")
    found = _MEND[act](operator(), wallclock.now(), dry_run=True)
    return page(
        "dashboard_look.html",
        title="Find missing reminders" if rescanning else "Free what is stuck",
        would=_words(found),
        aside={},
        fields={},
        action=url_for("dashboard.mend_reminders", act=act),
        verb="Plan them" if rescanning else "Free them",
        possible=any(value for name, value in found.items() if name != "bookings"),
    )


@blueprint.post("/reminders/<act>")
@staff("operator", organization=False)
def mend_reminders(act: str) -> Response:
    """Plan what is missing, or put back in line what is stuck."""
    word(act, *_MEND)
    found = _MEND[act](operator(), wallclock.now(), dry_run=False)
    return back(f"Done: {_words(found)}.", "dashboard.queues")


def _rescan(who: Operator, now: datetime, *, dry_run: bool) -> dict[str, int]:
    found = rescan.rescan(who, now, dry_run=dry_run)
    doorbell.later(found.ring)
    return {"bookings": found.bookings, "missing": found.missing}


def _reset(who: Operator, now: datetime, *, dry_run: bool) -> dict[str, int]:
    return asdict(rescan.reset(who, now, dry_run=dry_run))


_MEND: dict[str, Callable[..., dict[str, int]]] = {"rescan": _rescan, "reset": _reset}


def _words(found: dict[str, int]) -> str:
    if "missing" in found:
        return f"{count(found['bookings'], 'booking')} looked at, {found['missing']} missing"
    return ", ".join(f"{number} {name}" for name, number in found.items())


@blueprint.get("/queue/<name>/clean")
@staff("operator", organization=False)
def look_at_cleaning(name: str) -> Response:
    """What cleaning a queue would discard."""
    tally = queues.clear_all(operator(), name, wallclock.now(), dry_run=True)
    return page(
        "dashboard_look.html",
        title=f"Clean the queue {name}",
        would=f"Dead letters to be discarded: {told(tally)}",
        aside=left(tally) | {"what is finished is shown no more; no log is touched": None},
        fields={},
        action=url_for("dashboard.clean", name=name),
        verb="Clean it",
        possible=True,
    )


@blueprint.post("/queue/<name>/clean")
@staff("operator", organization=False)
def clean(name: str) -> Response:
    """Discard its dead letters, and show what is finished no more."""
    tally = queues.clear_all(operator(), name, wallclock.now(), dry_run=False)
    return back(f"The queue {name} is clean. Discarded: {told(tally)}.", "dashboard.queues")

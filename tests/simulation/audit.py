"""What must be true when everything has come to rest: each check breaks off with the first promise
that does not hold."""

from collections import Counter
from typing import TYPE_CHECKING

from peewee import fn

from gateway.models.call_log import CallLog
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from tests.simulation import feed_check
from tests.simulation.chronicle import Violated
from tests.simulation.exchange import ENDINGS, Call
from tests.simulation.names import Named
from tests.simulation.promises import Promise
from tests.simulation.punctuality import Punctuality

if TYPE_CHECKING:
    from tests.simulation.world import World

FINAL = frozenset({"reached", "not_reached", "canceled", "suppressed", "expired"})


def counts(world: "World") -> dict[str, int]:
    """How much happened."""
    states = Counter(row.state for row in Notification.select(Notification.state))
    taken = sum(len(carrier.exchange.calls) for carrier in world.carriers)
    return {"notifications": sum(states.values()), "calls": taken, **dict(sorted(states.items()))}


def everything(world: "World") -> None:
    """All checks. Raises Violated."""
    rows = {row.id: row for row in Notification.select()}
    named = {row_id: world.names.notification(row_id) for row_id in rows}
    by_name: dict[Named, list[Notification]] = {}
    for row_id, name in named.items():
        assert name is not None
        by_name.setdefault(name, []).append(rows[row_id])
    _one_outcome(by_name)
    _nothing_lost(world, by_name)
    _one_call_log_each(world)
    _events_kept(world)
    _told_the_truth(world, by_name)
    Punctuality(world).check(by_name)
    feed_check.check(world)


def _one_outcome(by_name: dict[Named, list[Notification]]) -> None:
    for name, rows in by_name.items():
        for row in rows:
            final = row.state in FINAL or (row.state == "unknown" and row.reason is not None)
            if not final or row.finished_at is None:
                raise Violated("P1 no outcome", f"{name.label} is still {row.state}", name.subject)
            if row.next_attempt_at is not None or row.lease_until is not None:
                raise Violated("P1 no rest", f"{name.label} is {row.state} and still waits",
                               name.subject)  # fmt: skip
        live = [row for row in rows if row.reason not in ("superseded", "canceled", "over")]
        if len(live) > 1:
            raise Violated("P2 second set", f"{name.label} exists {len(live)} times", name.subject)


def _nothing_lost(world: "World", by_name: dict[Named, list[Notification]]) -> None:
    for promise in world.promises.values():
        if not promise.history:
            continue
        last = promise.history[-1]
        for rule, due in sorted(last.owed):
            name = Named(promise.name, rule, due)
            rows = by_name.get(name, [])
            if not any(row.reason not in ("superseded", "canceled", "over") for row in rows):
                raise Violated("P1 lost", f"{name.label} was promised and is not there",
                               promise.name)  # fmt: skip
        _no_more_than_promised(promise, by_name)


def _no_more_than_promised(promise: Promise, by_name: dict[Named, list[Notification]]) -> None:
    ever = frozenset().union(*(standing.owed for standing in promise.history))
    for name, rows in by_name.items():
        if name.subject != promise.name or (name.rule, name.due) in ever:
            continue
        if any(row.state not in ("canceled", "suppressed") for row in rows):
            raise Violated("P4 invented", f"{name.label} was never promised", promise.name)


def _one_call_log_each(world: "World") -> None:
    owner = (CallLog.provider, CallLog.account, CallLog.external_id)
    twice = (
        CallLog.select(CallLog.external_id)
        .where(CallLog.external_id.is_null(False))
        .group_by(*owner)
        .having(fn.COUNT(CallLog.id) > 1)
    )
    for row in twice:
        raise Violated("P5 two call logs", f"{row.external_id} has more than one call log")
    known = {row.external_id: row for row in CallLog.select()}
    for call in _taken(world):
        log = known.get(call.external_id)
        if log is None and call.account != "AC-mute" and not _unseen_beside_another(world, call):
            raise Violated("P5 call unknown", f"{call.label} was placed and has no call log",
                           call.subject)  # fmt: skip


def _unseen_beside_another(world: "World", call: Call) -> bool:
    """One of two calls that the carrier made of one request, of which it told nothing at all, and
    which its list did not show when it was asked: nobody can know of it (docs/simulation.md)."""
    exchange = next(c.exchange for c in world.carriers if call.external_id in c.exchange.calls)
    pair = [other for other in exchange.calls.values() if other.attempt == call.attempt]
    told = {external_id for external_id, _ in exchange.acknowledged}
    return len(pair) > 1 and call.external_id not in told


def _events_kept(world: "World") -> None:
    kept = {(row.external_id, row.status): row for row in ProviderEvent.select()}
    for carrier in world.carriers:
        for external_id, status in carrier.exchange.acknowledged:
            call = carrier.exchange.calls[external_id]
            event = kept.get((external_id, status))
            if event is None:
                raise Violated("P5 event lost", f"{status} of {call.label} was taken and is gone",
                               call.subject)  # fmt: skip
            if event.state != "applied":
                raise Violated("P5 event idle", f"{status} of {call.label} is {event.state}",
                               call.subject)  # fmt: skip


def _told_the_truth(world: "World", by_name: dict[Named, list[Notification]]) -> None:
    """What the rows say of a call is what the carrier says, and a person who was reached counts
    as reached."""
    logs = {row.external_id: row for row in CallLog.select()}
    for call in _taken(world):
        if call.external_id not in logs:
            continue
        truth, said = call.status(world.timeline.now), logs[call.external_id].state
        assert truth in ENDINGS
        if call.extra:
            _flagged(call, logs[call.external_id])
        if truth != said and call.account != "AC-mute":
            raise Violated("P1 untrue", f"{call.label} was {truth}, the call log says {said}",
                           call.subject)  # fmt: skip
    for name, questions in world.placements.questions.items():
        truths = {asked.call.status(world.timeline.now) for asked in questions if asked.call}
        states = {row.state for row in by_name[name]}
        mute = any(asked.call and asked.call.account == "AC-mute" for asked in questions)
        mute = mute or any(call.extra and call.subject == name.subject for call in _taken(world))
        if ("completed" in truths) != ("reached" in states) and not mute:
            raise Violated("P1 untrue", f"{name.label} is {states}, its calls were {truths}",
                           name.subject)  # fmt: skip


def _taken(world: "World") -> list[Call]:
    return [call for carrier in world.carriers for call in carrier.exchange.calls.values()]


def _flagged(call: Call, log: CallLog) -> None:
    """The carrier placed a second call by itself: the feed says so, and of the two one belongs to
    nothing and was asked to end unless it was over by then."""
    told = FeedEntry.select().where(FeedEntry.type == "call.duplicate_suspected")
    if log.id not in {entry.object_id for entry in told}:
        raise Violated("P3 not flagged", f"{call.label} is a duplicate and nobody is told",
                       call.subject)  # fmt: skip

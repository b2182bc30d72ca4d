"""Many provider events applied by few statements end as if each had been applied alone."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from gateway.models.base import connection
from gateway.models.call_log import CallLog
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import event_batches, inbox
from tests.carrier import Carrier
from tests.rows import call, notification
from tests.statements import heard
from tests.usecases.desk import Desk

WORDS = ("completed", "busy", "no-answer", "failed", "ringing", "in-progress", "canceled")

MOST = 24  # statements: of these reports some plan a repeat, which asks for the organization's plan


class Lines:
    """Calls at the carrier, one of each fate."""

    def __init__(self, desk: Desk, letter: str) -> None:
        self.desk, self.carrier, self.calls = desk, Carrier(desk.stack), list[CallLog]()
        account = desk.stack.settings.sandbox_credentials["account_sid"]
        for number, _ in enumerate(WORDS):
            row = notification(
                desk.caller.organization_id, state="sending", next_attempt_at=None, tries=1,
                claim=1, due_at=desk.now, expires_at=desk.now + timedelta(days=1),
                created_at=desk.now, purpose="reminder",
            )  # fmt: skip
            sid = "CA" + letter * 31 + str(number)
            self.calls.append(call(row, account=account, external_id=sid, state="queued"))

    def told(self) -> list[str]:
        """Have the carrier tell all; the ids of the events that wait."""
        for one, word in zip(self.calls, WORDS, strict=True):
            params = self.carrier.status(str(one.external_id), word, 3)
            assert self.carrier.told(params, one.id).status_code == 204
        return self.waiting()

    def waiting(self) -> list[str]:
        """The ids of the events that wait."""
        waits = ProviderEvent.select().where(ProviderEvent.next_attempt_at.is_null(False))
        return [event.id for event in waits.order_by(ProviderEvent.id)]

    def ends(self) -> list[tuple[Any, ...]]:
        """How calls and notifications stand, and what the feed and the inbox say of them."""
        found = []
        for one in self.calls:
            kept: CallLog = CallLog.get_by_id(one.id)
            row = Notification.get_by_id(kept.notification_id)
            of_both = FeedEntry.object_id.in_([kept.id, row.id])
            feed = FeedEntry.select().where(of_both).order_by(FeedEntry.tx, FeedEntry.id)
            states = [(entry.type, entry.reason) for entry in feed]
            event = ProviderEvent.get(ProviderEvent.call == kept.id)
            found.append(
                (
                    kept.state, kept.provider_status, kept.duration_seconds, kept.reason,
                    kept.ended_at, kept.end_at, kept.lookup_at, row.state, row.reason,
                    row.failure_class, row.finished_at, row.next_attempt_at, states, event.state,
                    event.organization_id, event.applied_at, event.next_attempt_at,
                )
            )  # fmt: skip
        return found


@pytest.mark.row("F3")
def test_events_applied_together_end_as_those_applied_alone(desk: Desk) -> None:
    alone, together = Lines(desk, "a"), Lines(desk, "b")
    for event_id in alone.told():
        inbox.apply(event_id, desk.now)
    event_batches.apply(together.told(), desk.now)
    assert together.ends() == alone.ends()
    assert together.waiting() == []
    assert {end[7] for end in together.ends()} >= {"reached", "not_reached", "sending"}


@pytest.mark.row("F3")
def test_a_batch_costs_the_same_statements_however_many_events_it_has(desk: Desk) -> None:
    few, many = Lines(desk, "a"), Lines(desk, "b")
    first, second = few.told(), many.told()
    with heard(everywhere=True) as spent:
        event_batches.apply(first, desk.now)
    with heard(everywhere=True) as again:
        event_batches.apply(second, desk.now)
    assert len(again) <= len(spent) <= MOST, spent


@pytest.mark.row("F3")
def test_a_poisonous_event_and_an_unknown_call_stop_no_other_of_a_batch(desk: Desk) -> None:
    lines = Lines(desk, "a")
    waiting = lines.told()
    ProviderEvent.update(provider="nobody").where(ProviderEvent.id == waiting[0]).execute()
    params = lines.carrier.status("CA" + "f" * 32, "completed", 3)
    assert lines.carrier.told(params).status_code == 204
    event_batches.apply(lines.waiting(), desk.now)
    states = Counter(str(event.state) for event in ProviderEvent.select())
    assert states == {"parked": 2, "applied": len(WORDS) - 1}


@pytest.mark.row("F3")
def test_several_reports_of_one_call_in_a_batch_end_with_the_last(desk: Desk) -> None:
    lines = Lines(desk, "a")
    one = lines.calls[0]
    for number, word in enumerate(("initiated", "ringing", "in-progress", "completed")):
        params = lines.carrier.status(str(one.external_id), word, number)
        assert lines.carrier.told(params, one.id).status_code == 204
    event_batches.apply(lines.waiting(), desk.now)
    kept: CallLog = CallLog.get_by_id(one.id)
    assert (kept.state, Notification.get_by_id(kept.notification_id).state) == (
        "completed", "reached",
    )  # fmt: skip
    assert kept.duration_seconds == 42
    assert lines.waiting() == []


@pytest.mark.row("F3")
def test_a_batch_handed_out_several_times_at_once_is_applied_once(desk: Desk) -> None:
    alone, lines = Lines(desk, "a"), Lines(desk, "b")
    for event_id in alone.told():
        inbox.apply(event_id, desk.now)
    waiting = lines.told()

    def work(_: int) -> None:
        with connection():
            event_batches.apply(waiting, desk.now)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))
    assert lines.ends() == alone.ends()

"""Caught up after a restore: nobody is called twice, and nobody forgotten."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from gateway import failpoints
from gateway.domain.provider import LookupFailed
from gateway.models.call_log import CallLog
from gateway.models.feed import FeedEntry
from gateway.models.provider_event import ProviderEvent
from gateway.providers import voice_default
from gateway.usecases import freezing, inbox
from tests import rows
from tests.stack import BUSY, special
from tests.usecases.desk import Desk
from tests.usecases.restored import HOUR, SECOND, Restored
from tests.waiting import until

ADA, BOB, EVE = special("0141"), special("0142"), special("0143")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def restored(desk: Desk) -> Restored:
    return Restored(desk)


def told(restored: Restored, external_id: str) -> CallLog:
    """The call log of one of the carrier's calls."""
    (call,) = CallLog.select().where(CallLog.external_id == external_id)
    found: CallLog = call
    return found


@pytest.mark.row("A4")
def test_what_left_before_the_restore_is_adopted_and_never_placed_again(
    restored: Restored,
) -> None:
    ada, bob = restored.waiting(ADA, -MINUTE), restored.waiting(BOB, -MINUTE)
    later = restored.waiting(EVE, HOUR)
    sid = restored.lost_call(ADA)
    done = restored.thaw()
    assert (done.checked, done.adopted, done.waiting, done.unknown) == (2, 1, 1, 0)
    call = told(restored, sid)
    assert (call.notification_id, call.attempt, call.to_address) == (ada.id, 1, ADA)
    row = restored.desk.row(ada.id)
    assert (row.state, row.tries) in (("sending", 1), ("reached", 1))
    assert restored.work() == 1
    assert restored.placed() == [ADA, BOB]
    assert restored.desk.row(bob.id).state == "sending"
    assert restored.desk.row(later.id).state == "scheduled"


@pytest.mark.row("A4")
def test_the_earlier_due_of_two_for_one_person_takes_the_one_call(restored: Restored) -> None:
    late, early = restored.waiting(ADA, -MINUTE), restored.waiting(ADA, -2 * MINUTE)
    sid = restored.lost_call(ADA)
    assert restored.thaw().adopted == 1
    assert told(restored, sid).notification_id == early.id
    restored.work()
    assert restored.placed() == [ADA, ADA]
    assert restored.desk.attempts(late.id)[0].external_id not in (None, sid)


@pytest.mark.row("A4")
def test_a_second_call_for_one_row_is_flagged_and_belongs_to_no_notification(
    restored: Restored,
) -> None:
    ada = restored.waiting(ADA, -MINUTE)
    first = restored.lost_call(ADA)
    until(lambda: _status(first) == "completed", "the end of the call")
    begun = int(time.time())  # the carrier tells whole seconds
    until(lambda: int(time.time()) > begun, "another second")
    second = restored.lost_call(ADA)
    done = restored.thaw()
    assert (done.adopted, done.suspected) == (1, 1)
    (attempt,) = restored.desk.attempts(ada.id)
    assert (attempt.external_id, attempt.state) == (first, "completed")
    extra = told(restored, second)
    assert (extra.notification_id, extra.reason) == (None, "duplicate")
    assert restored.work() == 0
    flagged = FeedEntry.select().where(FeedEntry.type == "call.duplicate_suspected")
    assert {entry.object_id for entry in flagged} == {attempt.id, extra.id}


@pytest.mark.row("A4")
def test_a_further_call_after_a_busy_one_is_a_further_attempt(restored: Restored) -> None:
    row = restored.waiting(BUSY, -MINUTE)
    first = restored.lost_call(BUSY)
    until(lambda: _status(first) == "busy", "the end of the call")
    second = restored.lost_call(BUSY)
    until(lambda: _status(second) == "busy", "the end of the call")
    done = restored.thaw()
    assert (done.adopted, done.suspected) == (1, 0)
    calls = restored.desk.attempts(row.id)
    assert [(call.attempt, call.state) for call in calls] == [(1, "busy"), (2, "busy")]
    assert {call.external_id for call in calls} == {first, second}
    after = restored.desk.row(row.id)
    assert (after.state, after.tries, after.repeats) == ("not_reached", 2, 1)


@pytest.mark.row("A4")
def test_a_row_made_while_frozen_was_never_placed_before(restored: Restored) -> None:
    hold = restored.freeze()
    made = hold.since + SECOND / 10
    restored.waiting(ADA, created_at=made, due_at=made, next_attempt_at=made)
    restored.lost_call(ADA)
    assert restored.thaw().checked == 0
    assert restored.work() == 1
    assert restored.placed() == [ADA, ADA]


@pytest.mark.row("A4")
def test_calls_that_the_database_knows_are_no_candidates(restored: Restored) -> None:
    known = restored.waiting(ADA, -MINUTE, state="sending", next_attempt_at=None, tries=1)
    rows.call(known, external_id=restored.lost_call(ADA), state="ringing", **_line())
    due = restored.waiting(ADA, -MINUTE)
    assert restored.thaw().adopted == 0
    assert restored.desk.attempts(due.id) == []
    assert len(restored.desk.attempts(known.id)) == 1


@pytest.mark.row("A4")
def test_the_call_of_an_open_attempt_is_left_to_its_look_up(restored: Restored) -> None:
    """It was being placed when the backup was made: its look-up finds it, and nobody else."""
    open_ = restored.waiting(ADA, -MINUTE, state="unknown", next_attempt_at=None, tries=1)
    line = _line()
    key = f"twilio|{line['account']}|{line['from_address']}|{open_.contact.phone_hash}"
    rows.call(open_, open_key=key, state="unknown", created_at=restored.desk.now, **line)
    due = restored.waiting(ADA, -MINUTE)
    restored.lost_call(ADA)
    assert restored.thaw().adopted == 0
    restored.work()
    assert restored.desk.row(due.id).state == "scheduled"  # its line is taken
    assert restored.placed() == [ADA]


@pytest.mark.row("A4")
def test_a_repeat_that_left_is_adopted_though_its_first_call_is_not_over_here(
    restored: Restored,
) -> None:
    first = restored.lost_call(BUSY)
    until(lambda: _status(first) == "busy", "the end of the call")
    row = restored.waiting(BUSY, -MINUTE, state="sending", next_attempt_at=None, tries=1)
    rows.call(row, external_id=first, state="ringing", **_line())
    second = restored.lost_call(BUSY)
    assert restored.thaw().adopted == 1
    assert [call.external_id for call in restored.desk.attempts(row.id)] == [first, second]
    assert restored.desk.row(row.id).tries == 2


@pytest.mark.row("A4")
def test_an_adopted_call_has_its_former_id_and_its_parked_news(restored: Restored) -> None:
    row = restored.waiting(ADA, -MINUTE)
    former = "cl_0123456789abcdefghijklmnop"
    sid = restored.lost_call(ADA, former)
    until(lambda: len(_waiting_events()) >= 4, "the callbacks of the call")
    inbox.apply_each([event.id for event in _waiting_events()], restored.desk.now)
    assert {event.state for event in _waiting_events()} == {"parked"}
    restored.thaw()
    assert [call.id for call in restored.desk.attempts(row.id)] == [former]
    soon = datetime.now(UTC) + 3 * SECOND
    assert all(event.next_attempt_at <= soon for event in _waiting_events())
    inbox.apply_each([event.id for event in _waiting_events()], soon)
    assert (told(restored, sid).state, restored.desk.row(row.id).state) == ("completed", "reached")
    assert _waiting_events() == []


@pytest.mark.row("A4")
def test_a_dry_run_counts_the_same_and_writes_nothing(restored: Restored) -> None:
    row = restored.waiting(ADA, -MINUTE)
    restored.waiting(BOB, -2 * HOUR)
    restored.lost_call(ADA)
    restored.freeze()
    dry = restored.catch_up(dry=True)
    assert (dry.checked, dry.adopted, dry.expired) == (2, 1, 1)
    assert restored.desk.attempts(row.id) == []
    assert freezing.present() is not None
    assert restored.catch_up() == dry


@pytest.mark.row("A4")
def test_a_carrier_that_does_not_answer_keeps_everything_frozen(restored: Restored) -> None:
    restored.waiting(ADA, -MINUTE)
    restored.lost_call(ADA)
    restored.freeze()
    restored.desk.stack.sandbox._served.stop()
    with pytest.raises(LookupFailed):
        restored.catch_up()
    assert freezing.present() is not None


@pytest.mark.row("A4")
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_thaw_that_dies_anywhere_is_begun_again(restored: Restored, nth: int) -> None:
    people = [special(f"015{n}") for n in range(4)]
    for phone in people:
        restored.waiting(phone, -MINUTE)
    for phone in people[:3]:
        restored.lost_call(phone)
    restored.freeze()
    hits = iter(range(1, 100))

    def die(name: str) -> None:
        if name == "thaw.after_adoption" and next(hits) == nth:
            raise failpoints.Failed(name)

    failpoints.observe(die)
    try:
        with pytest.raises(failpoints.Failed):
            restored.catch_up()
    finally:
        failpoints.observe(None)
    done = restored.thaw()
    assert (done.adopted, done.waiting) == (3 - nth, 1)
    restored.work()
    assert sorted(restored.placed()) == people


def _line() -> dict[str, str]:
    carrier = voice_default()
    return {"account": str(carrier.account("test")), "from_address": str(carrier.sender("test"))}


def _status(sid: str) -> str:
    found = voice_default().fetch(_line()["account"], sid)
    assert found is not None
    return found.provider_status


def _waiting_events() -> list[ProviderEvent]:
    event = ProviderEvent
    return list(event.select().where(event.next_attempt_at.is_null(False)))

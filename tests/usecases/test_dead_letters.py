"""What failed for good is kept with its history, and replayed or discarded by hand."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from gateway.models.base import connection
from gateway.models.call_log import CallLog
from gateway.models.dead_letter import DeadLetter
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.models.records import AuditEntry
from gateway.usecases import consequences, dead_letters, inbox, operators, parked_events
from gateway.usecases.operators import Operator, Tally
from tests import rows
from tests.carrier import Carrier
from tests.client import ANSWERED
from tests.failures import failed, letter, unmatched
from tests.usecases.desk import Desk

pytestmark = pytest.mark.row("C6")

ALL: dict[str, Any] = {}
LIMIT = 500


def admin(desk: Desk) -> Operator:
    return operators.key_holder(desk.caller, "req_1")


def replay(desk: Desk, filters: dict[str, Any] = ALL, *, dry_run: bool = False) -> Tally:
    return dead_letters.replay(admin(desk), filters, desk.now, dry_run=dry_run, limit=LIMIT)


def shown(tally: Tally) -> tuple[int, int, int, int, int]:
    """Notifications, people, events, expired, skipped."""
    counts = (tally.notifications, len(tally.people), tally.events)
    return (*counts, tally.expired, tally.skipped)


def test_a_letter_is_written_once_for_what_failed(desk: Desk) -> None:
    row = failed(desk.caller.organization_id)
    assert not DeadLetter.bury(row, "again", desk.now)
    assert letter(row).reason == "provider_error"
    assert [(step["what"], step["provider_code"]) for step in letter(row).history] == [
        ("attempt", "21220")
    ]


def test_what_is_replayed_is_called_once_more(desk: Desk) -> None:
    person = rows.contact(desk.caller.organization_id, ANSWERED)
    row = failed(desk.caller.organization_id, contact=person.id)
    assert shown(replay(desk)) == (1, 1, 0, 0, 0)
    again = desk.row(row.id)
    assert (again.state, again.failures, again.reason, again.finished_at) == (
        "scheduled", 0, None, None
    )  # fmt: skip
    assert letter(row).resolution == "replayed"

    assert desk.work(desk.now + timedelta(seconds=1)) == 1
    assert [call.attempt for call in desk.attempts(row.id)] == [1, 2]
    assert desk.row(row.id).state == "sending"


def test_a_dry_run_tells_what_the_run_then_does_and_does_nothing(desk: Desk) -> None:
    mine = desk.caller.organization_id
    person = rows.contact(mine)
    for _ in range(3):
        failed(mine, contact=person.id)
    failed(mine)
    failed(mine, expires_at=desk.now - timedelta(seconds=1))
    failed(mine, state="reached", finished_at=desk.now)
    unmatched(desk.stack.settings.sandbox_credentials["account_sid"])
    before = [(row.id, row.state) for row in Notification.select().order_by(Notification.id)]

    told = replay(desk, dry_run=True)
    assert shown(told) == (4, 2, 1, 1, 1)
    assert before == [
        (row.id, row.state) for row in Notification.select().order_by(Notification.id)
    ]
    assert AuditEntry.select().count() == 0
    done = replay(desk)
    assert (shown(done), done.ids) == (shown(told), told.ids)
    assert shown(replay(desk)) == (0, 0, 0, 1, 1)


def test_what_has_expired_stays_where_it_is(desk: Desk) -> None:
    row = failed(desk.caller.organization_id, expires_at=desk.now)
    assert shown(replay(desk)) == (0, 0, 0, 1, 0)
    assert desk.row(row.id).state == "not_reached"
    assert letter(row).resolved_at is None


def test_a_reached_one_is_not_called_again_because_its_letter_is_open(desk: Desk) -> None:
    row = failed(desk.caller.organization_id)
    (call,) = desk.attempts(row.id)
    CallLog.update(state="completed").where(CallLog.id == call.id).execute()
    consequences.attempt_moved(CallLog.get_by_id(call.id), desk.now, None)
    assert desk.row(row.id).state == "reached"

    assert shown(replay(desk, {"ids": [letter(row).id]})) == (0, 0, 0, 0, 1)
    assert desk.row(row.id).state == "reached"


def test_an_unknown_one_is_replayed_only_once_it_is_final(desk: Desk) -> None:
    open_ = failed(desk.caller.organization_id, state="unknown", finished_at=None)
    final = failed(desk.caller.organization_id, state="unknown", reason="not_confirmed")
    assert shown(replay(desk)) == (1, 1, 0, 0, 1)
    assert (desk.row(open_.id).state, desk.row(final.id).state) == ("unknown", "scheduled")


def test_the_gate_still_turns_away_what_is_canceled(desk: Desk) -> None:
    booked = desk.book(desk.now + timedelta(hours=3))
    (row,) = desk.plan(booked.booking)
    row_id = row.id
    Notification.update(state="not_reached", finished_at=desk.now, next_attempt_at=None).where(
        Notification.id == row_id
    ).execute()
    DeadLetter.bury(desk.row(row_id), "provider_error", desk.now)
    desk.edit(booked.booking, desk.now, state="checked_in")

    replay(desk)
    desk.work(desk.now + timedelta(seconds=1))
    assert desk.row(row_id).state == "canceled"
    assert desk.attempts(row_id) == []


def test_what_fails_again_has_a_fresh_letter_with_the_whole_history(desk: Desk) -> None:
    row = failed(desk.caller.organization_id)
    first = letter(row)
    replay(desk)
    rows.call(row, attempt=2, state="failed", reason="throttled", created_at=desk.now)
    again = desk.row(row.id)
    later = desk.now + timedelta(minutes=1)
    Notification.update(state="not_reached", finished_at=later).where(
        Notification.id == row.id
    ).execute()
    assert DeadLetter.bury(again, "throttled", later)

    fresh = letter(row)
    assert fresh.id != first.id
    told = [(step["what"], step.get("reason")) for step in fresh.history]
    assert sorted(told[1:], key=str) == [
        ("attempt", "throttled"), ("buried", "provider_error"), ("replayed", None)
    ]  # fmt: skip
    assert told[0] == ("attempt", "provider_error")


def test_two_operators_at_once_send_it_once(desk: Desk) -> None:
    found = [failed(desk.caller.organization_id) for _ in range(12)]

    def press(_: int) -> int:
        with connection():
            return replay(desk).notifications

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(press, range(4))) == len(found)
    assert {desk.row(row.id).state for row in found} == {"scheduled"}
    assert AuditEntry.select().count() >= 1


def test_discarded_letters_stay_on_record_and_go_nowhere(desk: Desk) -> None:
    row = failed(desk.caller.organization_id, expires_at=desk.now)
    done = dead_letters.discard(admin(desk), ALL, desk.now, dry_run=False, limit=LIMIT)
    assert shown(done) == (1, 1, 0, 0, 0)
    assert (letter(row).resolution, desk.row(row.id).state) == ("discarded", "not_reached")
    assert shown(replay(desk, {"ids": [letter(row).id]})) == (0, 0, 0, 0, 1)


def test_it_is_on_record_who_replayed_and_discarded_what(desk: Desk) -> None:
    row, other = (failed(desk.caller.organization_id) for _ in range(2))
    replay(desk, {"ids": [letter(row).id]})
    dead_letters.discard_one(admin(desk), letter(other).id, desk.now)
    entries = AuditEntry.select().order_by(AuditEntry.id)
    assert [(one.action, one.key, one.objects, one.request_id) for one in entries] == [
        ("replay-dead-letters", desk.caller.key_id, [letter(row).id], "req_1"),
        ("discard-dead-letters", desk.caller.key_id, [letter(other).id], "req_1"),
    ]


def test_thousands_are_replayed_in_batches_each_once(desk: Desk) -> None:
    for _ in range(7):
        failed(desk.caller.organization_id)
    failed(desk.caller.organization_id, expires_at=desk.now)

    def by_two(*given: Any, limit: int, **more: Any) -> Tally:
        return dead_letters.replay(*given, limit=min(limit, 2), **more)

    later = desk.now + timedelta(seconds=30)
    looked = operators.everything(by_two, admin(desk), ALL, later, dry_run=True)
    done = operators.everything(by_two, admin(desk), ALL, later, dry_run=False)
    assert shown(done) == shown(looked) == (7, 7, 0, 1, 0)
    assert len(set(done.ids)) == 7


def test_a_dead_event_is_applied_once_its_call_is_known(desk: Desk) -> None:
    account = desk.stack.settings.sandbox_credentials["account_sid"]
    row = rows.notification(desk.caller.organization_id, state="sending", next_attempt_at=None)
    carrier = Carrier(desk.stack)
    sid = "CA" + "d" * 32
    assert carrier.told(carrier.status(sid, "completed", 3)).status_code == 204
    for _ in range(20):
        _apply(desk)
    (event,) = ProviderEvent.select()
    assert (event.state, letter(event).object) == ("dead", "event")

    call = rows.call(row, account=account, external_id=sid, state="queued")
    assert shown(replay(desk)) == (0, 0, 1, 0, 0)
    _apply(desk)
    assert ProviderEvent.get_by_id(event.id).state == "applied"
    assert CallLog.get_by_id(call.id).state == "completed"
    assert letter(event).resolution == "replayed"


def test_a_discarded_event_is_never_applied(desk: Desk) -> None:
    account = desk.stack.settings.sandbox_credentials["account_sid"]
    waiting, dead = unmatched(account, state="parked"), unmatched(account)
    for dry_run in (True, False):
        done = parked_events.discard(admin(desk), ALL, desk.now, dry_run=dry_run, limit=LIMIT)
        assert (done.events, done.remaining) == (2, 0)
    _apply(desk)
    states = {str(row.state) for row in ProviderEvent.select()}
    assert states == {"discarded"}
    assert letter(dead).resolution == "discarded"
    again = parked_events.replay(
        admin(desk), {"ids": [waiting.id]}, desk.now, dry_run=False, limit=LIMIT
    )
    assert (again.events, again.skipped) == (0, 1)


def test_a_letter_about_an_event_that_was_applied_after_all_closes_alone(desk: Desk) -> None:
    event = unmatched(desk.stack.settings.sandbox_credentials["account_sid"])
    ProviderEvent.update(state="applied").where(ProviderEvent.id == event.id).execute()
    assert shown(replay(desk)) == (0, 0, 0, 0, 1)
    dead_letters.discard(admin(desk), ALL, desk.now, dry_run=False, limit=LIMIT)
    assert letter(event).resolution == "discarded"
    assert ProviderEvent.get_by_id(event.id).state == "applied"


def _apply(desk: Desk) -> None:
    late = desk.now + timedelta(days=30)
    for event_id in ProviderEvent.claim_waiting(late, 500, timedelta(0)):
        inbox.apply(event_id, desk.now)

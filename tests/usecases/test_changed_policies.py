"""A policy that changes: what waits by the former one is looked at again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.reminders import BEFORE, Rule
from gateway.models import deferred
from gateway.models.hold import EVERYTHING, Hold
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.usecases import organizations, plan, policies
from tests.hours import nights_are_quiet
from tests.usecases.reports import Reports

MONDAY = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)  # 10:00 in Berlin
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NIGHT, MORNING = MONDAY.replace(hour=20), MONDAY.replace(hour=7) + timedelta(days=1)
ANY_HOUR: dict[str, Any] = {"quiet_hours": None}
Reporting = Callable[..., Reports]


@pytest.fixture
def berlin(reporting: Reporting) -> Reports:
    """A desk on that Monday, of an organization that keeps the usual hours."""
    reports = reporting()
    nights_are_quiet()
    reports.desk.now = reports.at = MONDAY
    return reports


def nightly(reports: Reports, hours: int = 4, **more: Any) -> Notification:
    """A reminder that is due so long after the beginning of the night."""
    rule = Rule(BEFORE, channel="sms", minutes=600)
    starts_at = NIGHT + (10 + hours) * HOUR
    reports.booking = reports.desk.book(starts_at, rule, **more).booking
    (row,) = reports.desk.plan(reports.booking)
    return row


def change(reports: Reports, **changes: Any) -> None:
    """PATCH the organization, and what a worker does with that."""
    caller = reports.desk.caller
    changed = organizations.edit(caller, changes, reports.at, "req-1")
    reports.desk.caller = replace(caller, organization=changed)
    (job,) = Job.select().where(Job.name == policies.LOOK_AGAIN)
    assert (job.key, job.next_attempt_at) == (reports.desk.caller.organization_id, reports.at)
    policies.look_again(job.key, reports.at)


@pytest.mark.parametrize("changes", [{"policy": {}}, {"time_zone": "Asia/Tokyo"}, {"locale": "de"}])
def test_only_a_change_of_the_hours_has_everything_looked_at(
    berlin: Reports, changes: dict[str, Any]
) -> None:
    organizations.edit(berlin.desk.caller, changes, berlin.at, "req-1")
    assert Job.select().where(Job.name == policies.LOOK_AGAIN).count() == ("locale" not in changes)


@pytest.mark.row("C9")
def test_what_the_former_policy_put_off_to_the_morning_leaves_at_once(berlin: Reports) -> None:
    row = nightly(berlin)
    berlin.at = NIGHT + 4 * HOUR
    assert berlin.work() == 1
    assert berlin.desk.row(row.id).next_attempt_at == MORNING
    berlin.at += HOUR
    change(berlin, policy=ANY_HOUR)
    (contact,) = plan.of_booking(berlin.desk.caller, berlin.booking.id, berlin.at)
    assert contact.at == berlin.at
    assert berlin.work() == 1
    assert berlin.desk.row(row.id).state == "sending"


@pytest.mark.row("C9")
def test_a_person_who_was_put_off_by_a_gap_hears_when_there_is_none_any_more(
    berlin: Reports,
) -> None:
    change(berlin, policy={"gap_seconds": 6 * 3600, **ANY_HOUR})
    first, second = nightly(berlin, 1), nightly(berlin, 2)
    berlin.at = NIGHT + HOUR
    berlin.work()
    berlin.work(3600)
    assert berlin.desk.row(second.id).reason == "rate_limited"
    berlin.at += MINUTE
    change(berlin, policy=ANY_HOUR)
    assert berlin.work() == 1
    assert [berlin.desk.row(one.id).state for one in (first, second)] == ["sending"] * 2


@pytest.mark.row("C9")
@pytest.mark.parametrize("days", [0, 3])
def test_what_is_to_be_brought_forward_now_is_so_in_time(berlin: Reports, days: int) -> None:
    row = nightly(berlin, 4 + 24 * days)
    change(berlin, policy={"quiet_hours": {"action": "advance"}})
    before = NIGHT + timedelta(days=days) - MINUTE
    (contact,) = plan.of_booking(berlin.desk.caller, berlin.booking.id, berlin.at)
    assert contact.at == before
    while berlin.desk.row(row.id).state == "scheduled":
        berlin.at = max(berlin.at, berlin.desk.row(row.id).next_attempt_at)
        assert berlin.work() == 1
    assert (berlin.at, berlin.desk.row(row.id).state) == (before, "sending")


def test_what_is_woken_by_a_change_that_is_none_waits_on(berlin: Reports) -> None:
    row = nightly(berlin)
    berlin.at = NIGHT + 4 * HOUR
    berlin.work()
    change(berlin, policy={"caps": {"day": 9}})
    assert berlin.work() == 1
    assert berlin.desk.row(row.id).next_attempt_at == MORNING


def test_only_what_waits_for_its_own_time_is_looked_at(berlin: Reports) -> None:
    row, held, tried = nightly(berlin), nightly(berlin, 3), nightly(berlin, 2)
    berlin.at = NIGHT + 4 * HOUR
    berlin.work()
    before = {one.id: one.next_attempt_at for one in Notification.select()}
    Hold.create(scope=EVERYTHING, reason="by_hand", since=berlin.at)
    Notification.update(held_by=EVERYTHING).where(Notification.id == held.id).execute()
    Notification.update(failures=1).where(Notification.id == tried.id).execute()
    change(berlin, policy=ANY_HOUR)
    after = {one.id: one.next_attempt_at for one in Notification.select()}
    assert after == before | {row.id: berlin.at}


def test_thousands_are_looked_at_in_batches_and_each_once(berlin: Reports) -> None:
    rows = [nightly(berlin) for _ in range(7)]
    berlin.at = NIGHT + 4 * HOUR
    berlin.work()
    position: Any = (berlin.at, "")
    found = []
    while position is not None:
        position = deferred.reopen(berlin.desk.caller.organization_id, position, berlin.at, 3)
        found.append(berlin.work())
    assert sum(found) == len(rows)
    assert found == [3, 3, 1]


@pytest.mark.row("C9")
def test_a_bookings_own_policy_is_looked_at_again_too_even_at_a_later_step(
    berlin: Reports,
) -> None:
    row = nightly(berlin)
    berlin.at = NIGHT + 4 * HOUR
    berlin.work()
    Notification.update(tries=1).where(Notification.id == row.id).execute()
    assert berlin.desk.row(row.id).next_attempt_at == MORNING
    berlin.desk.edit(berlin.booking, berlin.at, policy=ANY_HOUR)
    assert berlin.work() == 1
    assert berlin.desk.row(row.id).state == "sending"

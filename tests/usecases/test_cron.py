"""Cron jobs: each moment is begun once, an outage is caught up without a storm."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.errors import Invalid, NotFound
from gateway.models import agenda, base
from gateway.models.cron_job import CronJob
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.usecases import cron, operators, scans
from tests.conftest import Account
from tests.jobs import work_off
from tests.together import together
from tests.usecases.desk import Desk

HOUR = timedelta(hours=1)
SCAN, DAILY = "appointment-scan", "daily-snapshots"
HOUSE = operators.at_the_console(None, None)
NIGHT = datetime(2026, 12, 1, 20, 30, tzinfo=UTC)


@pytest.fixture
def own(desk: Desk) -> Desk:
    """A desk whose built-in cron jobs were written at NIGHT, before anything came."""
    CronJob.delete().execute()
    cron.install(NIGHT)
    cron.fire(NIGHT)
    return desk


def _runs(name: str) -> list[Job]:
    runs = Job.select().where(Job.name == cron.RUN, Job.key.startswith(name))
    return list(runs.order_by(Job.created_at))


@pytest.mark.row("C1")
@pytest.mark.row("C7")
def test_the_built_in_ones_are_there_and_begin_with_their_next_moment(own: Desk) -> None:
    assert {row.name for row in cron.listed(NIGHT)} == set(cron.BUILT_IN)
    scan, daily = cron.of(SCAN, NIGHT), cron.of(DAILY, NIGHT)
    assert (scan.name, scan.expression, scan.time_zone) == (SCAN, "0 * * * *", "UTC")
    assert (daily.name, daily.expression, daily.time_zone) == (DAILY, "0 1 * * *", None)
    assert cron.following(scan, NIGHT) == NIGHT + HOUR / 2
    assert cron.following(daily, NIGHT) == datetime(2026, 12, 2, 0, 0, tzinfo=UTC)  # Berlin
    assert Job.select().count() == 0
    assert agenda.read().next == NIGHT + timedelta(minutes=15)
    cron.install(NIGHT + HOUR)
    assert cron.of(SCAN, NIGHT).looked_at == NIGHT


@pytest.mark.row("C7")
def test_a_moment_is_begun_when_it_comes_and_its_result_is_kept(own: Desk) -> None:
    at = NIGHT + HOUR / 2
    assert cron.fire(at - timedelta(microseconds=1)) >= 1  # only the zones were looked at
    assert _runs(SCAN) == []
    cron.fire(at)
    assert len(_runs(SCAN)) == 1
    row = cron.of(SCAN, at)
    assert (row.last_slot, row.next_at, row.last_run_at) == (at, at + HOUR, None)
    work_off(at + timedelta(seconds=1))
    row = cron.of(SCAN, at)
    assert (row.last_run_at, row.last_result) == (at + timedelta(seconds=1), "ok")
    cron.fire(at + timedelta(minutes=59))
    assert len(_runs(SCAN)) == 1


@pytest.mark.row("C8")
def test_after_an_outage_only_the_last_moment_is_made_up_for(own: Desk) -> None:
    at = NIGHT + timedelta(days=30)
    cron.fire(at)
    assert len(_runs(SCAN)) == 1
    assert cron.of(SCAN, at).last_slot == at - HOUR / 2
    assert len(_runs(DAILY)) == 1
    begun = Job.select().count()
    cron.fire(at)
    assert Job.select().count() == begun == len(cron.BUILT_IN)


@pytest.mark.row("C8")
def test_many_clocks_begin_each_moment_once(own: Desk) -> None:
    def clock(number: int) -> None:
        for hour in range(6):
            cron.fire(NIGHT + hour * HOUR)

    together(4, clock)
    cron.fire(NIGHT + 6 * HOUR)
    begun = {row.key.split("|")[1] for row in _runs(SCAN)}
    assert len(begun) == len(_runs(SCAN))  # no two of the same time
    assert cron.of(SCAN, NIGHT).last_slot == NIGHT + 5.5 * HOUR
    assert len(_runs(DAILY)) == 1


@pytest.mark.row("C4")
@pytest.mark.row("C8")
def test_each_organization_has_the_moment_of_its_own_time_zone(
    own: Desk, open_account: Callable[[str], Account]
) -> None:
    begun: list[tuple[str, datetime]] = []
    other = open_account("Salon").organization_id
    base.borrow()
    Organization.change(other, {"time_zone": "America/New_York"})
    usual = cron.BUILT_IN[DAILY]

    def plan(these: list[Organization], now: datetime) -> int:
        begun.extend((one.id, now) for one in these)
        return len(these)

    cron.BUILT_IN["test-own"] = cron.BuiltIn("0 1 * * *", None, usual.job, plan)  # type: ignore[arg-type]
    try:
        cron.install(NIGHT)
        for quarter in range(4 * 24):
            at = NIGHT + quarter * timedelta(minutes=15)
            cron.fire(at)
            work_off(at)
    finally:
        del cron.BUILT_IN["test-own"]
    mine, day = own.caller.organization_id, datetime(2026, 12, 2, tzinfo=UTC)
    assert begun == [(mine, day), (other, day + 6 * HOUR)]


@pytest.mark.row("C7")
def test_a_run_that_fails_says_so_and_is_tried_again(own: Desk) -> None:
    def broken(these: object, now: datetime) -> int:
        raise RuntimeError

    cron.BUILT_IN["test-own"] = cron.BuiltIn("0 * * * *", "UTC", scans.JOB, broken)
    try:
        cron.install(NIGHT)
        at = NIGHT + HOUR / 2
        cron.fire(at)
        work_off(at)
        row = cron.of("test-own", at)
        assert (row.last_result, row.last_error) == ("failed", "RuntimeError")
        assert _runs("test-own")[0].next_attempt_at == at + timedelta(seconds=5)
    finally:
        del cron.BUILT_IN["test-own"]


def test_switched_off_it_rests_and_makes_up_for_nothing(own: Desk) -> None:
    cron.change(HOUSE, SCAN, NIGHT, enabled=False)
    cron.fire(NIGHT + 5 * HOUR)
    assert _runs(SCAN) == []
    assert cron.following(cron.of(SCAN, NIGHT), NIGHT) is None
    cron.change(HOUSE, SCAN, NIGHT + 5 * HOUR, enabled=True)
    cron.fire(NIGHT + 5 * HOUR)
    assert _runs(SCAN) == []
    cron.fire(NIGHT + 5.5 * HOUR)
    assert len(_runs(SCAN)) == 1


def test_another_expression_counts_from_now_on(own: Desk) -> None:
    cron.change(HOUSE, SCAN, NIGHT, expression="*/10  * * * *", time_zone="Asia/Kathmandu")
    assert cron.of(SCAN, NIGHT).next_at == NIGHT + timedelta(minutes=5)
    for wrong in ({"expression": "never"}, {"time_zone": "Mars/Olympus"}):
        with pytest.raises(Invalid):
            cron.change(HOUSE, SCAN, NIGHT, **wrong)
    with pytest.raises(NotFound):
        cron.change(HOUSE, "nothing", NIGHT, enabled=False)


@pytest.mark.row("C1")
def test_the_scan_plans_reminders_that_are_missing_and_none_twice(own: Desk) -> None:
    hours = (6, 8, 40 * 24)
    soon, fine, far = (own.book(own.now + hour * HOUR).booking for hour in hours)

    def plans() -> list[list[tuple[str, datetime]]]:
        return [[(row.rule, row.due_at) for row in own.plan(one)] for one in (soon, fine, far)]

    whole = plans()
    Notification.delete().where(Notification.booking.in_([soon, far])).execute()
    assert plans() == [[], whole[1], []]
    scans.plan([Organization.get_by_id(own.caller.organization_id)], own.now)
    work_off(own.now)
    work_off(own.now)
    assert plans() == whole
    assert all(whole)
    assert {row.state for row in Job.select()} == {"done"}

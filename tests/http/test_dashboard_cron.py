"""Cron jobs and charts on the board."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from gateway.models import base, charts
from gateway.models.charts import Span
from gateway.models.cron_job import CronJob
from gateway.models.job import Job
from gateway.models.reach import Reach
from gateway.usecases import cron
from gateway.wallclock import now
from tests import rows
from tests.conftest import Account
from tests.http.staff_stage import Browser, ledger
from tests.http.stage import Api

BOARD = "/admin/queues"
SignedIn = Callable[..., Browser]
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = Span.ending(AT, 60, 60)
LAST = 59


@pytest.mark.row("C7")
def test_cron_jobs_stand_there_with_last_run_next_run_and_last_result(
    api: Api, signed_in: SignedIn
) -> None:
    browser = signed_in("viewer")
    page = browser.see(f"{BOARD}/cron")
    assert all(name in page for name in cron.BUILT_IN)
    with base.connection():
        CronJob.change("retention", {"last_run_at": AT, "last_result": "failed",
                                     "last_error": "KeyError"})  # fmt: skip
    page = browser.see(f"{BOARD}/cron")
    assert "failed: KeyError" in page
    assert "2026-11-21 13:00:00" in page  # in Berlin
    with base.connection():
        following = cron.following(cron.of("appointment-scan", now()), now())
    assert following is not None
    assert f"{following:%Y-%m-%d %H:%M:%S} UTC" in page


@pytest.mark.row("C7")
def test_a_cron_job_is_run_now_and_switched(api: Api, signed_in: SignedIn) -> None:
    browser = signed_in("operator")
    browser.see(f"{BOARD}/cron")
    assert browser.post(f"{BOARD}/cron/appointment-scan/run").status_code == 303
    assert "appointment-scan was begun: 2 jobs planned." in browser.see(f"{BOARD}/cron")
    with base.connection():
        assert Job.select().where(Job.name == "appointment.scan").count() == 2
    for act, then in (("off", "Switch on"), ("on", "Switch off")):
        browser.post(f"{BOARD}/cron/retention/{act}")
        page = browser.see(f"{BOARD}/cron")
        assert f"retention is {act}." in page
        assert then in page
    assert browser.post(f"{BOARD}/cron/x/run").status_code == 404
    assert browser.post(f"{BOARD}/cron/retention/faster").status_code == 404
    assert [one.action for one in ledger()] == [
        "run cron appointment-scan", "change cron retention", "change cron retention"
    ]  # fmt: skip


def test_what_several_organizations_share_is_switched_for_all_of_them_or_not(
    signed_in: SignedIn, open_account: Callable[[str], Account]
) -> None:
    open_account("Clinic")
    own, everywhere = signed_in("operator"), signed_in("operator", everywhere=True, email="a@b.de")
    for browser, status in ((own, 409), (everywhere, 303)):
        browser.see(f"{BOARD}/cron")
        assert browser.post(f"{BOARD}/cron/retention/off").status_code == status
    (entry,) = ledger()
    assert (entry.organization_id, entry.action) == (None, "change cron retention")


@pytest.fixture
def reach(api: Api) -> Reach:
    """What the organization of `api` sees in test mode."""
    return Reach(api.account.organization_id, "test")


def job(organization_id: str, mode: str | None, state: str) -> None:
    """A job that ended at AT."""
    Job.insert(
        organization=organization_id, mode=mode, name="x", key="x", kind="snapshot", state=state,
        lane="background:7", due_at=AT, created_at=AT, finished_at=AT,
    ).execute()  # fmt: skip


@pytest.mark.row("B6")
def test_a_span_ends_with_the_step_that_now_is_in() -> None:
    span = Span.ending(AT + timedelta(seconds=61), 60, 3)
    assert span.begins() == [AT - timedelta(minutes=1), AT, AT + timedelta(minutes=1)]
    assert span.until == AT + timedelta(minutes=2)


@pytest.mark.row("B6")
def test_throughput_and_delivery_are_counted_where_they_ended(api: Api, reach: Reach) -> None:
    own = api.account.organization_id
    with base.connection():
        for minutes, state in ((0, "reached"), (0, "reached"), (3, "not_reached"), (3, "canceled"),
                               (59, "expired"), (60, "reached")):  # fmt: skip
            rows.notification(own, state=state, finished_at=AT - timedelta(minutes=minutes))
        rows.notification(own, mode="live", state="reached", finished_at=AT)
        job(own, "test", "done")
        ended, told = charts.throughput(reach, HOUR), charts.delivery(reach, HOUR)
        together = charts.throughput(Reach(), HOUR)
    assert ended == {
        (LAST, "notifications"): 2, (LAST - 3, "notifications"): 2, (0, "notifications"): 1,
        (LAST, "jobs"): 1,
    }  # fmt: skip
    assert told == {(LAST, "reached"): 2, (LAST - 3, "not_reached"): 1, (0, "expired"): 1}
    assert together[LAST, "notifications"] == 3


@pytest.mark.row("B6")
def test_lateness_and_failures_are_counted_where_they_began(api: Api, reach: Reach) -> None:
    own = api.account.organization_id
    with base.connection():
        for late, attempt in ((1.5, 1), (4.5, 1), (900, 2)):
            row = rows.notification(own, due_at=AT - timedelta(seconds=late))
            rows.call(row, attempt=attempt, created_at=AT, state="failed", reason="busy",
                      failure_class="temporary" if late < 2 else "technical")  # fmt: skip
        early = rows.notification(own, due_at=AT + timedelta(seconds=5))
        rows.call(early, created_at=AT - timedelta(minutes=1))
        job(own, None, "failed")
        late_by, failed = charts.lateness(reach, HOUR), charts.failures(reach, HOUR)
    assert late_by == pytest.approx({
        (LAST, "worst"): 4.5, (LAST, "average"): 3.0,
        (LAST - 1, "worst"): 0, (LAST - 1, "average"): 0,
    }, abs=0.02)  # fmt: skip
    assert failed == {
        (LAST, "temporary"): 1, (LAST, "technical"): 2, (LAST, "jobs given up"): 1
    }  # fmt: skip


@pytest.mark.row("B6")
def test_charts_are_told_as_figures_too(api: Api, signed_in: SignedIn) -> None:
    with base.connection():
        rows.notification(api.account.organization_id, state="reached", finished_at=now())
    browser = signed_in("viewer")
    for span, step, count in (("hour", 60, 60), ("day", 900, 96)):
        page = browser.see(f"{BOARD}/charts?span={span}")
        assert "reached: <strong>1</strong>" in page
        for name in ("throughput", "delivery", "lateness", "failures"):
            address = f"{BOARD}/charts/{name}.json?span={span}"
            assert address in page
            told = json.loads(browser.see(address))
            assert (told["step"], len(told["at"])) == (step, count)
            assert {len(values) for values in told["lines"].values()} == {count}
            assert told["at"] == sorted(told["at"])
        told = json.loads(browser.see(f"{BOARD}/charts/delivery.json?span={span}"))
        assert sum(told["lines"]["reached"]) == 1
    assert browser.get(f"{BOARD}/charts/x.json").status_code == 404
    assert browser.get(f"{BOARD}/charts?span=year").status_code == 422

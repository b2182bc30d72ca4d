"""Counts are of all processes together, and nothing makes them smaller."""

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway import metrics
from gateway.domain.lifecycle import NotificationState as N
from gateway.models import base
from gateway.models.notification import Notification
from gateway.models.tally import MANY, Tally
from gateway.settings import Settings, current
from gateway.usecases import tallies
from gateway.usecases.consequences import attempt_moved
from tests.architecture.sources import ROOT
from tests.conftest import Account, Configure, StartStack
from tests.rows import NOW, call, notification
from tests.stack import PATIENT, special
from tests.usecases.desk import Desk
from tests.waiting import until

SERIES = ("jobs", "voice", "reminder", "completed")
# What a process of its own does: count, write, end.
PROCESS = """
from gateway import boot, metrics
from gateway.models.base import connection
from gateway.usecases.tallies import Keeper
boot.start()
keeper = Keeper(every=0.02)
keeper.start()
for _ in range(200):
    metrics.ran("voice", "reminder", "completed", 0.02)
keeper.stop()
"""


@pytest.fixture
def account(configure: Configure, open_account: Callable[[str], Account]) -> Account:
    """An organization in a configured database."""
    configure()
    return open_account("Practice")


def environment(settings: Settings) -> dict[str, str]:
    """What a process needs to be one of this product's."""
    return {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url,
            "SECRET_KEY": settings.secret_key, "PYTHONPATH": str(ROOT)}  # fmt: skip


def totals() -> dict[metrics.Series, float]:
    with base.connection():
        return Tally.totals()


@pytest.mark.row("B7")
def test_what_several_processes_count_adds_up(configure: Configure) -> None:
    settings = configure()
    running = [subprocess.Popen([sys.executable, "-c", PROCESS], env=environment(settings))
               for _ in range(3)]  # fmt: skip
    assert [process.wait(60) for process in running] == [0, 0, 0]
    found = totals()
    assert found[SERIES] == 600
    assert found["job_duration", "voice", "reminder", "0.025"] == 600
    assert found["job_duration", "voice", "reminder", "sum"] == pytest.approx(12)


def test_putting_rows_together_changes_no_sum_for_anybody_who_reads_meanwhile(
    configure: Configure,
) -> None:
    configure()
    seen: list[float] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.append(totals()[SERIES])

    with base.connection():
        for _ in range(MANY + 5):
            Tally.add({SERIES: 1, ("http", "GET", "/", "200"): 1})
    reader = threading.Thread(target=read)
    reader.start()
    with base.connection():
        assert Tally.put_together() == 2 * (MANY + 5) - 2
        assert Tally.select().count() == 2
        assert Tally.put_together() == 0
    stop.set()
    reader.join(20)
    assert set(seen) == {MANY + 5}


def test_what_can_t_be_written_now_is_written_later(configure: Configure) -> None:
    configure()
    metrics.count(*SERIES)
    with base.connection():
        base.db.execute_sql("ALTER TABLE tally RENAME TO away")
        with pytest.raises(Exception, match="tally"):
            tallies.write()
        base.db.execute_sql("ALTER TABLE away RENAME TO tally")
        metrics.count(*SERIES)
        tallies.write()
    assert totals() == {SERIES: 2}


def test_a_histogram_counts_each_observation_in_its_bucket(configure: Configure) -> None:
    configure()
    for seconds in (-1, 0.1, 0.11, 5000):
        metrics.observe("lateness", "voice", seconds=seconds)
    assert metrics.take() == {
        ("lateness", "voice", "0.1"): 2, ("lateness", "voice", "0.25"): 1,
        ("lateness", "voice", "+Inf"): 1, ("lateness", "voice", "sum"): pytest.approx(5000.21),
    }  # fmt: skip


def reminders() -> dict[tuple[str, ...], float]:
    return {key: value for key, value in Tally.totals().items() if key[0].startswith("reminders")}


@pytest.mark.row("E5")
@pytest.mark.parametrize(
    ("state", "reason", "counted"),
    [
        (N.REACHED, None, [("reminders_sent", "reached")]),
        (N.NOT_REACHED, "busy",
         [("reminders_sent", "not_reached"), ("reminders_failed", "busy")]),
        (N.EXPIRED, "expired",
         [("reminders_sent", "expired"), ("reminders_failed", "expired")]),
        (N.SUPPRESSED, "opted_out", [("reminders_sent", "skipped")]),
        (N.UNKNOWN, None, []),
    ],
)  # fmt: skip
def test_the_end_of_a_reminder_is_counted_once_with_its_reason(
    account: Account, state: N, reason: str | None, counted: list[tuple[str, ...]]
) -> None:
    with base.connection():
        for purpose in ("nudge", "nurture"):
            row = notification(account.organization_id, purpose=purpose, state=N.SENDING)
            if state in (N.EXPIRED, N.SUPPRESSED):
                row = notification(account.organization_id, purpose=purpose, state=N.DUE)
            assert Notification.move(row, state, NOW, reason=reason)
            assert not Notification.move(row, state, NOW, reason=reason)
        assert reminders() == dict.fromkeys(counted, 1)


@pytest.mark.row("E5")
def test_a_reminder_that_is_given_up_as_unknown_has_failed(account: Account) -> None:
    with base.connection():
        row = notification(account.organization_id, purpose="reminder", state=N.UNKNOWN)
        assert Notification.settle_unknown(row, NOW, "not_confirmed")
        assert reminders() == {
            ("reminders_sent", "unknown"): 1, ("reminders_failed", "not_confirmed"): 1
        }  # fmt: skip


def test_what_is_undone_was_not_counted(account: Account) -> None:
    with base.connection():
        row = notification(account.organization_id, purpose="reminder", state=N.SENDING)
        with base.db.atomic() as transaction:
            assert Notification.move(row, N.REACHED, NOW)
            transaction.rollback()
        assert reminders() == {}


def test_an_attempt_counts_as_sent_when_the_carrier_has_it_and_only_then(account: Account) -> None:
    with base.connection():
        for number, moves in enumerate((["queued", "completed"], ["unknown", "ringing"],
                                        ["failed"], ["unknown", "failed"])):  # fmt: skip
            row = notification(account.organization_id, purpose="reminder", state=N.SENDING)
            made = call(row, attempt=number + 1)
            for state in moves:
                assert made.move(made.STATES(state), NOW)
                attempt_moved(made, NOW, None)
        assert reminders()["reminders_sent", "sent"] == 2


@pytest.mark.row("B7")
@pytest.mark.row("E5")
def test_the_running_product_counts_what_it_does(start_stack: StartStack) -> None:
    stack = start_stack(**PATIENT)
    with base.connection():
        desk = Desk(stack)
        good = desk.book(desk.now + timedelta(hours=1, seconds=1))
        bad = desk.book(
            desk.now + timedelta(hours=1, seconds=1), contact={"phone": special("0121")}
        )
        ids = [desk.plan(one.booking)[0].id for one in (good, bad)]
    ended = sorted(stack.outcome(one, 30) for one in ids)
    assert "reached" in ended
    assert current().database_url == stack.settings.database_url

    def counted() -> bool:
        with base.connection():
            tallies.write()
        return totals().get(SERIES, 0) >= 2

    until(counted, "both jobs in the counts")
    found = totals()
    assert found["reminders_sent", "reached"] == ended.count("reached")
    assert found["reminders_sent", "sent"] >= 1
    assert found["lateness", "voice", "sum"] < 20
    assert sum(found.get(("lateness", "voice", bucket), 0) for bucket in
               (*map(metrics.bucket, metrics.BUCKETS["lateness"]), "+Inf")) == 2  # fmt: skip
    assert found["jobs", "events", "apply_event", "completed"] >= 1

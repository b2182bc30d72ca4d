"""Queues, kinds and reminders from the command line."""

from collections.abc import Iterator

import pytest

from gateway.models import base
from gateway.models.hold import Hold
from gateway.models.notification import Notification
from gateway.usecases import accounts
from gateway.wallclock import now
from tests.cli.test_accounts import Shell
from tests.failures import failed

pytestmark = pytest.mark.row("E7")


@pytest.fixture
def salon(sqlite_url: str) -> Iterator[str]:
    """The id of an organization with a nurture message that failed."""
    base.connect(sqlite_url)
    with base.connection():
        made = str(accounts.create_organization("Salon", "UTC", now()).id)
        failed(made, purpose="nurture", lane="messages:6")
        yield made


@pytest.fixture
def shell(sqlite_url: str) -> Shell:
    return Shell(sqlite_url)


@pytest.mark.row("B5")
@pytest.mark.row("E3")
def test_what_is_switched_is_held_for_everybody_or_for_one_organization(
    shell: Shell, salon: str
) -> None:
    for words, scope in (
        (("queues", "pause", "messages"), "queue|messages"),
        (("queues", "pause", "events"), "queue|events"),
        (("kinds", "pause", "nurture", "--organization", "Salon"), f"kind|nurture|{salon}"),
        (("reminders", "off"), "reminders"),
        (("reminders", "off", "--organization", salon), f"reminders|{salon}"),
    ):
        assert shell.rows(*words)[0]["changed"] is True
        assert shell.rows(*words)[0]["changed"] is False
        assert [hold.scope for hold in Hold.listed()] == [scope]
        paused = [row for row in shell.rows("kinds", "list", "--mode", "test") if row["paused"]]
        assert bool(paused) is (not scope.startswith("queue"))
        back = {"pause": "resume", "off": "on"}
        assert shell.run(*(back.get(word, word) for word in words)).returncode == 0
        assert Hold.listed() == []
    assert shell.run("queues", "pause", "letters").returncode == 1


def test_jobs_are_listed_retried_and_cleared(shell: Shell, salon: str) -> None:
    [job] = shell.rows("queues", "jobs", "--kind", "nurture")
    assert (job["organization"], job["state"], job["dead"]) == (salon, "failed", True)
    shown = shell.run("queues", "jobs").stdout
    assert "provider_error" in shown
    assert "+1202" not in shown
    assert shell.run("queues", "clear", "messages").returncode == 2
    assert shell.run("kinds", "retry", "nurture").returncode == 2
    assert shell.rows("kinds", "retry", "nurture", "--dry-run")[0]["notifications"] == 1
    assert shell.rows("queues", "clear", "messages", "--yes")[0]["notifications"] == 1
    assert shell.rows("kinds", "retry", "nurture", "--yes")[0]["notifications"] == 0
    counts = {row["queue"]: row for row in shell.rows("queues", "list", "--mode", "test")}
    assert [counts["messages"][name] for name in ("failed", "dead")] == [0, 0]
    assert Notification.select().count() == 1


def test_a_rescan_and_a_reset_tell_what_they_came_to(shell: Shell, salon: str) -> None:
    told = shell.rows("reminders", "rescan", "--organization", "Salon", "--dry-run")
    assert told == [{"dry_run": True, "bookings": 0, "missing": 0}]
    failed(salon, purpose="reminder")
    assert shell.rows("reminders", "reset", "--dry-run")[0]["failed"] == 1
    assert shell.rows("reminders", "reset")[0]["failed"] == 1
    assert shell.rows("reminders", "reset")[0]["failed"] == 0

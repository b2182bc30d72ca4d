"""Cron jobs from the command line."""

import json
from collections.abc import Iterator

import pytest

from gateway.models import base
from gateway.models.cron_job import CronJob
from gateway.models.job import Job
from gateway.usecases import accounts
from gateway.wallclock import now
from tests.cli.test_accounts import Shell

pytestmark = pytest.mark.row("C7")


@pytest.fixture
def shell(sqlite_url: str) -> Iterator[Shell]:
    """With two organizations."""
    base.connect(sqlite_url)
    with base.connection():
        for name in ("Salon", "Clinic"):
            accounts.create_organization(name, "UTC", now())
        yield Shell(sqlite_url)


def test_what_comes_by_the_clock_is_shown_run_moved_and_switched(shell: Shell) -> None:
    shown = [json.loads(line) for line in shell.run("cron", "list", "--json").stdout.splitlines()]
    assert {"appointment-scan", "daily-snapshots"} <= {one["name"] for one in shown}
    assert all(one["next_run_at"] for one in shown)
    assert "4 jobs planned" in shell.run("cron", "run", "appointment-scan").stdout
    assert Job.select().where(Job.name == "appointment.scan").count() == 4
    off = shell.run("cron", "off", "appointment-scan").stdout
    assert "never: it is off" in off
    words = ("--expression", "30 2 * * *", "--time-zone", "own")
    moved = json.loads(shell.run("cron", "set", "appointment-scan", *words, "--json").stdout)
    assert (moved["expression"], moved["time_zone"]) == ("30 2 * * *", None)
    shell.run("cron", "on", "appointment-scan")
    assert CronJob.get_by_id("appointment-scan").enabled


def test_what_makes_no_sense_is_refused(shell: Shell) -> None:
    for words, status in (
        (("run", "nothing"), 1),
        (("set", "appointment-scan"), 2),
        (("set", "appointment-scan", "--expression", "often"), 2),
        (("set", "appointment-scan", "--time-zone", "Mars"), 2),
    ):
        assert shell.run("cron", *words).returncode == status, words

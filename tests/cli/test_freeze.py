"""`freeze` and `thaw`: on the database alone, as often as one likes, and never by halves."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.install import ROOT
from gateway.models import base
from gateway.usecases import freezing
from tests import rows
from tests.cli.stacks import SECRET_KEY, clean_env, command
from tests.conftest import Account, Configure
from tests.databases import ON_SQLITE

NOBODY = "http://127.0.0.1:1"


class Console:
    """Runs commands against one database; the sandbox, if there is one, does not answer."""

    def __init__(self, database_url: str, organization_id: str) -> None:
        self.organization_id = organization_id
        self.env = clean_env(
            DATABASE_URL=database_url, REDIS_URL="redis://127.0.0.1:1/0", SECRET_KEY=SECRET_KEY,
            PUBLIC_BASE_URL="http://127.0.0.1:9", SANDBOX_URL=NOBODY,
        )  # fmt: skip

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command(*words), cwd=ROOT, env=self.env, capture_output=True, text=True
        )

    def tell(self, *words: str) -> dict[str, Any]:
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def due(self, mode: str = "test") -> None:
        """A call that was due a minute ago."""
        due_at = datetime.now(UTC) - timedelta(minutes=1)
        rows.notification(
            self.organization_id, mode=mode, due_at=due_at, next_attempt_at=due_at,
            created_at=due_at, expires_at=due_at + timedelta(hours=1),
        )  # fmt: skip


@pytest.fixture
def console(
    configure: Configure, open_account: Callable[[str], Account], database_url: str
) -> Iterator[Console]:
    configure(LOG_LEVEL="ERROR", SECRET_KEY=SECRET_KEY)
    account = open_account("Practice")
    with base.connection():
        yield Console(database_url, account.organization_id)


@pytest.mark.row("A4")
def test_freeze_works_on_the_database_alone_and_tells_since_when(console: Console) -> None:
    first = console.tell("freeze", "--reason", "restored from last night")
    assert (first["frozen"], first["begun"]) == (True, True)
    assert first["reason"] == "restored from last night"
    hold = freezing.present()
    assert hold is not None
    assert first["since"] == hold.since.isoformat(timespec="seconds")
    again = console.tell("freeze", "--reason", "whatever")
    assert again == {**first, "begun": False}
    assert console.tell("freeze", "--again")["begun"] is True
    assert "nothing leaves until" in console.run("freeze").stdout
    assert console.tell("thaw") == {
        "frozen": False, "checked": 0, "adopted": 0, "waiting": 0, "unknown": 0, "expired": 0,
        "suspected": 0,
    }  # fmt: skip
    assert console.tell("thaw") == {"frozen": False}


@ON_SQLITE
@pytest.mark.row("A4")
def test_a_provider_out_of_reach_keeps_it_frozen_and_the_command_says_so(
    console: Console,
) -> None:
    console.due()
    console.tell("freeze")
    for words in (("thaw",), ("thaw", "--dry-run"), ("thaw", "--json")):
        done = console.run(*words)
        assert done.returncode == 1
        assert "still frozen" in done.stderr
        assert done.stdout == ""
    assert freezing.present() is not None


@ON_SQLITE
@pytest.mark.row("A4")
def test_live_calls_without_a_provider_to_ask_keep_it_frozen(console: Console) -> None:
    console.due("live")
    console.tell("freeze")
    done = console.run("thaw")
    assert (done.returncode, "no voice provider is set up" in done.stderr) == (1, True)
    assert freezing.present() is not None


@ON_SQLITE
@pytest.mark.row("A4")
def test_a_thaw_that_asks_nobody_has_to_be_meant(console: Console) -> None:
    console.due()
    console.tell("freeze")
    done = console.run("thaw", "--without-catch-up")
    assert (done.returncode, "--yes" in done.stderr) == (2, True)
    assert freezing.present() is not None
    assert console.tell("thaw", "--without-catch-up", "--yes") == {"frozen": False}
    assert freezing.present() is None


@ON_SQLITE
def test_where_nobody_places_test_calls_those_due_are_not_confirmed(console: Console) -> None:
    console.env["SANDBOX_URL"] = ""
    console.due()
    console.tell("freeze")
    dry = console.tell("thaw", "--dry-run")
    assert (dry["frozen"], dry["checked"], dry["unknown"]) == (True, 1, 1)
    done = console.tell("thaw")
    assert (done["frozen"], done["checked"], done["unknown"]) == (False, 1, 1)


@ON_SQLITE
def test_the_doctor_mentions_a_freeze(console: Console) -> None:
    console.tell("freeze", "--reason", "moving house")
    found = [json.loads(line) for line in console.run("doctor", "--json").stdout.splitlines()]
    (sending,) = [one for one in found if one["about"] == "sending"]
    assert sending["level"] == "warning"
    assert "moving house" in sending["text"]


@ON_SQLITE
def test_without_its_tables_nothing_is_frozen(console: Console, tmp_path: Path) -> None:
    console.env["DATABASE_URL"] = f"sqlite:///{tmp_path}/empty.db"
    for words in (("freeze",), ("thaw",)):
        done = console.run(*words)
        assert (done.returncode, "migrate" in done.stderr) == (1, True)


@ON_SQLITE
@pytest.mark.row("A4")
def test_a_freeze_that_is_killed_leaves_no_half_of_it(console: Console) -> None:
    console.env |= {"GATEWAY_TESTING": "1", "FP": "freeze.before_commit:kill"}
    assert console.run("freeze").returncode != 0
    assert freezing.present() is None
    console.env.pop("FP")
    assert console.tell("freeze")["begun"] is True

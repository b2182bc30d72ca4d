"""Dead letters and parked events from the command line."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.models import base
from gateway.models.notification import Notification
from gateway.models.records import AuditEntry
from gateway.usecases import accounts
from gateway.wallclock import now
from tests.cli.stacks import up
from tests.cli.test_accounts import Shell
from tests.failures import failed, letter, unmatched

pytestmark = pytest.mark.row("C6")

ACCOUNT = "AC" + "7" * 32


class Failures:
    """Two organizations, Salon with two failed calls and Clinic with one that has expired, and a
    dead event of nobody's."""

    def __init__(self) -> None:
        at = now()
        self.salon, self.clinic = (
            str(accounts.create_organization(name, "UTC", at).id) for name in ("Salon", "Clinic")
        )
        self.rows = [failed(self.salon), failed(self.salon), failed(self.clinic, expires_at=at)]
        self.event = unmatched(ACCOUNT)
        self.letters = [str(letter(row).id) for row in self.rows]

    def states(self) -> list[str]:
        """Where the failed calls stand."""
        return [str(Notification.get_by_id(row.id).state) for row in self.rows]


@pytest.fixture
def failures(sqlite_url: str) -> Iterator[Failures]:
    base.connect(sqlite_url)
    with base.connection():
        yield Failures()


@pytest.fixture
def shell(sqlite_url: str) -> Shell:
    return Shell(sqlite_url)


def tally(shell: Shell, *words: str) -> tuple[object, ...]:
    """Notifications, people, events, expired of what a command did."""
    [row] = shell.rows(*words)
    return row["notifications"], row["people"], row["events"], row["expired"]


def test_all_organizations_letters_are_listed_unless_one_is_named(
    shell: Shell, failures: Failures
) -> None:
    assert len(shell.rows("dead-letters", "list")) == 4
    salon = shell.rows(
        "dead-letters", "list", "--organization", "Salon", "--object", "notification"
    )
    assert [row["id"] for row in salon] == failures.letters[1::-1]
    assert {row["organization"] for row in salon} == {failures.salon}
    assert shell.rows("dead-letters", "list", "--mode", "live") == []
    assert len(shell.rows("dead-letters", "list", "--limit", "1")) == 1


def test_a_letter_is_shown_with_its_history_and_without_personal_data(
    shell: Shell, failures: Failures
) -> None:
    for words in (("list",), ("show", failures.letters[0])):
        for form in ((), ("--json",)):
            shown = shell.run("dead-letters", *words, *form).stdout
            assert "provider_error" in shown
            assert "+1202" not in shown
            assert "noon" not in shown
    assert "attempt 1 failed provider_error 21220" in shell.run(
        "dead-letters", "show", failures.letters[0]
    ).stdout  # fmt: skip
    assert shell.run("dead-letters", "show", "dl_x").returncode == 1


def test_all_are_replayed_only_when_it_is_said_twice(shell: Shell, failures: Failures) -> None:
    assert shell.run("dead-letters", "replay", "--all").returncode == 2
    assert tally(shell, "dead-letters", "replay", "--all", "--dry-run") == (2, 2, 1, 1)
    assert failures.states() == ["not_reached"] * 3
    assert tally(shell, "dead-letters", "replay", "--all", "--yes") == (2, 2, 1, 1)
    assert failures.states() == ["scheduled", "scheduled", "not_reached"]
    entry = AuditEntry.get(AuditEntry.action == "replay-dead-letters")
    assert (entry.organization_id, entry.key, entry.person) == (
        failures.salon, None, "command line"
    )  # fmt: skip


def test_one_is_replayed_and_another_organization_s_discarded(
    shell: Shell, failures: Failures
) -> None:
    assert tally(shell, "dead-letters", "replay", failures.letters[0]) == (1, 1, 0, 0)
    assert tally(shell, "dead-letters", "discard", "--organization", "Clinic",
                 "--reason", "provider_error") == (1, 1, 0, 0)  # fmt: skip
    assert failures.states() == ["scheduled", "not_reached", "not_reached"]
    assert [row["resolution"] for row in shell.rows("dead-letters", "list", "--resolved")] == [
        "discarded", "replayed"
    ]  # fmt: skip
    done = shell.run("dead-letters", "replay", "dl_x")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


def test_events_are_listed_replayed_and_discarded(shell: Shell, failures: Failures) -> None:
    [row] = shell.rows("parked-events", "list", "--state", "dead")
    assert (row["id"], "body" in row) == (failures.event.id, False)
    assert tally(shell, "parked-events", "replay", "--all", "--dry-run") == (0, 0, 1, 0)
    assert "4915112345678" not in shell.run("parked-events", "show", failures.event.id).stdout
    assert tally(shell, "parked-events", "discard", failures.event.id) == (0, 0, 1, 0)
    assert shell.rows("parked-events", "list") == []
    assert len(shell.rows("dead-letters", "list")) == 3


WRONG = {
    "nothing chosen": (("dead-letters", "replay"), "--all"),
    "ids and a filter": (("dead-letters", "discard", "dl_x", "--reason", "busy"), "--reason"),
    "all without yes": (("parked-events", "discard", "--all"), "--yes"),
    "no time": (("dead-letters", "list", "--from", "yesterday"), "--from"),
    "local time": (("parked-events", "list", "--to", "2026-12-01T09:00:00"), "--to"),
    "turned round": (("dead-letters", "list", "--from", "2026-12-02T00:00:00Z",
                      "--to", "2026-12-01T00:00:00Z"), "--from"),
    "no such organization": (("dead-letters", "list", "--organization", "Bar"), "--organization"),
    "no such mode": (("dead-letters", "list", "--mode", "loud"), "--mode"),
    "no such state": (("parked-events", "list", "--state", "applied"), "--state"),
    "no such object": (("dead-letters", "replay", "--object", "call"), "--object"),
    "no limit": (("dead-letters", "list", "--limit", "0"), "--limit"),
    "no stack": (("dead-letters", "list", "--data", "/nowhere"), "--data"),
}  # fmt: skip


def test_what_can_t_be_is_refused_with_2_and_the_option_s_name(
    shell: Shell, failures: Failures, subtests: pytest.Subtests
) -> None:
    for name, (words, option) in WRONG.items():
        with subtests.test(name):
            done = shell.run(*words)
            assert done.returncode == 2
            assert option in done.stderr
            assert "Traceback" not in done.stderr
    assert failures.states() == ["not_reached"] * 3


def test_an_admin_key_is_made_beside_a_running_up(tmp_path: Path) -> None:
    shell = Shell("")
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        del shell.env[name]
    data = tmp_path / "data"
    with up(data) as stack:
        assert (data / "settings.json").stat().st_mode & 0o777 == 0o600
        words = ("keys", "create", "--mode", "test", "--scopes", "admin", "--data", str(data))
        [made] = shell.rows(*words)
        api = stack.api
        api.http.headers["Authorization"] = f"Bearer {made['secret']}"
        answer = api.http.get(f"{api.base}/api/v1/admin/dead-letters", timeout=10)
        assert (answer.status_code, json.loads(answer.text)["data"]) == (200, [])
        assert shell.rows("dead-letters", "list", "--data", str(data)) == []

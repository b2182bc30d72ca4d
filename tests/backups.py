"""Backups of a test's database, taken while it is in use, and restored elsewhere."""

import sqlite3
import subprocess
from pathlib import Path

from tests.servers import PostgresServer

_SQLITE = "sqlite:///"


def take(database_url: str, file: Path, server: PostgresServer | None) -> None:
    """Write a consistent copy into a file: by SQLite's own way, or by pg_dump."""
    if database_url.startswith(_SQLITE):
        source = sqlite3.connect(database_url.removeprefix(_SQLITE))
        copy = sqlite3.connect(file)
        with source, copy:
            source.backup(copy)
        source.close()
        copy.close()
        return
    assert server is not None
    _run(server, "pg_dump", "--format=custom", f"--file={file}", f"--dbname={database_url}")


def restore(file: Path, server: PostgresServer | None) -> str:
    """The URL of a database made of a backup: beside its file, or in this server."""
    if server is None:
        copy = file.with_suffix(".restored.db")
        copy.write_bytes(file.read_bytes())
        return f"{_SQLITE}{copy}"
    url = server.create_database()
    _run(server, "pg_restore", "--no-owner", f"--dbname={url}", str(file))
    return url


def _run(server: PostgresServer, program: str, *arguments: str) -> None:
    """Run a program of the server's own version."""
    binaries = Path(f"/proc/{server.process.pid}/exe").resolve().parent
    done = subprocess.run([binaries / program, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

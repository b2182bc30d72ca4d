"""A stack whose database is backed up while it runs, and restored elsewhere."""

import dataclasses
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from peewee import fn

from gateway import boot
from gateway.cli.install import ROOT
from gateway.models import base
from gateway.models.feed import FeedEntry
from tests import backups
from tests.faults.crew import environment
from tests.servers import PostgresServer
from tests.stack import Stack, special

ODD = ["0103", "0106", "0107", "0110", "0120", "0121"]  # lost and early callbacks, a hung answer
PEOPLE = [special(f"{n:04d}") for n in range(200, 254)]
for place, last in enumerate(ODD):
    PEOPLE.insert(9 * place + 8, special(last))
NOBODY = {special("0120"), special("0121")}  # busy, no answer
LATER, AFTER = special("0300"), special("0301")


@dataclasses.dataclass
class House:
    """A stack with its database, and where a backup of it would be restored."""

    stack: Stack
    url: str
    server: PostgresServer | None
    elsewhere: PostgresServer | None
    folder: Path
    restored_with: int = 0  # the last id of the feed in the backup

    @property
    def backup(self) -> Path:
        return self.folder / "backup"

    def take_backup(self) -> None:
        """While everything runs."""
        backups.take(self.url, self.backup, self.server)

    def restore(self) -> None:
        """Everything stops; the database is what it was when the backup was made."""
        self.stack.stop_clock()
        self.stack.stop_worker()
        self.stack.web.stop()
        base.db.obj.close_all()
        self.url = backups.restore(self.backup, self.elsewhere)
        self.stack.settings = dataclasses.replace(self.stack.settings, database_url=self.url)
        boot.start(self.stack.settings)
        with base.connection():
            self.restored_with = FeedEntry.select(fn.MAX(FeedEntry.id)).scalar()

    def start(self) -> None:
        """Web, worker and clock."""
        if self.stack.web._server is None:
            self.stack.web.start()
        self.stack.start_worker()
        self.stack.start_clock()

    def run(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "gateway", *words, "--json"], cwd=ROOT, text=True,
            capture_output=True, env=environment(self.stack, self.url) | more, timeout=60,
        )  # fmt: skip

    def command(self, *words: str) -> dict[str, Any]:
        """What `python -m gateway …  --json` answers."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def placed(self) -> Counter[str]:
        """How often each number was called."""
        return Counter(entry["to"] for entry in self.stack.sandbox.placed())

    def end_of_feed(self) -> str:
        """The cursor of a reader that has read everything."""
        cursor: str | None = None
        while True:
            asked = {"limit": 200} | ({"after": cursor} if cursor else {})
            page = self.stack.api.take("GET", "/events", params=asked)
            if not page["data"]:
                return str(page["next_cursor"])
            cursor = page["next_cursor"]

    def ask(self) -> dict[str, str]:
        """Ask for a call to each of PEOPLE, ten a second; their notifications by number."""
        begin = datetime.now(UTC) + timedelta(seconds=0.5)
        moments = [begin + timedelta(seconds=n / 10) for n in range(len(PEOPLE))]
        asked = zip(PEOPLE, moments, strict=True)
        return {to: self.stack.api.call(to, send_at=at.isoformat())["id"] for to, at in asked}


def use_up_transactions(url: str, how_many: int) -> None:
    """Have the cluster's transaction numbers go up."""
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(how_many):
            connection.execute("SELECT pg_current_xact_id()")

"""The account of what was really placed: on the disk before the caller hears of it."""

import json
import os
from pathlib import Path
from threading import Condition
from typing import Any


class Ledger:
    """Append-only JSON lines, kept in memory too. Many threads share one fsync (group commit)."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; what an earlier run wrote is read back, a torn line is not."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._entries = _read(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
            os.write(self._file, b"\n")  # so that the next line is not torn as well
        self._turn = Condition()
        self._pending: list[bytes] = []
        self._added = 0
        self._durable = 0
        self._writing = False

    def append(self, entry: dict[str, Any]) -> None:
        """Return once the entry is on the disk. Raises OSError when it could not be written."""
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        with self._turn:
            self._pending.append(line)
            self._entries.append(entry)
            self._added += 1
            mine = self._added
            while self._durable < mine:
                if self._writing:
                    self._turn.wait()
                else:
                    self._write_batch()

    def _write_batch(self) -> None:
        """One thread writes for everybody who waits; called and left with the lock held."""
        batch, self._pending = b"".join(self._pending), []
        upto = self._added
        self._writing = True
        self._turn.release()
        try:
            _write_all(self._file, batch)
            os.fsync(self._file)
        finally:
            self._turn.acquire()
            self._writing = False
            self._turn.notify_all()
        self._durable = max(self._durable, upto)

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        """The entries in the order in which they were placed, without that many of the oldest."""
        with self._turn:
            return self._entries[after:]

    def clear(self) -> None:
        """Forget everything, in memory and on the disk."""
        with self._turn:
            while self._writing:
                self._turn.wait()
            self._entries.clear()
            self._pending.clear()
            self._durable = self._added
            os.ftruncate(self._file, 0)
            os.fsync(self._file)
            self._turn.notify_all()

    def close(self) -> None:
        """Close the file; the ledger is of no use afterwards."""
        with self._turn:
            while self._writing:
                self._turn.wait()
            os.close(self._file)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    entries: list[dict[str, Any]] = []
    for line in path.read_bytes().splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return entries

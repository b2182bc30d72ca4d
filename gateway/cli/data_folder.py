"""The folder that holds everything a stack on one machine writes: 0700, one stack at a time."""

import fcntl
import json
import os
import secrets
from pathlib import Path
from typing import Any

from gateway.cli.main import Stopped

_CHOSEN = "settings.json"


def chosen(folder: Path) -> dict[str, str]:
    """The settings that the stack in a folder chose itself; empty where none ran."""
    try:
        kept: dict[str, str] = json.loads((folder / _CHOSEN).read_text())
    except (OSError, ValueError):
        return {}
    return kept


class DataFolder:
    """Taken for this process when made. Raises Stopped when another stack uses it."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.chmod(0o700)
            self.logs.mkdir(exist_ok=True, mode=0o700)
            self._lock = os.open(self.path / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Stopped(
                f"the data folder {self.path} can't be used: {error.strerror}", 2
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise Stopped(f"another stack is running on {self.path}: use --data DIR", 2) from error

    @property
    def logs(self) -> Path:
        """Where each child writes its own log."""
        return self.path / "logs"

    @property
    def database_url(self) -> str:
        """The embedded database."""
        return f"sqlite:///{self.path / 'ringback.db'}"

    def secret_key(self) -> str:
        """SECRET_KEY of this folder, made the first time."""
        file = self.path / "secret-key"
        if not file.exists():
            self._write(file, secrets.token_urlsafe(48))
        return file.read_text().strip()

    def credentials(self) -> dict[str, Any]:
        """What `keep` kept; empty the first time."""
        try:
            kept: dict[str, Any] = json.loads((self.path / "credentials.json").read_text())
        except (OSError, ValueError):
            return {}
        return kept

    def keep(self, credentials: dict[str, Any]) -> None:
        """Keep API keys for the next start, readable by this user alone."""
        self._write(self.path / "credentials.json", json.dumps(credentials))

    def choose(self, settings: dict[str, str]) -> None:
        """Keep the settings that the stack chose itself, for commands that work beside it."""
        self._write(self.path / _CHOSEN, json.dumps(settings))

    def _write(self, file: Path, text: str) -> None:
        draft = file.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(text)
            out.flush()
            os.fsync(handle)
        draft.replace(file)

    def release(self) -> None:
        """Let another stack have it."""
        os.close(self._lock)

"""One child process with all that it starts: begun, watched and ended together.

Each child leads a session of its own, so that Ctrl-C in a terminal reaches only the supervisor and
whatever a killed leader leaves behind can be found by its group.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_SWEEP_SECONDS = 5.0


def adopt_orphans(adopt: bool = True) -> None:
    """Become the parent of what a killed child leaves behind, to reap it (Linux only)."""
    if _libc:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, int(adopt), 0, 0, 0)


def end_with_parent() -> None:
    """For a new child, before it becomes its program: SIGTERM when the thread that started it ends
    without a word, which for the main thread is the end of the process (Linux only)."""
    if _libc:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


@dataclass
class Child:
    """A command, where it logs, and its process while there is one."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    folder: Path
    log: Path
    restarts: int = 0
    started_at: float = 0.0
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it. It gets SIGTERM if the supervisor dies without a word (Linux only)."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                env=self.env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - one prctl call, no locks
            )
        self.started_at = time.monotonic()

    @property
    def pid(self) -> int | None:
        """The leader's process id, also after its end; None if it was never started."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        """Whether the leader lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def status(self) -> int | None:
        """How the leader ended: its exit status, or minus the signal."""
        return self._process.returncode if self._process else None

    def ask_to_stop(self) -> None:
        """SIGTERM to the leader, which passes it on to its own."""
        if self._process and self.running:
            self._process.terminate()

    def sweep(self) -> None:
        """Kill what is left of the group, the leader too, and wait until it is gone."""
        process = self._process
        if process is None:
            return
        self._kill_group(process.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_SWEEP_SECONDS)
        deadline = time.monotonic() + _SWEEP_SECONDS
        while self._reap_group(process.pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        self._process = None

    def _kill_group(self, group: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)

    def _reap_group(self, group: int) -> bool:
        """Collect adopted orphans; whether any of the group is still there."""
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-group, os.WNOHANG)[0]:
                pass
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True

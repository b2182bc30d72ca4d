"""Real processes beside a stack, to be killed, stopped and started again."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from gateway.cli.install import ROOT
from tests import servers
from tests.stack import Stack
from tests.waiting import until

QUICK = {
    "CLAIM_LEASE_SECONDS": "0.5",
    "SENDING_LEASE_SECONDS": "1.5",
    "PROVIDER_DEADLINE_SECONDS": "1",
    "UNKNOWN_LOOKUP_SECONDS": "0.2,0.8",
}


def environment(stack: Stack, database_url: str) -> dict[str, str]:
    """The variables under which another process belongs to this stack."""
    configured = stack.settings
    numbers = {
        "CLOCK_POLL_SECONDS": configured.clock_poll_seconds,
        "PROVIDER_DEADLINE_SECONDS": configured.provider_deadline_seconds,
        "CLAIM_LEASE_SECONDS": configured.claim_lease_seconds,
        "SENDING_LEASE_SECONDS": configured.sending_lease_seconds,
        "UNKNOWN_LOOKUP_SECONDS": ",".join(map(str, configured.unknown_lookup_seconds)),
        "SILENT_CALL_LOOKUP_SECONDS": ",".join(map(str, configured.silent_call_lookup_seconds)),
        "RETRY_VOICE_SECONDS": ",".join(map(str, configured.retry_voice_seconds)),
    }
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": os.environ.get("HOME", "/"),
        "DATABASE_URL": database_url,
        "REDIS_URL": configured.redis_url,
        "REDIS_CA_FILE": configured.redis_ca_file or "",
        "SECRET_KEY": configured.secret_key,
        "PUBLIC_BASE_URL": configured.public_url,
        "SANDBOX_URL": str(configured.sandbox_url),
        "VOICE_PROVIDER": configured.voice_provider,
        "CLOCK_IN_WORKER": "false",
        "TRANSCRIBE_CALLS": str(configured.transcribe_calls),
        "LOG_LEVEL": "WARNING",
        "GATEWAY_TESTING": "1",
        "GATEWAY_CLOCK_FILE": configured.gateway_clock_file or "",
        **{name: str(value) for name, value in numbers.items()},
    }


class Crew:
    """Processes forked by a zygote. `log` holds what they wrote to stderr."""

    def __init__(self, environ: dict[str, str], log: Path) -> None:
        self.pids: set[int] = set()
        self._turn = threading.Lock()
        self._ended: dict[int, int] = {}
        with log.open("ab") as out:
            self._zygote = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.zygote"], env=environ, cwd=ROOT, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out,
                preexec_fn=servers.last_will(),
            )  # fmt: skip

    def _order(self, **order: Any) -> Any:
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        with self._turn:
            self._zygote.stdin.write(json.dumps(order) + "\n")
            self._zygote.stdin.flush()
            return json.loads(self._zygote.stdout.readline())

    def start(self, *roles: str, **order: Any) -> int:
        """Start a process with these roles (worker, clock, web); its id. `fp` and `fp_n` arm
        failpoints in it, `queues` are those a worker serves (all), `log` is a file for its own
        lines."""
        pid: int = self._order(roles=roles, **order)
        self._ended.pop(pid, None)  # the system gives old ids out again
        self.pids.add(pid)
        return pid

    def status(self, pid: int) -> int | None:
        """How the process ended (minus the signal), None while it runs."""
        if pid in self._ended:
            return self._ended[pid]
        status: int | None = self._order(poll=pid)
        if status is not None:
            self.pids.discard(pid)
            self._ended[pid] = status
        return status

    def organization(self, name: str) -> dict[str, str]:
        """Make an organization: its `id` and a test `key` with all scopes."""
        made: dict[str, str] = self._order(organization=name)
        return made

    def killed(self, pid: int, seconds: float = 40) -> None:
        """Wait until the process was killed by its failpoint."""
        status: list[int] = []

        def over() -> bool:
            found = self.status(pid)
            status.extend([] if found is None else [found])
            return bool(status)

        until(over, "the failpoint", seconds)
        assert status == [-signal.SIGKILL]

    def end(self, pid: int, number: int = signal.SIGKILL) -> None:
        """Send a signal and wait for the end of the process."""
        os.kill(pid, number)
        until(lambda: self.status(pid) is not None, "the end of a process")

    def close(self) -> None:
        """Kill whatever is left."""
        for pid in list(self.pids):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._zygote.kill()  # and what it forked goes with it
        self._zygote.wait(10)
        for pipe in (self._zygote.stdin, self._zygote.stdout):
            if pipe is not None:
                pipe.close()

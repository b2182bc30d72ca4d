"""The sandbox as the provider of a stack: a process of its own that is never harmed."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from gateway.cli.embedded_redis import free_port
from gateway.cli.install import ROOT
from tests import servers
from tests.faults.suite.proxy import Proxy
from tests.waiting import until


class Provider:
    """The sandbox in a process of its own, and the proxy before it. It is never killed."""

    def __init__(self, folder: Path, gateway: str, secret_key: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        env = {
            "PATH": "/usr/bin:/bin", "HOME": "/tmp", "SECRET_KEY": secret_key,
            "PUBLIC_BASE_URL": gateway,
        }  # fmt: skip
        command = [sys.executable, "-m", "gateway", "sandbox", "--port", str(port)]
        command += ["--ledger", str(folder / "placed.jsonl")]
        command += ["--ring-seconds", "0.05", "--talk-seconds", "0.05"]
        with (folder / "sandbox.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=servers.last_will(),
            )  # fmt: skip
        self.proxy = Proxy(port)
        self.proxied = f"http://127.0.0.1:{self.proxy.port}"
        until(self._answers, "the sandbox", 30)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/sandbox/health", timeout=2).ok
        except requests.RequestException:
            return False

    def look(self, window: str) -> list[dict[str, Any]]:
        """The JSON of one of its windows."""
        found: list[dict[str, Any]] = requests.get(
            f"{self.url}/sandbox/{window}", timeout=20
        ).json()
        return found

    def start_fault(self, behaviour: str, **how: Any) -> None:
        """Put a fault in force until all are ended."""
        body = {"behaviour": behaviour, **how}
        answer = requests.post(f"{self.url}/sandbox/faults", json=body, timeout=10)
        assert answer.ok, answer.text

    @contextlib.contextmanager
    def fault(self, behaviour: str, **how: Any) -> Iterator[None]:
        """Put a fault in force until the block ends; that ends all there are."""
        self.start_fault(behaviour, **how)
        yield
        requests.delete(f"{self.url}/sandbox/faults", timeout=10)

    def heal(self) -> None:
        """No faults, and reachable."""
        self.proxy.latency, self.proxy.deaf = 0.0, False
        self.proxy.accept()
        requests.delete(f"{self.url}/sandbox/faults", timeout=10)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(20)
        self.proxy.close()

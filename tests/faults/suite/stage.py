"""One whole stack on one database, on which fault after fault is played: real processes around a
client, a provider that is never harmed, and proxies on the ways between them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from gateway import wallclock
from gateway.cli.install import ROOT
from gateway.domain.lanes import QUEUES
from gateway.settings import Settings
from tests import servers
from tests.faults.crew import Crew
from tests.faults.suite.databases import Postgres, Sqlite
from tests.faults.suite.evidence import Timeline
from tests.faults.suite.provider import Provider
from tests.faults.suite.proxy import Proxy
from tests.waiting import until

SECRET_KEY = "the secret key of the fault suite, 32 characters or more"
DEADLINE = 1.0
QUICK = {
    "CLOCK_POLL_SECONDS": "0.1",
    "CLAIM_LEASE_SECONDS": "2",
    "SENDING_LEASE_SECONDS": "3",
    "PROVIDER_DEADLINE_SECONDS": str(DEADLINE),
    "UNKNOWN_LOOKUP_SECONDS": "0.5,1.5,4,8,16",
    "SILENT_CALL_LOOKUP_SECONDS": "2,2,4,8,16,30,60,120",
    "RETRY_VOICE_SECONDS": "0.3,0.6,1,2,4,8,8,8",
    "RETRY_DEFAULT_SECONDS": "0.3,0.6,1,2,4,8,8,8",
    "RETRY_EVENT_SECONDS": "0.3,0.6,1,2,4,8,8,8",
    "BREAKER_PAUSE_SECONDS": "0.5,1,2,4",
    "CREDENTIALS_CHECK_SECONDS": "1",
    "CLOCK_IN_WORKER": "false",
    "TRANSCRIBE_CALLS": "false",
    "LOG_LEVEL": "WARNING",
    "GATEWAY_TESTING": "1",
}
STANDARD = {"web": ("web",), "worker-1": ("worker",), "worker-2": ("worker",), "clock": ("clock",)}


class Stage:
    """Everything that runs. `posts` are the product's processes by name; `heal` makes all as it
    should be again, whatever was done."""

    def __init__(self, database: Sqlite | Postgres, redis: servers.RedisServer, folder: Path):
        self.database, self.redis, self.folder = database, redis, folder
        self._reserved = socket.socket()
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            self._reserved.setsockopt(socket.SOL_SOCKET, option, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self.port: int = self._reserved.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.sandbox = Provider(folder, self.url, SECRET_KEY)
        self.redis_proxy = Proxy(urlsplit(redis.url).port or 0)
        self.posts: dict[str, int] = {}
        self.frozen: set[int] = set()
        self.timeline = Timeline()
        self.clock_file = folder / "clock.json"
        self.show_time(0)
        self.env = self._environment(proxied=False)
        self.command("migrate")
        self.crew: Crew
        self._crews: dict[bool, Crew] = {}
        self._turn = threading.RLock()
        self.route()

    def route(self, *, proxied: bool = False) -> None:
        """Have the product reach database and Redis through the proxies, or, at less cost,
        straight."""
        if proxied not in self._crews:
            env = self._environment(proxied=proxied)
            self._crews[proxied] = Crew(env, self.folder / "crew.log")
        elif self.crew is self._crews[proxied]:
            return
        for post in list(self.posts):
            self.end(post, signal.SIGTERM)
        self.crew = self._crews[proxied]

    def _environment(self, *, proxied: bool) -> dict[str, str]:
        redis_url = self.redis.url.replace(
            f":{urlsplit(self.redis.url).port}/", f":{self.redis_proxy.port}/"
        )
        known = {name.upper() for name in Settings.__dataclass_fields__}
        mine = {
            "DATABASE_URL": self.database.proxied if proxied else self.database.url,
            "REDIS_URL": redis_url if proxied else self.redis.url,
            "SECRET_KEY": SECRET_KEY,
            "PUBLIC_BASE_URL": self.url,
            "PORT": str(self.port),
            "SANDBOX_URL": self.sandbox.proxied,
            "GATEWAY_CLOCK_FILE": str(self.clock_file),
            **{name: value for name, value in QUICK.items() if name in known},
        }
        home = os.environ.get("HOME", "/")
        return mine | {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": home}

    def command(self, *words: str) -> None:
        """Run one of the product's commands to its end."""
        subprocess.run(
            [sys.executable, "-m", "gateway", *words], env=self.env, cwd=ROOT, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def show_time(self, offset: float) -> None:
        """Have the product's clocks be off by so many seconds from now on."""
        self.timeline.step(timedelta(seconds=offset))
        wallclock.set_reading(
            str(self.clock_file), datetime.now(UTC) + timedelta(seconds=offset)
        )  # fmt: skip

    def start(self, post: str, **order: Any) -> int:
        """Man a post: its roles are what its name begins with."""
        roles = STANDARD.get(post) or (post.partition("-")[0],)
        if "web" in roles:
            order["port"] = self.port
        with self._turn:
            self.posts[post] = pid = self.crew.start(*roles, **order)
        return pid

    def alive(self, post: str) -> bool:
        """Whether somebody is at the post."""
        with self._turn:
            return post in self.posts and self.crew.status(self.posts[post]) is None

    def end(self, post: str, number: int = signal.SIGKILL) -> None:
        """Send the one at this post a signal and wait for the end."""
        with self._turn:
            pid = self.posts.pop(post, None)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
            if pid in self.frozen:
                self.thaw(pid)
        until(lambda: self.crew.status(pid) is not None, f"the end of {post}", 40)

    def freeze(self, pid: int) -> None:
        """Stop a process in its tracks."""
        self.frozen.add(pid)
        os.kill(pid, signal.SIGSTOP)

    def thaw(self, pid: int) -> None:
        """Let it go on."""
        self.frozen.discard(pid)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def procfile(self) -> Iterator[None]:
        """Web, worker and clock by the commands that the Procfile has, ended by SIGTERM."""
        wanted = (["web", "--host", "127.0.0.1"], ["worker", "--processes", "2"], ["clock"])
        with (self.folder / "procfile.log").open("ab") as log:
            running = [
                subprocess.Popen(
                    [sys.executable, "-m", "gateway", *words], env=self.env, cwd=ROOT, stderr=log,
                    stdin=subprocess.DEVNULL, stdout=log,
                ) for words in wanted
            ]  # fmt: skip
        try:
            until(self.ready, "the web of the Procfile", 30)
            yield
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(40)

    def heal(self) -> None:
        """Servers up, ways open, clocks right, every standard post manned and no other."""
        for pid in list(self.frozen):
            self.thaw(pid)
        self.sandbox.heal()
        self._heal_redis()
        self.database.heal()
        for post in [post for post in self.posts if post not in STANDARD]:
            self.end(post, signal.SIGTERM)
        for post in STANDARD:
            if not self.alive(post):
                self.start(post)
        until(self.ready, "the web", 30)

    def ready(self) -> bool:
        """Whether bookings are taken."""
        try:
            return requests.get(f"{self.url}/health/ready", timeout=3).status_code == 200
        except requests.RequestException:
            return False

    def _heal_redis(self) -> None:
        process = self.redis.process
        self.redis_proxy.latency, self.redis_proxy.deaf = 0.0, False
        self.redis_proxy.accept()
        if process is None or process.poll() is not None:
            self.redis.start()
            return
        process.send_signal(signal.SIGCONT)
        client = self.redis.client()
        client.client_unpause()
        client.config_set("maxmemory", 0)
        client.config_set("maxclients", 10000)
        client.replicaof("NO", "ONE")
        client.close()

    def backlog(self) -> int:
        """Messages that wait in Redis."""
        client = self.redis.client()
        try:
            return sum(int(client.llen(f"ringback:{name}")) for name in QUEUES)
        finally:
            client.close()

    def close(self) -> None:
        """End it all."""
        for crew in self._crews.values():
            crew.close()
        self.sandbox.close()
        self.redis_proxy.close()
        if isinstance(self.database, Postgres):
            self.database.close()
        self._reserved.close()

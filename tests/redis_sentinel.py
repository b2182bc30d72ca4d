"""A primary, its replica and a Sentinel that watches them, as processes of this run."""

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from gateway.cli import embedded_redis
from tests.servers import RedisServer, last_will
from tests.waiting import until

SERVICE = "ringback-primary"
PASSWORD, SENTINEL_PASSWORD = "the-servers-word", "the-sentinels-word"


@dataclass
class Watched:
    """The two servers by their ports, and the Sentinel. `url` is for REDIS_URL."""

    url: str
    sentinel: "redis.Redis"
    servers: dict[int, RedisServer] = field(repr=False)

    def primary(self) -> int:
        """The port of the server that the Sentinel calls the primary."""
        found: Any = self.sentinel.sentinel_master(SERVICE)
        return int(found["port"])

    def promoted(self, not_this: int) -> int:
        """Wait until another server is the primary and takes writes; its port."""

        def moved() -> int | None:
            port = self.primary()
            if port == not_this:
                return None
            client = self.servers[port].client()
            try:
                return port if client.info("replication")["role"] == "master" else None
            finally:
                client.close()

        return int(until(moved, "a new primary", 30) or 0)

    def fail_over(self) -> int:
        """Have the Sentinel make the replica the primary; the new one's port."""
        before = self.primary()
        until(self._begun, "a replica to promote", 30, pause=0.2)
        return self.promoted(before)

    def _begun(self) -> bool:
        try:
            return bool(self.sentinel.sentinel_failover(SERVICE))
        except redis.ResponseError:  # NOGOODSLAVE: it has not seen the replica in order yet
            return False


@contextlib.contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """Run the three until the block ends. Passwords are needed everywhere; a server that does not
    answer for half a second is given up."""
    first, second = (_server(folder / name) for name in ("one", "two"))
    port = embedded_redis.free_port()
    configuration = folder / "sentinel.conf"
    lines = (
        "bind 127.0.0.1", f"port {port}", f"requirepass {SENTINEL_PASSWORD}",
        f'dir "{folder}"', f"sentinel monitor {SERVICE} 127.0.0.1 {_port(first)} 1",
        f"sentinel auth-pass {SERVICE} {PASSWORD}",
        f"sentinel down-after-milliseconds {SERVICE} 500",
        f"sentinel failover-timeout {SERVICE} 3000",
    )  # fmt: skip
    configuration.write_text("\n".join(lines) + "\n")
    client = redis.Redis(port=port, password=SENTINEL_PASSWORD, socket_timeout=5)
    sentinel: subprocess.Popen[bytes] | None = None
    try:
        first.start()
        second.command += ["--replicaof", f"127.0.0.1 {_port(first)}"]
        second.start()
        sentinel = subprocess.Popen(
            [embedded_redis.binary(), str(configuration), "--sentinel"],
            stdout=subprocess.DEVNULL, preexec_fn=last_will(),
        )  # fmt: skip
        url = (
            f"redis+sentinel://:{PASSWORD}@127.0.0.1:{embedded_redis.free_port()},127.0.0.1:{port}"
            f"/{SERVICE}/0?sentinel_password={SENTINEL_PASSWORD}"
        )
        both = {_port(server): server for server in (first, second)}
        found = Watched(url, client, both)
        until(lambda: _sees_both(client), "the Sentinel", 30)
        yield found
    finally:
        client.close()
        if sentinel is not None:
            sentinel.kill()
            sentinel.wait(10)
        for server in (first, second):
            server.kill()


def _server(folder: Path) -> RedisServer:
    folder.mkdir(parents=True)
    child, url = embedded_redis.prepare(folder, folder / "redis.log", {})
    place = url.rpartition("@")[2]
    more = ["--requirepass", PASSWORD, "--masterauth", PASSWORD, "--repl-diskless-sync-delay", "0"]
    return RedisServer(f"redis://:{PASSWORD}@{place}", [*child.command, *more], folder)


def _port(server: RedisServer) -> int:
    return int(server.url.rpartition(":")[2].partition("/")[0])


def _sees_both(client: "redis.Redis") -> bool:
    try:
        seen: Any = client.sentinel_slaves(SERVICE)
    except redis.RedisError:
        return False
    return any(one["master-link-status"] == "ok" and not one["is_sdown"] for one in seen)

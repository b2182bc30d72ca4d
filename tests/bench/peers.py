"""The other yardsticks: programs in the folder that `--peer` names. One that can't run says why."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.ground import TOKEN, Ground, Running, running
from tests.cli.stacks import clean_env

LONGEST = 600.0  # seconds that one run of a peer may take
POOLS = {"threads": ("-P", "threads", "-c", "16"), "prefork": ("-P", "prefork", "-c", "2")}


class Missing(Exception):
    """A yardstick that can't run here; its text says what is missing."""


@dataclass(frozen=True)
class Ran:
    """What a peer printed, and the seconds that the database took of the processor for it."""

    told: dict[str, Any]
    database_seconds: float
    seconds: float | None = None  # of its own worker's


def environ(ground: Ground, provider_url: str = "", **more: str) -> dict[str, str]:
    """The environment of a peer, on an empty database of its own."""
    return clean_env(
        PEER_DATABASE_URL=ground.bare_database(),
        PEER_REDIS_URL=ground.redis.url,
        PROVIDER_BASE_URL=provider_url,
        PUBLIC_BASE_URL="https://hooks.example.com",
        TWILIO_AUTH_TOKEN=TOKEN,
        **more,
    )


def bullmq(ground: Ground) -> Path:
    """The prepared folder of the BullMQ peer. Raises Missing."""
    folder = _folder(ground, "bullmq")
    if not (folder / "node_modules").is_dir():
        raise Missing(f"{folder} is not prepared: run `npm install` in it first")
    return folder


def celery(ground: Ground) -> Path:
    """The folder of the Celery peer, with a virtual environment .venv in it. Raises Missing."""
    folder = _folder(ground, "celery")
    if not (folder / ".venv" / "bin" / "celery").exists():
        raise Missing(f"{folder} is not prepared: it needs .venv with its requirements.txt")
    return folder


def _folder(ground: Ground, name: str) -> Path:
    if ground.chosen.peers is None:
        raise Missing("runs with --peer DIR only")
    folder = ground.chosen.peers / name
    if not folder.is_dir():
        raise Missing(f"there is no {folder}")
    return folder


def node(ground: Ground, environment: dict[str, str], script: str, *words: object) -> Ran:
    """Run a script of the BullMQ peer to its end. Raises Missing when it fails."""
    return _run(ground, bullmq(ground), environment, ["node", script, *map(str, words)])


@contextlib.contextmanager
def node_server(ground: Ground, environment: dict[str, str], script: str) -> Iterator[Running]:
    """Run a server of the BullMQ peer until the block ends; raises Missing."""
    with running(["node", script], environment, bullmq(ground)) as one:
        yield one


def place_by_celery(ground: Ground, environment: dict[str, str], pool: str, calls: int) -> Ran:
    """Have the Celery peer place so many calls with one of POOLS. Raises Missing."""
    folder = celery(ground)
    programs = folder / ".venv" / "bin"
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    ground.redis.client().flushall()
    words = [str(programs / "celery"), "-A", "peer", "worker", "-l", "ERROR", *POOLS[pool]]
    with running(words, environment, folder) as worker:
        # The first run is not counted: the worker's clients and connections are made in it.
        _run(ground, folder, environment, [str(programs / "python"), "peer.py", "50"])
        before = worker.seconds()
        ran = _run(ground, folder, environment, [str(programs / "python"), "peer.py", str(calls)])
        return Ran(ran.told, ran.database_seconds, worker.seconds() - before)


def _run(ground: Ground, folder: Path, environment: dict[str, str], words: list[str]) -> Ran:
    before = ground.postgres_seconds()
    try:
        done = subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONGEST
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise Missing(f"{words[0]} {words[1]}: {fault}") from fault
    if done.returncode:
        raise Missing(f"{words[0]} {words[1]} failed: {done.stderr.strip()[-300:]}")
    lines = done.stdout.strip().splitlines()
    told = json.loads(lines[-1]) if lines else {}
    return Ran(told, ground.postgres_seconds() - before)

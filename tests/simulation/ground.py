"""The ground under a run: a fresh database, settings, carriers, and an operating system whose clock
and entropy follow the seed."""

import random
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from gateway import failpoints, logs, providers, settings
from gateway.models import base, schema
from gateway.models.organization import Organization
from gateway.settings import Settings
from gateway.usecases import holds
from tests.simulation.seasons import TOWNS
from tests.simulation.timeline import Timeline
from tests.simulation.world import World

SECRET_KEY = "a secret key of at least 32 characters, for runs"
KEPT = ("schema_migration", "feed_base")


class NotEmpty(Exception):
    """The database given holds more than a simulator's rows."""


def _memory() -> str | None:
    """Where files cost no disk, if there is such a place."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


@cache
def _template() -> Path:
    path = Path(tempfile.mkdtemp(prefix="ringback-simulation-", dir=_memory())) / "template.db"
    base.connect(f"sqlite:///{path}")
    schema.migrate()
    _close()
    return path


def _close() -> None:
    close_all = getattr(base.db.obj, "close_all", None)
    if close_all is not None:
        close_all()


@contextmanager
def database(url: str | None) -> Iterator[str]:
    """A database without any rows: a file in memory, or the one given, which is emptied. Raises
    NotEmpty when that holds organizations that no simulator made."""
    if url is not None:
        _empty(url)
        yield url
        return
    template = _template()
    with tempfile.TemporaryDirectory(dir=template.parent) as folder:
        path = Path(folder) / "run.db"
        shutil.copy(template, path)
        yield f"sqlite:///{path}"


def forget_template() -> None:
    """Remove what was made for the runs of this process."""
    if _template.cache_info().currsize:
        shutil.rmtree(_template().parent, ignore_errors=True)
        _template.cache_clear()


def _empty(url: str) -> None:
    base.connect(url)
    schema.migrate()
    try:
        with base.connection():
            strangers = {row.name for row in Organization.select()} - {town.name for town in TOWNS}
            if strangers:
                raise NotEmpty("the database holds organizations that are not the simulator's")
            tables = [name for name in base.db.get_tables() if name not in KEPT]
            if base.dialect() == "postgresql":
                names = ", ".join(f'"{name}"' for name in tables)
                with base.atomic():  # ledgers are only added to, but by a replica
                    base.db.execute_sql("SET LOCAL session_replication_role = replica")
                    base.db.execute_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
    finally:
        _close()


@contextmanager
def standing(world: World, database_url: str | None) -> Iterator[None]:
    """Everything a run stands on, and afterwards this process as it was before."""
    before = settings.current()
    with database(database_url) as url, _determined(world.dice.seed, world.timeline):
        configured = _settings(url)
        settings.use(configured)
        base.connect(url, configured.database_connections)
        providers.load(configured, world.carriers)
        holds._let_go.clear()  # what the process of the run before remembered
        logs.configure("CRITICAL")
        try:
            yield
        finally:
            failpoints.observe(None)
            world.timeline.close()
            _close()
            logs.configure(before.log_level)
            settings.use(before)
            providers.load(before)


@contextmanager
def _determined(seed: int, timeline: Timeline) -> Iterator[None]:
    """An operating system that gives the same to every run of a seed: ids carry virtual time."""
    entropy, jitter = random.Random(f"{seed}|entropy"), random.getstate()
    real = (secrets.randbits, time.time_ns)
    _replace(entropy.getrandbits, lambda: int(timeline.now.timestamp() * 1_000_000) * 1000)
    try:
        yield
    finally:
        _replace(*real)
        random.setstate(jitter)


def _replace(randbits: Any, time_ns: Any) -> None:
    secrets.randbits, time.time_ns = randbits, time_ns


def on_its_own() -> None:
    """Make a process ready for runs that has no settings of its own."""
    logs.configure("CRITICAL")
    settings.use(_settings("sqlite:///unused.db"))


def _settings(database_url: str) -> Settings:
    environ = {
        "DATABASE_URL": database_url, "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": SECRET_KEY, "CALLS_PER_SECOND": "2", "DATABASE_CONNECTIONS": "100",
    }  # fmt: skip
    return replace(Settings.from_env(environ), voice_provider="open")

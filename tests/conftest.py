"""What tests stand on: a real Redis, a fresh database on SQLite and on PostgreSQL for each test
that asks for one, a process's settings, an organization with its keys."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
import structlog

from gateway import boot
from gateway.http import create_app
from gateway.models import base, schema
from gateway.settings import Settings, use
from gateway.usecases import accounts
from tests import hours, servers
from tests.spares import Spares

if TYPE_CHECKING:
    from tests.stack import Stack

SECRET_KEY = "a secret key of at least 32 characters, for tests"
_stack = contextlib.ExitStack()
_folder = Path(tempfile.mkdtemp(prefix="rb-tests-"))
# A busy machine is no fault of what is tested.
_SLOW = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=_SLOW)
hypothesis.settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--simulation-seed N`: the world that tests/simulation adds to its fixed ones."""
    parser.addoption("--simulation-seed", type=int, default=3, help="a world to simulate")


def pytest_configure(config: pytest.Config) -> None:
    """Modules with actors connect their broker when they are imported, so Redis comes first."""
    server = _stack.enter_context(servers.start_redis(_folder / "redis"))
    config.stash[REDIS] = server
    environ = _environ(server.url, f"sqlite:///{_folder}/unused.db")
    for name in [*Settings.__dataclass_fields__]:
        os.environ.pop(name.upper(), None)
    os.environ.update(environ)
    use(Settings.from_env(environ))


def pytest_unconfigure(config: pytest.Config) -> None:
    _stack.close()
    shutil.rmtree(_folder, ignore_errors=True)


REDIS = pytest.StashKey[servers.RedisServer]()


def _environ(redis_url: str, database_url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": SECRET_KEY,
        "LOG_LEVEL": "INFO",
    }


@pytest.fixture(scope="session")
def redis_server(request: pytest.FixtureRequest) -> servers.RedisServer:
    """The Redis of this run."""
    return request.config.stash[REDIS]


@pytest.fixture(autouse=True)
def _no_ids_of_another_test() -> None:
    """A request handled in this thread leaves its id to be logged."""
    structlog.contextvars.clear_contextvars()


@pytest.fixture(autouse=True)
def _empty_redis(redis_server: servers.RedisServer) -> None:
    client = redis_server.client()
    client.flushall()
    client.set("ringback:sentinel", 1)
    client.close()
    # Here: importing it connects it, by settings that `pytest_configure` makes.
    from tasks import broker

    broker.answered()  # whatever an earlier test did to it


@pytest.fixture(scope="session")
def postgres() -> Iterator[servers.PostgresServer]:
    """The PostgreSQL of this run, with a migrated template database."""
    with servers.start_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: servers.PostgresServer) -> str:
    url = postgres.create_database()
    _migrate(url)
    return servers.database_name(url)


@pytest.fixture(scope="session")
def spares(postgres: servers.PostgresServer, postgres_template: str) -> Spares:
    """Migrated databases on the PostgreSQL of this run."""
    return Spares(postgres, postgres_template)


@pytest.fixture(scope="session")
def sqlite_template() -> Path:
    path = _folder / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


def _migrate(url: str) -> None:
    database = base.connect(url)
    schema.migrate()
    _close(database)


def _close(database: object) -> None:
    close_all = getattr(database, "close_all", None)
    if close_all is not None:
        close_all()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, migrated database: each test that asks for it runs on both kinds."""
    if request.param == "sqlite":
        path = tmp_path / "ringback.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    spares: Spares = request.getfixturevalue("spares")
    url = spares.take()
    yield url
    spares.give_back(url)


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A fresh, migrated SQLite database, where the kind does not matter."""
    path = tmp_path / "ringback.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


Configure = Callable[..., Settings]


@pytest.fixture
def configure(database_url: str, redis_server: servers.RedisServer) -> Iterator[Configure]:
    """Starts this process with settings: `configure(SANDBOX_URL="…")`."""

    def start(**more: str) -> Settings:
        environ = _environ(redis_server.url, database_url) | more
        return boot.start(Settings.from_env(environ))

    yield start
    _close(base.db.obj)


@dataclass(frozen=True)
class Account:
    """An organization and its two keys, with all scopes."""

    organization_id: str
    test_key: str
    live_key: str

    @property
    def headers(self) -> dict[str, str]:
        """What a request in test mode carries."""
        return {"Authorization": f"Bearer {self.test_key}"}


@pytest.fixture
def open_account() -> Callable[[str], Account]:
    """Makes an organization with its keys in the configured database."""

    def make(name: str) -> Account:
        with base.connection():
            now = datetime.now(UTC)
            row = accounts.create_organization(name, "Europe/Berlin", now)
            hours.none_are_quiet(row.id)
            scopes = list(accounts.SCOPES)
            test, live = (
                accounts.create_key(row.id, "Eve Example", mode, scopes, now)[1]
                for mode in ("test", "live")
            )
        return Account(row.id, test, live)

    return make


StartStack = Callable[..., "Stack"]


@pytest.fixture
def start_stack(
    configure: Configure, open_account: Callable[[str], Account], tmp_path: Path
) -> Iterator[StartStack]:
    """Starts the whole product in this process: `start_stack(sandbox={...}, VOICE_PROVIDER="…")`
    with worker and clock, or with `parts=()` only web and sandbox."""
    from tests import webapp
    from tests.stack import assemble

    running: list[Stack] = []

    def start(
        parts: tuple[str, ...] = ("worker", "clock"),
        sandbox: dict[str, object] | None = None,
        **settings: str,
    ) -> "Stack":
        made = create_app if running else webapp.under
        stack = assemble(configure, open_account, tmp_path, sandbox or {}, settings, made)
        running.append(stack)
        if "worker" in parts:
            stack.start_worker()
        if "clock" in parts:
            stack.start_clock()
        return stack

    yield start
    for stack in running:
        stack.close()


@pytest.fixture
def stack(start_stack: StartStack) -> "Stack":
    """The whole product, running in this process."""
    return start_stack()

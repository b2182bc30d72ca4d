"""A real web process on a real database, and Debian's Chromium looking at it."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, sync_playwright

from gateway import boot
from gateway.models import base
from gateway.settings import Settings
from tests.browser.visitor import SIZES, Visitor
from tests.client import Api
from tests.conftest import SECRET_KEY, Account
from tests.http.staff_stage import hire
from tests.servers import PostgresServer, RedisServer, last_will
from tests.waiting import until

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9"  # no worker runs, so nothing is placed
_numbers = count(1)
NAMES = ("chromium", "chromium-browser")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the browser is. Without it these tests are skipped, but in CI they fail."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        what = "no chromium here: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(what)
        pytest.skip(what)
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """The browser; it goes nowhere by itself. For one module, since while it is there no other
    loop can run in this thread."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        yield launched
        launched.close()


@dataclass(frozen=True)
class Site:
    """A web process that answers, and what it was configured with."""

    url: str
    environ: dict[str, str]


@pytest.fixture(scope="module")
def site(
    postgres: PostgresServer, postgres_template: str, redis_server: RedisServer
) -> Iterator[Site]:
    """The Procfile's web process, on PostgreSQL."""
    database_url = postgres.create_database(postgres_template)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        environ = {
            "SANDBOX_URL": NOWHERE, "DATABASE_URL": database_url, "REDIS_URL": redis_server.url,
            "SECRET_KEY": SECRET_KEY, "PUBLIC_BASE_URL": url, "LOG_LEVEL": "WARNING",
        }  # fmt: skip
        command = [sys.executable, "-m", "gunicorn", "wsgi:app"]
        command += ["-c", "gateway/cli/gunicorn_conf.py", "--bind", f"fd://{listener.fileno()}"]
        process = subprocess.Popen(
            command, cwd=ROOT, env={"PATH": os.environ["PATH"], "WEB_PROCESSES": "1", **environ},
            pass_fds=[listener.fileno()], preexec_fn=last_will(),
        )  # fmt: skip
    try:
        until(lambda: _answers(url), "an answer of the web process", 60)
        yield Site(url, environ)
    finally:
        process.terminate()
        process.wait(30)
        postgres.drop_database(database_url)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/console/sign-in", timeout=5).ok
    except requests.RequestException:
        return False


@dataclass(frozen=True)
class Salon:
    """An organization of that site, a client of its API, and somebody who may do everything."""

    account: Account
    api: Api
    email: str


@pytest.fixture
def salon(site: Site, open_account: Callable[[str], Account]) -> Iterator[Any]:
    """A salon of its own for each test."""
    boot.start(Settings.from_env(site.environ))
    account = open_account(f"Salon {next(_numbers)}")
    email = hire("admin", account.organization_id, f"{account.organization_id}@example.com")
    yield Salon(account, Api(site.url, account.test_key), email)
    close_all = getattr(base.db.obj, "close_all", None)
    if close_all is not None:
        close_all()


@pytest.fixture(params=list(SIZES))
def visitor(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[Visitor]:
    """Somebody with a telephone, and with a computer. Fails the test for any error in the browser
    and for any request to another host."""
    yield from _visit(browser, site, request.param)


@pytest.fixture
def plain_visitor(browser: Browser, site: Site) -> Iterator[Visitor]:
    """Somebody whose browser runs no scripts."""
    yield from _visit(browser, site, "desktop", java_script_enabled=False)


def _visit(browser: Browser, site: Site, size: str, **options: Any) -> Iterator[Visitor]:
    context = browser.new_context(base_url=site.url, **SIZES[size], **options)
    found = Visitor(context.new_page(), site.url, size, ROOT / "var" / "screenshots" / size)
    yield found
    context.close()
    assert found.faults == []

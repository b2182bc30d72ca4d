"""The Procfile's own lines, with nothing but what a platform gives."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.embedded_redis import free_port
from gateway.cli.install import ROOT
from tests import servers
from tests.cli.stacks import (
    SECRET_KEY,
    Api,
    clean_env,
    command,
    processes,
    procfile,
)
from tests.waiting import until


@pytest.fixture
def fresh_postgres(postgres: servers.PostgresServer) -> Iterator[str]:
    """An empty PostgreSQL database: the release line has to fill it."""
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


def _run(line: list[str], env: dict[str, str]) -> str:
    return subprocess.run(
        line, cwd=ROOT, env=env, check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.row("F6")
@pytest.mark.parametrize("with_clock", [True, False], ids=["with clock", "without clock"])
def test_the_procfile_s_lines_place_a_call(
    with_clock: bool, fresh_postgres: str, redis_url: str, tmp_path: Path
) -> None:
    port, sandbox_port = free_port(), free_port()
    env = clean_env(
        PORT=str(port),
        DATABASE_URL=fresh_postgres,
        REDIS_URL=redis_url,
        SECRET_KEY=SECRET_KEY,
        SANDBOX_URL=f"http://127.0.0.1:{sandbox_port}",
    )
    lines = procfile()
    assert list(lines) == ["release", "web", "worker", "clock"]
    _run(lines["release"], env)
    _run(command("orgs", "create", "Salon"), env)
    key = json.loads(_run(command("keys", "create", "--mode", "test", "--json"), env))["secret"]
    started = [lines["web"], lines["worker"], *([lines["clock"]] if with_clock else [])]
    sandbox = command("sandbox", "--port", str(sandbox_port))
    with processes([sandbox, *started], env, tmp_path / "log"):
        api = Api(f"http://127.0.0.1:{port}", key)
        until(api.ready, "the API", 60)
        api.places_a_call()
        api.places_a_call(after=2)


@pytest.mark.parametrize("name", ["release", "web", "worker", "clock"])
def test_a_process_without_its_settings_names_them_and_ends_with_2(name: str) -> None:
    line = procfile()[name]
    done = subprocess.run(
        line, cwd=ROOT, env=clean_env(SECRET_KEY="short"), capture_output=True, text=True
    )
    assert done.returncode == 2
    assert [line.split()[0] for line in done.stderr.splitlines()] == [
        "DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
    ]

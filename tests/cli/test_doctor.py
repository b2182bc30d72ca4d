"""`doctor`: each thing that can be wrong, in words that say what to do."""

import contextlib
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.embedded_redis import free_port
from gateway.cli.install import ROOT
from tests import servers
from tests.cli.stacks import SECRET_KEY, clean_env, command

Findings = dict[str, tuple[str, str]]


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.RedisServer]:
    """A Redis whose configuration may be changed."""
    with servers.start_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def env(sqlite_url: str, own_redis: servers.RedisServer) -> dict[str, str]:
    return clean_env(DATABASE_URL=sqlite_url, REDIS_URL=own_redis.url, SECRET_KEY=SECRET_KEY)


def _examine(env: dict[str, str]) -> tuple[int, Findings]:
    done = subprocess.run(
        command("doctor", "--json"), cwd=ROOT, env=env, capture_output=True, text=True
    )
    assert SECRET_KEY not in done.stdout + done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, {row["about"]: (row["level"], row["text"]) for row in rows}


def test_a_sound_installation_has_no_error(env: dict[str, str]) -> None:
    status, found = _examine(env)
    assert status == 0
    assert {name for name, (level, _) in found.items() if level == "ok"} >= {
        "settings",
        "database",
        "redis",
    }
    assert found["SANDBOX_URL"][0] == "warning"
    assert found["VOICE_PROVIDER"][0] == "warning"


def test_a_chosen_carrier_of_messages_that_is_not_set_up_is_named(env: dict[str, str]) -> None:
    _, found = _examine({**env, "EMAIL_PROVIDER": "smtp", "WHATSAPP_PROVIDER": "meta"})
    assert found["EMAIL_PROVIDER"][0] == found["WHATSAPP_PROVIDER"][0] == "warning"
    closed = f"smtp://127.0.0.1:{free_port()}"
    status, found = _examine({**env, "SMTP_URL": closed, "EMAIL_FROM": "hello@example.com"})
    assert (status, found["provider smtp"][0]) == (1, "error")
    assert "EMAIL_PROVIDER" not in found
    live = {"SENDGRID_API_KEY": "SG.x", "EMAIL_FROM": "hello@example.com"}
    status, found = _examine({**env, **live, "SENDGRID_API_BASE_URL": "https://x.invalid"})
    assert found["PUBLIC_BASE_URL"][0] == "error"


def test_a_bad_setting_is_named(env: dict[str, str]) -> None:
    status, found = _examine({**env, "LOG_LEVEL": "loud", "SECRET_KEY": ""})
    assert status == 1
    assert found["LOG_LEVEL"][0] == found["SECRET_KEY"][0] == "error"


def test_pending_migrations_are_an_error_with_the_cure(env: dict[str, str], tmp_path: Path) -> None:
    status, found = _examine({**env, "DATABASE_URL": f"sqlite:///{tmp_path}/empty.db"})
    assert status == 1
    assert "python3 -m gateway migrate" in found["database"][1]


def test_a_provider_that_is_held_back_is_named(env: dict[str, str]) -> None:
    scope, since = "provider|twilio|AC1", "2026-11-22 04:34:38.578729+00:00"
    path = env["DATABASE_URL"].removeprefix("sqlite:///")
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "INSERT INTO hold (id, scope, reason, since, failures) VALUES (?, ?, ?, ?, 1)",
            ("ho_1", scope, "configuration", since),
        )
    status, found = _examine(env)
    assert status == 0
    assert found[scope][0] == "warning"
    assert "2026-11-22 04:34 UTC (configuration)" in found[scope][1]


def test_the_stack_of_a_folder_is_examined(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"DATABASE_URL": "sqlite:////no/where.db"}))
    beside = command("doctor", "--json", "--data", str(tmp_path))
    done = subprocess.run(beside, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert "SQLite can't be reached" in done.stdout
    elsewhere = command("migrate", "--status", "--data", str(tmp_path / "none"))
    assert subprocess.run(elsewhere, cwd=ROOT, env=env, capture_output=True).returncode == 2


def test_a_database_that_is_away_is_an_error(env: dict[str, str]) -> None:
    away = f"postgresql://ringback:secretword@127.0.0.1:{free_port()}/ringback"
    status, found = _examine({**env, "DATABASE_URL": away})
    assert status == 1
    assert found["database"] == (
        "error",
        "PostgreSQL can't be reached: check DATABASE_URL and that the server runs",
    )


def test_a_redis_that_is_away_is_an_error(env: dict[str, str]) -> None:
    status, found = _examine({**env, "REDIS_URL": f"redis://127.0.0.1:{free_port()}"})
    assert status == 1
    assert found["redis"][0] == "error"


def test_a_redis_that_refuses_the_password_is_an_error(
    env: dict[str, str], own_redis: servers.RedisServer
) -> None:
    wrong = "redis://:wrong@" + own_redis.url.partition("@")[2]
    status, found = _examine({**env, "REDIS_URL": wrong})
    assert status == 1
    assert "password" in found["redis"][1]


@pytest.mark.row("C8")
def test_a_redis_that_evicts_is_refused(
    env: dict[str, str], own_redis: servers.RedisServer
) -> None:
    client = own_redis.client()
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        status, found = _examine(env)
    finally:
        client.config_set("maxmemory-policy", "noeviction")
        client.close()
    assert status == 1
    assert found["redis"][0] == "error"
    assert "noeviction" in found["redis"][1]


def test_a_real_provider_can_t_call_back_to_loopback(env: dict[str, str]) -> None:
    twilio = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "a-token-of-twilio"}
    nobody = {"VOICE_PROVIDER_API_URL": f"http://127.0.0.1:{free_port()}"}
    nobody |= {"VOICE_PROVIDER_API_KEY": "k", "VOICE_PROVIDER_WEBHOOK_SECRET": "x" * 16}
    stand_in = {"TWILIO_API_BASE_URL": nobody["VOICE_PROVIDER_API_URL"]}
    status, found = _examine({**env, **twilio, **stand_in})
    assert status == 1
    assert found["PUBLIC_BASE_URL"][0] == "ok"
    assert found["provider twilio"][0] == "error"
    assert found["TWILIO_FROM_NUMBER"][0] == "error"
    assert not any("a-token-of-twilio" in text for _, text in found.values())


def test_a_sandbox_that_is_away_is_an_error(env: dict[str, str]) -> None:
    status, found = _examine({**env, "SANDBOX_URL": f"http://127.0.0.1:{free_port()}"})
    assert status == 1
    assert found["sandbox"][0] == "error"

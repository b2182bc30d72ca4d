"""Which Redis the processes begin with, which they refuse, and what `doctor` says about each."""

import importlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from gateway.cli.embedded_redis import binary, free_port
from gateway.cli.install import ROOT
from tasks import worker_id
from tasks.broker import broker
from tests import redis_sentinel, redis_tls, servers
from tests.cli.stacks import SECRET_KEY, clean_env, command
from tests.waiting import until

Findings = list[tuple[str, str, str]]


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.RedisServer]:
    """A Redis whose configuration may be changed."""
    with servers.start_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Redis that runs in cluster mode, alone."""
    port, folder = free_port(), tmp_path_factory.mktemp("cluster")
    words = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    words += ["--cluster-enabled", "yes", "--cluster-port", str(free_port())]
    process = subprocess.Popen(
        [binary(), *words], stdout=subprocess.DEVNULL, preexec_fn=servers.last_will()
    )
    client = redis.Redis(port=port)

    def answers() -> bool:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False

    until(answers, "the cluster's Redis", 40)
    client.close()
    yield f"redis://127.0.0.1:{port}/0"
    process.kill()
    process.wait(10)


@pytest.fixture
def env(sqlite_url: str, own_redis: servers.RedisServer) -> dict[str, str]:
    return clean_env(DATABASE_URL=sqlite_url, REDIS_URL=own_redis.url, SECRET_KEY=SECRET_KEY)


def _run(env: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*words), cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )


def _doctor(env: dict[str, str]) -> tuple[int, Findings]:
    done = _run(env, "doctor", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, [(row["level"], row["about"], row["text"]) for row in rows]


def _about(found: Findings, name: str) -> tuple[str, str]:
    return next((level, text) for level, about, text in found if about == name)


@pytest.mark.row("C8")
@pytest.mark.parametrize("words", [("worker",), ("clock",), ("web",), ("doctor", "--json")])
def test_rabbitmq_is_refused_with_the_reason_and_without_the_password(
    env: dict[str, str], words: tuple[str, ...]
) -> None:
    done = _run({**env, "REDIS_URL": "amqp://ringback:s3cret@rabbit:5672/"}, *words)
    said = done.stdout + done.stderr
    assert done.returncode == (1 if words[0] == "doctor" else 2)
    assert "RabbitMQ" in said
    assert "Redis commands" in said
    assert "0015-which-brokers" in said
    assert "s3cret" not in said


@pytest.mark.row("C8")
@pytest.mark.parametrize("words", [("worker",), ("worker", "--queues", "voice"), ("clock",)])
def test_nothing_works_on_a_redis_cluster(
    env: dict[str, str], cluster: str, words: tuple[str, ...]
) -> None:
    done = _run({**env, "REDIS_URL": cluster}, *words)
    assert done.returncode == 2
    assert "is a Redis Cluster, where Dramatiq's script can't run" in done.stderr


@pytest.mark.row("C8")
def test_doctor_refuses_a_redis_cluster(env: dict[str, str], cluster: str) -> None:
    status, found = _doctor({**env, "REDIS_URL": cluster})
    assert status == 1
    assert "does not declare" in _about(found, "redis")[1]


@pytest.mark.row("C8")
def test_doctor_tells_a_replica_from_a_wrong_password_from_a_wrong_certificate(
    env: dict[str, str], own_redis: servers.RedisServer
) -> None:
    def told(url: str, **more: str) -> str:
        status, found = _doctor({**env, "REDIS_URL": url, **more})
        assert status == 1
        level, text = _about(found, "redis")
        assert level == "error"
        return text

    place = own_redis.url.rpartition("@")[2]
    assert "password" in told(f"redis://:s3cret@{place}")
    with redis_tls.tls_in_front(own_redis) as tls:
        assert "REDIS_CA_FILE" in told(tls.url, REDIS_CA_FILE=redis_tls.STRANGER)
        status, found = _doctor({**env, "REDIS_URL": tls.url + "?ssl_cert_reqs=none"})
        assert status == 0
        assert ("warning", "redis") in [(level, about) for level, about, _ in found]
    client = own_redis.client()
    client.replicaof("127.0.0.1", free_port())
    try:
        assert "read-only replica" in told(own_redis.url)
    finally:
        client.replicaof("NO", "ONE")
        client.close()


@pytest.mark.row("C8")
def test_doctor_looks_at_each_sentinel(env: dict[str, str], tmp_path: Path) -> None:
    with redis_sentinel.watched(tmp_path / "watched") as watched:
        status, found = _doctor({**env, "REDIS_URL": watched.url})
        levels = [level for level, about, _ in found if about.startswith("sentinel")]
        assert (status, sorted(levels)) == (0, ["ok", "warning"]), "one of the two is not there"
        assert _about(found, "redis")[0] == "ok"
        wrong = watched.url.replace(redis_sentinel.SENTINEL_PASSWORD, "s3cret")
        status, found = _doctor({**env, "REDIS_URL": wrong})
        assert status == 1
        assert any("sentinel_password" in text for _, _, text in found)
        assert not any("s3cret" in text for _, _, text in found)


@pytest.mark.row("C8")
def test_a_redis_that_evicts_is_complained_of_and_worked_with(
    env: dict[str, str], own_redis: servers.RedisServer, tmp_path: Path
) -> None:
    client = own_redis.client()
    client.config_set("maxmemory-policy", "allkeys-lru")
    log = tmp_path / "clock.log"
    try:
        with log.open("wb") as out:
            clock = subprocess.Popen(command("clock"), cwd=ROOT, env=env, stderr=out)
        until(lambda: "clock active" in log.read_text(), "the clock", 60)
        clock.terminate()
        assert clock.wait(40) == 0
    finally:
        client.config_set("maxmemory-policy", "noeviction")
        client.close()
    assert '"reason": "evicting"' in log.read_text()


@pytest.mark.row("C8")
def test_a_queue_that_nobody_fills_is_refused(env: dict[str, str]) -> None:
    done = _run(env, "worker", "--queues", "voice,voices")
    assert done.returncode == 2
    assert done.stderr.strip() == "ringback: --queues: there is no queue voices; there are " + (
        ", ".join(worker_id.QUEUES)
    )


def test_the_queues_that_a_worker_may_be_given_are_those_of_the_actors() -> None:
    for queue in worker_id.QUEUES:
        importlib.import_module(f"tasks.actors.{queue}")  # its actors declare it

    assert set(worker_id.QUEUES) == broker.get_declared_queues()


@pytest.mark.row("C8")
def test_doctor_names_the_queue_that_no_worker_serves(
    env: dict[str, str], own_redis: servers.RedisServer
) -> None:
    client = own_redis.client()
    client.flushall()
    assert _about(_doctor(env)[1], "worker")[0] == "warning"
    name = worker_id.of("plain", 8, ["voice"])
    now = client.time()[0] * 1000
    client.zadd("ringback:__heartbeats__", {name: now + 60_000})
    assert _about(_doctor(env)[1], "queue events")[0] == "warning"
    client.rpush("ringback:events", "a message")
    status, found = _doctor(env)
    assert status == 1
    assert _about(found, "worker") == ("ok", "processes running: 1")
    level, text = _about(found, "queue events")
    assert level == "error"
    assert "`worker --queues events`" in text
    client.close()

"""A Redis that is shared with another program, one by its database's number, and one that throws
away what it was given."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests import servers
from tests.client import Api
from tests.databases import ON_POSTGRESQL
from tests.faults import tally
from tests.faults.conftest import Scene, SetScene
from tests.waiting import until

CALLS, WAVES = 160, 4
# As docs/operations.md gives it.
RULES = "on >a-word-of-its-own ~ringback* &ringback* +@all -@admin -@dangerous +info +keys"


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[servers.RedisServer]:
    with servers.start_redis(tmp_path / "own") as server:
        yield server


def _run(set_scene: SetScene, url: str) -> tuple[Scene, list[Api]]:
    scene = set_scene(
        REDIS_URL=url,
        VOICE_PROVIDER="voice_api",
        sandbox={"ring_seconds": 0.01, "talk_seconds": 0.01},
        PROVIDER_DEADLINE_SECONDS="5",
        CLAIM_LEASE_SECONDS="2",
        SENDING_LEASE_SECONDS="10",
    )
    scene.stack.web.stop()
    scene.crew.start("web", port=scene.stack.web.port)
    scene.crew.start("clock")
    scene.crew.start("worker")
    scene.crew.start("worker")
    return scene, [Api(scene.stack.web.url, scene.stack.account.test_key)]


@ON_POSTGRESQL
@pytest.mark.row("C8")
def test_another_program_s_keys_stay_and_ours_are_in_one_namespace_and_database(
    set_scene: SetScene, own_redis: servers.RedisServer
) -> None:
    client = own_redis.client()
    client.select(5)
    client.set("voice", "another program's")
    client.rpush("dramatiq:voice", "another program's")
    acl: Any = client.execute_command
    assert acl("ACL", "SETUSER", "ringback", *RULES.split())
    place = own_redis.url.rpartition("@")[2].replace("/0", "/5")
    scene, apis = _run(set_scene, f"redis://ringback:a-word-of-its-own@{place}")
    tally.ask(apis, range(20))
    assert set(tally.check(scene.stack, 20)) == {"reached"}
    found: Any = client.keys("*")
    keys = {bytes(key).decode() for key in found}
    theirs = {"voice", "dramatiq:voice"}
    assert theirs < keys
    assert all(key.startswith("ringback:") for key in keys - theirs)
    assert {client.ttl(key) for key in keys - theirs} == {-1}, "volatile-lru evicts nothing of ours"
    assert client.get("voice") == b"another program's"
    assert set(client.info("keyspace")) == {"db5"}
    client.close()


@ON_POSTGRESQL
@pytest.mark.row("B10")
@pytest.mark.row("C8")
def test_a_redis_that_throws_messages_away_delays_calls_and_loses_none(
    set_scene: SetScene, own_redis: servers.RedisServer
) -> None:
    client = own_redis.client()
    client.config_set("maxmemory-policy", "allkeys-random")
    scene, apis = _run(set_scene, own_redis.url)
    for wave in range(WAVES):
        tally.ask(apis, range(wave * CALLS // WAVES, (wave + 1) * CALLS // WAVES))
        _evict(client)
    assert set(tally.check(scene.stack, CALLS)) == {"reached"}
    client.close()


def _evict(client: "redis.Redis") -> None:
    """Be too small for a moment, so that at least two keys are thrown away."""

    def evicted() -> int:
        return int(client.info("stats")["evicted_keys"])

    before = evicted()
    client.config_set("maxmemory", str(client.info("memory")["used_memory"] - 20_000))
    until(lambda: evicted() >= before + 2, "keys thrown away")
    client.config_set("maxmemory", "0")

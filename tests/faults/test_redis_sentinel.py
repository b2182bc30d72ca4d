"""Redis through Sentinel: the primary dies under load, its replica takes over, and later the other
way round in order."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.redis_url import read
from gateway.settings import Settings
from tasks import redis_client
from tests import redis_sentinel
from tests.client import Api
from tests.databases import ON_POSTGRESQL
from tests.faults import tally
from tests.faults.conftest import SetScene
from tests.waiting import until

CALLS = 300


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[redis_sentinel.Watched]:
    with redis_sentinel.watched(tmp_path / "watched") as found:
        yield found


@ON_POSTGRESQL
@pytest.mark.row("C8")
def test_a_failover_under_load_loses_no_call_and_places_none_twice(
    set_scene: SetScene, watched: redis_sentinel.Watched
) -> None:
    scene = set_scene(
        REDIS_URL=watched.url,
        VOICE_PROVIDER="voice_api",
        sandbox={"ring_seconds": 0.01, "talk_seconds": 0.01},
        PROVIDER_DEADLINE_SECONDS="5",
        CLAIM_LEASE_SECONDS="2",
        SENDING_LEASE_SECONDS="10",
    )
    scene.stack.web.stop()
    scene.crew.start("web", port=scene.stack.web.port)
    scene.crew.start("clock")
    for _ in range(2):
        scene.crew.start("worker")
    apis = [Api(scene.stack.web.url, scene.stack.account.test_key)]
    tally.ask(apis, range(100))
    first = watched.primary()
    watched.servers[first].kill()
    tally.ask(apis, range(100, 200))
    second = watched.promoted(first)
    until(lambda: tally.ended() >= 150, "calls over the new primary", 60, pause=0.1)
    watched.servers[first].start()
    tally.ask(apis, range(200, 250))
    assert watched.fail_over() == first
    tally.ask(apis, range(250, CALLS))
    assert set(tally.check(scene.stack, CALLS)) == {"reached"}
    assert second != first
    client = watched.servers[first].client()
    back = "web and workers are back at it"
    until(lambda: client.zcard("ringback:__heartbeats__") >= 2, back, 30, pause=0.1)
    client.close()


@pytest.mark.row("C8")
def test_what_is_wrong_with_sentinels_is_told_apart(watched: redis_sentinel.Watched) -> None:
    def troubles(url: str) -> list[str]:
        env = {"DATABASE_URL": "sqlite:///unused", "SECRET_KEY": "x" * 32, "REDIS_URL": url}
        client = redis_client.connect(Settings.from_env(env), 1.0)
        try:
            return redis_client.troubles(client)
        finally:
            client.close()

    assert troubles(watched.url) == []
    assert len(read(watched.url).hosts) == 2, "one of which is not there"
    assert troubles(watched.url.replace(redis_sentinel.PASSWORD, "wrong")) == ["password refused"]
    assert troubles(watched.url.partition("?")[0]) == ["no primary"]
    assert troubles(watched.url.replace(f"/{redis_sentinel.SERVICE}/", "/other/")) == ["no primary"]

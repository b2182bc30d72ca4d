"""Redis over TLS: the whole way of a booking, and an authority that signed nothing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from tests import redis_tls, servers
from tests.databases import ON_POSTGRESQL, ON_SQLITE
from tests.faults.conftest import Scene, SetScene
from tests.faults.crew import Crew, environment
from tests.stack import special
from tests.waiting import until

PHONE = special("0100")


def _web(scene: Scene, crew: Crew) -> int:
    """Let a process take the place of the web in this one, whose broker is another."""
    scene.stack.web.stop()
    return crew.start("web", port=scene.stack.web.port)


def _ready(scene: Scene) -> str:
    def told() -> str:
        try:
            url = f"{scene.stack.web.url}/health/ready"
            return str(requests.get(url, timeout=10).json()["broker"])
        except requests.ConnectionError:
            return ""

    return until(told, "the web")


def _book(scene: Scene) -> str:
    """A booking whose reminder is due a moment later; the reminder's id."""
    starts = datetime.now(UTC) + timedelta(hours=1, seconds=1)
    booking = scene.stack.api.book(
        PHONE,
        starts_at=starts.isoformat(),
        reminders=[{"kind": "before", "minutes": 60, "channel": "voice"}],
    )
    return str(booking["reminders"][0]["id"])


def _messages(server: servers.RedisServer) -> int:
    client = server.client()
    try:
        return int(client.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0))
    finally:
        client.close()


@ON_POSTGRESQL
@pytest.mark.row("C8")
def test_a_booking_becomes_a_call_over_a_redis_behind_tls(
    set_scene: SetScene, redis_server: servers.RedisServer
) -> None:
    with redis_tls.tls_in_front(redis_server) as tls:
        scene = set_scene(REDIS_URL=tls.url, REDIS_CA_FILE=redis_tls.AUTHORITY)
        _web(scene, scene.crew)
        assert _ready(scene) == "ok"
        scene.crew.start("clock")
        scene.crew.start("worker")
        before = _messages(redis_server)
        assert scene.stack.outcome(_book(scene)) == "reached"
        assert len(scene.stack.sandbox.placed()) == 1
        assert _messages(redis_server) > before
        assert tls.handshakes >= 3, "web, clock and worker"
        assert tls.refused == 0


@ON_SQLITE
@pytest.mark.row("C8")
def test_a_certificate_of_a_stranger_delays_calls_and_loses_none(
    set_scene: SetScene, redis_server: servers.RedisServer, database_url: str, tmp_path: Path
) -> None:
    with redis_tls.tls_in_front(redis_server) as tls:
        scene = set_scene(REDIS_URL=tls.url, REDIS_CA_FILE=redis_tls.STRANGER)
        wrong = [_web(scene, scene.crew), scene.crew.start("clock"), scene.crew.start("worker")]
        assert _ready(scene) == "refusing"
        made = [scene.stack.api.call(PHONE)["id"], _book(scene)]
        log = tmp_path / "crew.log"
        until(lambda: "certificate refused" in log.read_text(), "the reason in the log")
        assert (tls.handshakes, scene.stack.sandbox.placed()) == (0, [])
        for pid in wrong:
            scene.crew.end(pid)
        right = environment(scene.stack, database_url) | {"REDIS_CA_FILE": redis_tls.AUTHORITY}
        crew = Crew(right, log)
        try:
            _web(scene, crew)
            crew.start("clock")
            crew.start("worker")
            assert {scene.stack.outcome(one) for one in made} == {"reached"}
            assert len(scene.stack.sandbox.placed()) == len(made)
        finally:
            crew.close()

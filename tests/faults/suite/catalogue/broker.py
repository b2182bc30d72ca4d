"""Redis: forgets, dies, hangs, is full, refuses, is slow, or holds rubbish."""

import contextlib
import json
import shutil
import signal
import uuid

import redis

from gateway.domain.lanes import QUEUES
from tests.faults.suite.registry import Scene, fault

FLOOD = 5000


@fault("own", "Redis forgets everything, three times")
def redis_flushed(scene: Scene) -> None:
    """FLUSHALL."""
    client = scene.stage.redis.client()
    for _ in range(3):
        client.flushall()
        scene.struck += 1
        scene.hold(scene.dice.uniform(0.8, 1.6))
    client.close()


@fault("F28", "Redis is killed and comes back with nothing, twice")
def redis_restarted_empty(scene: Scene) -> None:
    """SIGKILL, and its files are gone."""
    server = scene.stage.redis
    for _ in range(2):
        server.kill()
        shutil.rmtree(server.folder / "redis" / "appendonlydir", ignore_errors=True)
        scene.struck += 1
        scene.hold(scene.dice.uniform(0.2, 1))
        server.start()
        scene.hold(0.8)


@fault("F29", "no Redis for 5 s while bookings are made")
def redis_absent(scene: Scene) -> None:
    """Stopped in order, started again."""
    scene.stage.redis.stop()
    scene.struck += 1
    scene.hold(5)
    scene.stage.redis.start()


@fault("own", "Redis hangs for 4 s")
def redis_hangs(scene: Scene) -> None:
    """SIGSTOP and SIGCONT."""
    process = scene.stage.redis.process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    scene.struck += 1
    scene.hold(4)
    process.send_signal(signal.SIGCONT)


@fault("F31", "Redis lets nobody write for 4 s")
def redis_write_pause(scene: Scene) -> None:
    """CLIENT PAUSE WRITE."""
    client = scene.stage.redis.client()
    client.client_pause(4000, all=False)
    scene.struck += 1
    scene.hold(4)
    client.close()


@fault("own", "Redis is full for 4 s")
def redis_full(scene: Scene) -> None:
    """maxmemory 1, nothing evicted."""
    client = scene.stage.redis.client()
    client.config_set("maxmemory", 1)
    scene.struck += 1
    scene.hold(4)
    client.close()


@fault("F34", "Redis is a read-only replica of nobody for 4 s")
def redis_read_only(scene: Scene) -> None:
    """REPLICAOF a port where nobody is."""
    client = scene.stage.redis.client()
    client.replicaof("127.0.0.1", "1")
    scene.struck += 1
    scene.hold(4)
    client.close()


@fault("F35", "Redis takes no further connections, and those there are break", proxied=True)
def redis_max_clients(scene: Scene) -> None:
    """maxclients as low as it goes, and every connection cut."""
    client = scene.stage.redis.client()
    client.config_set("maxclients", 1)
    scene.stage.redis_proxy.cut()
    scene.struck += 1
    scene.hold(4)
    client.config_set("maxclients", 10000)  # by this connection: there would be no other
    client.close()


@fault("F37", "CLIENT KILL every 200 ms for 4 s")
def redis_clients_killed(scene: Scene) -> None:
    """Every connection but our own."""
    client = scene.stage.redis.client()
    for _ in range(20):
        client.client_kill_filter(_type="normal", skipme=True)
        scene.struck += 1
        scene.hold(0.2)
    client.close()


@fault("F38", "poison in the queues: no JSON, no such actor, no such message, no such row")
def redis_poisoned(scene: Scene) -> None:
    """Written past the broker."""
    client = scene.stage.redis.client()
    for queue in QUEUES:
        for text in (b"\xff{", b"[]", b"{}", _message(queue, "nobody", []),
                     _message(queue, "place_call", ["nt_" + "0" * 26]), None):  # fmt: skip
            _push(client, queue, text)
            scene.struck += 1
            scene.hold(0.1)
    client.close()


@fault("F39", f"{FLOOD} stale messages stand before everybody else's")
def redis_flooded(scene: Scene) -> None:
    """Jobs of notifications that there are not."""
    client = scene.stage.redis.client()
    with client.pipeline() as pipe:
        for _ in range(FLOOD):
            _push(pipe, "voice", _message("voice", "place_call", ["nt_" + "0" * 26, 1]))
        pipe.execute()
    scene.struck += 1
    client.close()


@fault("own", "each word with Redis takes 100 ms longer for 4 s", proxied=True)
def redis_slow(scene: Scene) -> None:
    """Latency in the proxy."""
    scene.stage.redis_proxy.latency = 0.1
    scene.struck += 1
    scene.hold(4)
    scene.stage.redis_proxy.latency = 0.0


@fault("own", "Redis swallows what it is told for 4 s", proxied=True)
def redis_deaf(scene: Scene) -> None:
    """Connections stay, and nothing comes back; then they are reset."""
    proxy = scene.stage.redis_proxy
    proxy.deaf = True
    scene.struck += 1
    scene.hold(4)
    proxy.cut()
    proxy.deaf = False


def _push(client: "redis.Redis", queue: str, text: bytes | None) -> None:
    id_ = uuid.uuid4().hex
    if text is not None:
        with contextlib.suppress(ValueError, TypeError):
            text = json.dumps(json.loads(text) | {"options": {"redis_message_id": id_}}).encode()
        client.hset(f"ringback:{queue}.msgs", id_, text)
    client.rpush(f"ringback:{queue}", id_)


def _message(queue: str, actor: str, args: list[object]) -> bytes:
    return json.dumps(
        {
            "queue_name": queue, "actor_name": actor, "args": args, "kwargs": {}, "options": {},
            "message_id": uuid.uuid4().hex, "message_timestamp": 1,
        }
    ).encode()  # fmt: skip

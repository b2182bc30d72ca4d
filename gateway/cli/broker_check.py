"""A look at Redis by `doctor`, and by worker and clock before they begin."""

from collections.abc import Iterator

import redis
import structlog

from gateway import logs, redis_url
from gateway.cli.main import Stopped
from gateway.settings import Settings, current
from tasks import redis_client, worker_id
from tasks.redis_client import TROUBLES

log = structlog.get_logger(__name__)

OK, WARNING, ERROR = "ok", "warning", "error"


def before_work() -> None:
    """Refuse a Redis that can never serve, and say aloud what else is wrong with it: that may pass
    while we run (a password, a certificate, a failover), and no job depends on it for being done.
    Raises Stopped."""
    logs.configure(current().log_level)
    client = redis_client.connect(current())
    try:
        for word in redis_client.troubles(client):
            if word == "cluster":
                raise Stopped(f"REDIS_URL {TROUBLES[word]}", 2)
            log.error("broker not fit", reason=word, cure=TROUBLES[word])
    finally:
        client.close()


def findings(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """What `doctor` says about Redis: how bad, about what, and what to do."""
    client = redis_client.connect(settings, 3.0)
    try:
        yield from _sentinels(client)
        troubles = redis_client.troubles(client)
        for word in troubles:
            yield ERROR, "redis", TROUBLES[word]
        if not troubles:
            yield OK, "redis", "answers, takes what we write, and evicts nothing of ours"
        address = redis_url.read(settings.redis_url)
        if address.tls and not (address.verified and settings.redis_tls_verify):
            text = "its certificate is not checked: whoever is on the way can read the password"
            yield WARNING, "redis", text
        if not troubles:
            yield from _workers()
    finally:
        client.close()


def _sentinels(client: "redis.Redis") -> Iterator[tuple[str, str, str]]:
    for sentinel in redis_client.sentinels(client):
        place = sentinel.connection_pool.connection_kwargs
        name = f"sentinel {place['host']}:{place['port']}"
        try:
            sentinel.ping()
        except (redis.RedisError, OSError) as error:
            word = redis_client.fault(error)
            refused = "refuses our password: check sentinel_password in REDIS_URL"
            # One Sentinel is enough to find the primary: what none of them knows is told below.
            yield WARNING, name, refused if word == "password refused" else TROUBLES[word]
        else:
            yield OK, name, "answers"


def _workers() -> Iterator[tuple[str, str, str]]:
    from tasks import broker

    living = broker.living()
    if not living:
        yield WARNING, "worker", "none is running: nothing is placed until one does"
        return
    yield OK, "worker", f"processes running: {len(living)}"
    threads = worker_id.threads(living)
    for queue in (name for name in worker_id.QUEUES if not threads[name]):
        try:
            waiting = broker.backlog(queue)
        except redis.RedisError:
            return
        text = f"no worker serves it, {waiting} messages wait: start `worker --queues {queue}`"
        yield ERROR if waiting else WARNING, f"queue {queue}", text

"""The connection to Redis in every form that REDIS_URL has, and why one does not serve."""

import ssl
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool

from gateway import redis_url
from gateway.settings import Settings

NAMESPACE = "ringback"  # begins every key, so that a Redis may be shared with other programs

# What is wrong with a Redis, worst first, and what to do about it.
TROUBLES = {
    "cluster": "is a Redis Cluster, where Dramatiq's script can't run (it uses keys that it does "
    "not declare): name one primary, or Sentinels for failover (docs/decisions/0015)",
    "certificate refused": "shows a certificate that we can't trust: set REDIS_CA_FILE to the "
    "authority that signed it, and name the host that it is made out for",
    "tls failed": "does not speak TLS there, or not with us: check REDIS_URL's scheme and port",
    "password refused": "refuses our user or password: check REDIS_URL",
    "not permitted": "does not permit our user what it needs: docs/operations.md lists it",
    "no primary": "has no primary that a Sentinel names: check the service's name and them",
    "database refused": "has no database of that number: check the end of REDIS_URL",
    "timeout": "did not answer in time: is it overloaded, or is REDIS_URL wrong about TLS?",
    "unreachable": "can't be reached: check REDIS_URL and that it runs",
    "read-only": "is a read-only replica: name the primary in REDIS_URL, or use redis+sentinel://",
    "full": "is full and takes no more: give it more memory, or set maxmemory higher",
    "loading": "is reading its files and not ready yet: wait",
    "refusing": "answers and refuses to write: look into its log",
    "evicting": "throws keys away when it is full: set maxmemory-policy noeviction",
}
_PREFIXES = (
    ("READONLY", "read-only"), ("OOM", "full"), ("LOADING", "loading"), ("NOPERM", "not permitted"),
)  # fmt: skip


def connect(settings: Settings, seconds: float = 2.0) -> "redis.Redis":
    """A client of the configured Redis, that opens no connection yet. Each command waits for at
    most so many seconds; through Sentinel, each new connection goes to the primary of the moment.
    """
    address = redis_url.read(settings.redis_url)
    both = _limits(seconds) | (_tls(settings, address) if address.tls else {})
    entry: dict[str, Any] = {"username": address.username, "password": address.password}
    entry["db"] = address.database
    if address.socket is not None:
        return redis.Redis(unix_socket_path=address.socket, **_limits(seconds), **entry)
    if address.service is None:
        ((host, port),) = address.hosts
        return redis.Redis(host=host, port=port, **both, **entry)
    asked = {"username": address.sentinel_username, "password": address.sentinel_password}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        list(address.hosts), sentinel_kwargs={**both, **asked}, **both, **entry
    )
    client: redis.Redis = sentinel.master_for(address.service)  # type: ignore[no-untyped-call]
    return client


def _limits(seconds: float) -> dict[str, Any]:
    return {
        "socket_timeout": seconds,
        "socket_connect_timeout": min(seconds, 1.0),
        # No retries: the library's own would put a message on the queue twice when an answer is
        # lost.
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 30,
    }


def _tls(settings: Settings, address: redis_url.RedisAddress) -> dict[str, Any]:
    verified = address.verified and settings.redis_tls_verify
    return {
        "ssl": True,
        "ssl_cert_reqs": "required" if verified else "none",
        "ssl_check_hostname": verified,
        "ssl_ca_certs": settings.redis_ca_file,  # beside the system's authorities
        "ssl_min_version": ssl.TLSVersion.TLSv1_2,
    }


def hurry(client: "redis.Redis", seconds: float) -> None:
    """Have connections opened from now on wait so short, those to Sentinels too."""
    pools = [client.connection_pool, *(one.connection_pool for one in sentinels(client))]
    for pool in pools:
        pool.connection_kwargs["socket_timeout"] = seconds
        pool.connection_kwargs["socket_connect_timeout"] = seconds


def sentinels(client: "redis.Redis") -> "list[redis.Redis]":
    """The clients of the Sentinels behind a client; none without."""
    pool = client.connection_pool
    return list(pool.sentinel_manager.sentinels) if isinstance(pool, SentinelConnectionPool) else []


def fault(error: Exception) -> str:
    """Why Redis did not serve: a word of TROUBLES, which never holds anything of the URL."""
    seen: BaseException | None = error
    while seen is not None:  # the library hides what TLS said behind an error of its own
        if isinstance(seen, ssl.SSLCertVerificationError):
            return "certificate refused"
        if isinstance(seen, ssl.SSLError):
            return "tls failed"
        seen = seen.__cause__ or seen.__context__
    kinds: tuple[tuple[type[Exception], str], ...] = (
        (redis.AuthenticationError, "password refused"),
        (redis.exceptions.NoPermissionError, "not permitted"),
        (redis.exceptions.ReadOnlyError, "read-only"),
        (redis.exceptions.OutOfMemoryError, "full"),
        (redis.BusyLoadingError, "loading"),
        (MasterNotFoundError, "no primary"),
        (redis.TimeoutError, "timeout"),
        (redis.ConnectionError, "unreachable"),
        (OSError, "unreachable"),
    )
    for kind, word in kinds:
        if isinstance(error, kind):
            return word
    if "DB index" in str(error):
        return "database refused"
    return next((word for begin, word in _PREFIXES if str(error).startswith(begin)), "refusing")


def troubles(client: "redis.Redis") -> list[str]:
    """What is wrong with this Redis, in words of TROUBLES, worst first; empty if all is well."""
    found = set()
    try:
        client.ping()
        if _info(client, "cluster").get("cluster_enabled"):
            return ["cluster"]
        policy = str(_info(client, "memory").get("maxmemory_policy", "noeviction"))
        # volatile-… drops keys that expire by themselves, and none of Ringback's does.
        if policy.startswith("allkeys"):
            found.add("evicting")
        client.set(f"{NAMESPACE}:written", 1)
    except (redis.RedisError, OSError) as error:
        found.add(fault(error))
    return [word for word in TROUBLES if word in found]


def _info(client: "redis.Redis", section: str) -> dict[str, Any]:
    """A section of INFO; empty where a provider does not let us see it."""
    try:
        found: Any = client.info(section)
    except redis.ResponseError:
        return {}
    return dict(found)


def standing(client: "redis.Redis") -> str:
    """`ok`, `unreachable`, or `refusing` when it answers and takes nothing from us."""
    try:
        client.set(f"{NAMESPACE}:written", 1)
    except (redis.RedisError, OSError) as error:
        away = ("unreachable", "timeout", "no primary")
        return "unreachable" if fault(error) in away else "refusing"
    return "ok"

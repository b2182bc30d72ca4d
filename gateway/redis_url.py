"""What a REDIS_URL says: one server by TCP, TLS or a Unix socket, or one that Sentinels name.

redis://[user:password@]host[:port][/db], rediss:// for TLS, unix://[user:password@]/path[?db=n],
redis+sentinel://[user:password@]host[:port][,host[:port]…]/service[/db], rediss+sentinel:// for TLS
on both legs; valkey:// and valkeys:// are other words for the first two.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

REDIS_PORT, SENTINEL_PORT = 6379, 26379
_SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")
_ALIASES = {"valkey": "redis", "valkeys": "rediss"}
_PARAMETERS = {"db", "ssl_cert_reqs", "sentinel_username", "sentinel_password"}
_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:\s]+))(?::(?P<port>\d{1,5}))?")
_WHY = "docs/decisions/0015-which-brokers.md"
# Why another broker than one Redis is not taken: an answer to the scheme that was typed.
_REFUSED = {
    ("amqp", "amqps"): "is RabbitMQ, which can't be the broker: waking the clock, counting workers "
    "and bounding queues are Redis commands, and no job needs a lasting queue, since its row is in "
    f"the database; name a Redis or Valkey ({_WHY})",
    ("redis+cluster", "rediss+cluster", "redis-cluster", "rediss-cluster"): "is a Redis Cluster, "
    "where Dramatiq's script can't run: it uses keys that it does not declare; name one primary, "
    f"or Sentinels for failover ({_WHY})",
}


@dataclass(frozen=True)
class RedisAddress:
    """Where Redis is and how it is entered. `hosts` are those of the Sentinels if `service` is
    given; `socket` stands instead of them. `verified`: certificates are checked."""

    hosts: tuple[tuple[str, int], ...] = ()
    socket: str | None = None
    service: str | None = None
    database: int = 0
    username: str | None = None
    password: str | None = None
    sentinel_username: str | None = None
    sentinel_password: str | None = None
    tls: bool = False
    verified: bool = True


def text(raw: str) -> str:
    """The URL itself, if it can be read. Raises ValueError, with a reason that repeats nothing of
    it but its scheme."""
    read(raw)
    return raw


def read(url: str) -> RedisAddress:
    """The address in a URL. Raises ValueError like `text`."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("must be a URL") from None
    scheme = _ALIASES.get(parts.scheme, parts.scheme)
    for schemes, why in _REFUSED.items():
        if scheme in schemes:
            raise ValueError(why)
    if scheme not in _SCHEMES or parts.fragment or any(c.isspace() for c in url):
        raise ValueError("must be a URL that begins with " + "://, ".join(_SCHEMES) + "://")
    options = _options(parts.query)
    service, database = _path(scheme, parts, options)
    user, _, hosts = parts.netloc.rpartition("@")
    username, _, password = (unquote(word) for word in user.partition(":"))
    tls = scheme.startswith("rediss")
    if not tls and "ssl_cert_reqs" in options:
        raise ValueError("has a parameter for TLS and no TLS: it must begin with rediss://")
    return RedisAddress(
        hosts=() if scheme == "unix" else _hosts(hosts, service),
        socket=unquote(parts.path) if scheme == "unix" else None,
        service=service,
        database=database,
        username=username or None,
        password=password or None,
        sentinel_username=options.get("sentinel_username"),
        sentinel_password=options.get("sentinel_password"),
        tls=tls,
        verified=_verified(options),
    )


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    if not set(options) <= _PARAMETERS:
        raise ValueError("has a parameter that is none of " + ", ".join(sorted(_PARAMETERS)))
    return {name: value for name, value in options.items() if value}


def _path(scheme: str, parts: SplitResult, options: dict[str, str]) -> tuple[str | None, int]:
    """The service (Sentinel only) and the number of the database."""
    words = [unquote(word) for word in parts.path.split("/") if word]
    if scheme == "unix":
        if not words:
            raise ValueError("must name a socket: unix:///path")
        return None, _number(options.get("db", "0"))
    service = None
    if scheme.endswith("+sentinel"):
        if not words:
            raise ValueError("must name the service that the Sentinels watch: …://host:port/name")
        service = words.pop(0)
    elif {"sentinel_username", "sentinel_password"} & set(options):
        raise ValueError("has parameters for Sentinel: it must begin with redis+sentinel://")
    if len(words) > 1:
        raise ValueError("must end in the number of a database")
    return service, _number(options.get("db", "".join(words) or "0"))


def _number(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", raw):
        raise ValueError("must end in the number of a database")
    return int(raw)


def _hosts(netloc: str, service: str | None) -> tuple[tuple[str, int], ...]:
    found = []
    for word in netloc.split(","):
        match = _HOST.fullmatch(word)
        if not match or int(match["port"] or 1) not in range(1, 65536):
            raise ValueError("must be a URL with a host, and with a port from 1 to 65535 if any")
        port = int(match["port"] or (SENTINEL_PORT if service else REDIS_PORT))
        found.append((unquote(match["six"] or match["name"]), port))
    if service is None and len(found) > 1:
        raise ValueError("must name one host; several are for redis+sentinel://")
    return tuple(found)


def _verified(options: dict[str, str]) -> bool:
    word = options.get("ssl_cert_reqs", "required").lower().removeprefix("cert_")
    if word not in ("required", "none"):
        raise ValueError("has a parameter ssl_cert_reqs that is neither required nor none")
    return word == "required"

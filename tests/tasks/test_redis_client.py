"""Redis by every form of address: what each means, and that what is wrong is told apart."""

import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from gateway.cli.embedded_redis import free_port
from gateway.redis_url import RedisAddress, read
from gateway.settings import InvalidSettings, Settings
from tasks import redis_client
from tests import redis_tls, servers

ENV = {"DATABASE_URL": "sqlite:///unused", "SECRET_KEY": "x" * 32}


def _settings(url: str, **more: str) -> Settings:
    return Settings.from_env({**ENV, "REDIS_URL": url, **more})


def _troubles(url: str, **more: str) -> list[str]:
    client = redis_client.connect(_settings(url, **more), 1.0)
    try:
        return redis_client.troubles(client)
    finally:
        client.close()


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.RedisServer]:
    """A Redis whose configuration may be changed."""
    with servers.start_redis(tmp_path_factory.mktemp("own")) as server:
        yield server


def _place(server: servers.RedisServer) -> str:
    return server.url.rpartition("@")[2].partition("/")[0]


@pytest.mark.row("C8")
@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://cache", RedisAddress((("cache", 6379),))),
        ("valkey://cache:1/2", RedisAddress((("cache", 1),), database=2)),
        ("redis://:p%40ss@[::1]:1/", RedisAddress((("::1", 1),), password="p@ss")),
        (
            "rediss://ada:pw@cache:6380/3",
            RedisAddress((("cache", 6380),), username="ada", password="pw", database=3, tls=True),
        ),
        (
            "rediss://cache?ssl_cert_reqs=none&db=4",
            RedisAddress((("cache", 6379),), database=4, tls=True, verified=False),
        ),
        (
            "unix://:pw@/run/redis.sock?db=5",
            RedisAddress(socket="/run/redis.sock", password="pw", database=5),
        ),
        (
            "redis+sentinel://ada:pw@one,two:26380/main/6?sentinel_password=other",
            RedisAddress(
                (("one", 26379), ("two", 26380)), service="main", database=6,
                username="ada", password="pw", sentinel_password="other",
            ),
        ),
        (
            "rediss+sentinel://one:1/main",
            RedisAddress((("one", 1),), service="main", tls=True),
        ),
    ],
)  # fmt: skip
def test_every_form_of_address_is_understood(url: str, address: RedisAddress) -> None:
    assert read(url) == address


@pytest.mark.row("C8")
@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("amqp://guest:s3cret@rabbit:5672/vhost", "RabbitMQ"),
        ("amqps://guest:s3cret@rabbit", "0015-which-brokers"),
        ("redis+cluster://:s3cret@one:1,two:2", "Cluster"),
        ("memcached://:s3cret@one", "begins with"),
        ("redis://:s3cret@", "a host"),
        ("redis://:s3cret@one,two", "one host"),
        ("redis://:s3cret@one:0", "1 to 65535"),
        ("redis://:s3cret@one:66000", "1 to 65535"),
        ("redis://:s3cret@one/main/1", "number of a database"),
        ("redis://:s3cret@one/main", "number of a database"),
        ("redis://:s3cret@one?ssl_cert_reqs=none", "rediss://"),
        ("rediss://:s3cret@one?ssl_cert_reqs=optional", "required nor none"),
        ("rediss://:s3cret@one?ssl_check_hostname=no", "none of"),
        ("redis://:s3cret@one?socket_timeout=900", "none of"),
        ("redis://one?sentinel_password=s3cret", "redis+sentinel://"),
        ("redis+sentinel://:s3cret@one:1", "the service"),
        ("unix://:s3cret@", "a socket"),
        ("redis://:s3cret@one two", "begins with"),
        ("redis://:s3cret@[::1", "must be a URL"),
    ],
)
def test_an_address_that_can_t_be_used_is_refused_with_the_reason_and_without_its_password(
    url: str, why: str
) -> None:
    with pytest.raises(InvalidSettings, match="REDIS_URL") as refused:
        _settings(url)
    assert why in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_a_file_without_certificates_or_without_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing\n")
    for name in ("empty.pem", "absent.pem"):
        with pytest.raises(InvalidSettings, match="REDIS_CA_FILE must be a readable file"):
            _settings("rediss://cache", REDIS_CA_FILE=str(tmp_path / name))
    with pytest.raises(InvalidSettings, match="REDIS_CA_FILE is for TLS"):
        _settings("redis://cache", REDIS_CA_FILE=redis_tls.AUTHORITY)


@pytest.mark.row("C8")
def test_a_certificate_counts_only_from_an_authority_we_trust_and_for_that_host(
    own_redis: servers.RedisServer,
) -> None:
    with redis_tls.tls_in_front(own_redis) as tls:
        assert _troubles(tls.url, REDIS_CA_FILE=redis_tls.AUTHORITY) == []
        assert _troubles(tls.url) == ["certificate refused"]
        assert _troubles(tls.url, REDIS_CA_FILE=redis_tls.STRANGER) == ["certificate refused"]
        plain = tls.url.replace("rediss://", "redis://")
        assert _troubles(plain) in (["unreachable"], ["timeout"])
    with redis_tls.tls_in_front(own_redis, "elsewhere") as tls:
        assert _troubles(tls.url, REDIS_CA_FILE=redis_tls.AUTHORITY) == ["certificate refused"]
    assert _troubles(own_redis.url.replace("redis://", "rediss://")) == ["timeout"]


@pytest.mark.row("C8")
@pytest.mark.parametrize("how", ["?ssl_cert_reqs=none", "REDIS_TLS_VERIFY"])
def test_a_self_signed_certificate_is_taken_only_where_that_is_asked_for(
    own_redis: servers.RedisServer, how: str
) -> None:
    with redis_tls.tls_in_front(own_redis) as tls:
        asked = {how: "false"} if how.isupper() else {}
        assert _troubles(tls.url + ("" if asked else how), **asked) == []
        assert tls.handshakes == 1


def test_what_is_wrong_with_a_redis_is_told_apart(
    own_redis: servers.RedisServer, tmp_path: Path
) -> None:
    place = _place(own_redis)
    assert _troubles(own_redis.url) == []
    assert _troubles(f"redis://:wrong@{place}") == ["password refused"]
    assert _troubles(f"redis://{place}") == ["password refused"]
    assert _troubles(own_redis.url.replace("/0", "/99")) == ["database refused"]
    assert _troubles(f"redis://127.0.0.1:{free_port()}") == ["unreachable"]
    assert _troubles(f"unix://{tmp_path}/absent.sock") == ["unreachable"]
    client = own_redis.client()
    client.acl_setuser("weak", enabled=True, nopass=True, commands=["+ping"])
    assert _troubles(f"redis://weak:any@{place}") == ["not permitted"]
    client.config_set("maxmemory-policy", "allkeys-lru")
    assert _troubles(own_redis.url) == ["evicting"]
    client.config_set("maxmemory-policy", "volatile-lru")
    assert _troubles(own_redis.url) == []
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", "1")
    assert _troubles(own_redis.url) == ["full"]
    assert redis_client.standing(client) == "refusing"
    client.config_set("maxmemory", "0")
    client.replicaof("127.0.0.1", free_port())
    assert _troubles(own_redis.url) == ["read-only"]
    assert redis_client.standing(client) == "refusing"
    client.replicaof("NO", "ONE")
    assert redis_client.standing(client) == "ok"


def test_a_redis_that_hangs_costs_a_hurried_process_a_moment(tmp_path: Path) -> None:
    with servers.start_redis(tmp_path / "hung") as server:
        client = redis_client.connect(_settings(server.url))
        redis_client.hurry(client, 0.2)
        assert redis_client.standing(client) == "ok"
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        assert redis_client.standing(client) == "unreachable"
        assert time.monotonic() - begun < 1
        server.process.send_signal(signal.SIGCONT)
        client.close()


def test_no_word_about_a_redis_is_without_its_cure() -> None:
    errors = (redis.ResponseError("MISCONF disk"), redis.BusyLoadingError(), OSError())
    words = {redis_client.fault(error) for error in errors}
    assert words == {"refusing", "loading", "unreachable"}
    assert words <= set(redis_client.TROUBLES)


@pytest.mark.row("C8")
def test_a_socket_serves_and_the_number_of_the_database_is_kept() -> None:
    folder = Path(tempfile.mkdtemp(prefix="rb-", dir="/tmp"))  # a socket's path is short
    path = folder / "r.sock"
    with servers.start_redis(folder) as server:
        server.kill()
        server.command += ["--unixsocket", str(path)]
        server.start()
        word = server.url.split(":")[2].partition("@")[0]
        client = redis_client.connect(_settings(f"unix://:{word}@{path}?db=3"))
        assert redis_client.troubles(client) == []
        assert set(server.client().info("keyspace")) == {"db3"}
        client.close()

"""What the transport can promise whatever a carrier does."""

import errno
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import requests

from gateway import failpoints
from gateway.providers.transport import Answer, NotSent, Transport, Unanswered
from tests.providers import breaking
from tests.providers.stand_in import Act, Connection, StandIn, answering

DEADLINE = 0.6
SLACK = 2.0  # seconds that a busy machine may take beyond it


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.arm(None)


def post(url: str, **options: str) -> requests.Request:
    return requests.Request("POST", url + "/calls", data=b"words", **options)


@pytest.mark.parametrize("act", breaking.UNCLEAR, ids=lambda act: act.__name__)
def test_a_broken_answer_is_unknown_in_time_and_the_request_is_made_once(act: Act) -> None:
    with StandIn(act) as carrier:
        begun = time.monotonic()
        with pytest.raises(Unanswered):
            Transport(DEADLINE).send(post(carrier.url))
        took = time.monotonic() - begun
        assert took < DEADLINE + SLACK
        assert carrier.connections == 1
        assert len(carrier.posts) <= 1


def test_an_answer_may_take_longer_than_a_connection_may() -> None:
    def late(connection: Connection) -> None:
        connection.read()
        time.sleep(0.3)
        connection.answer(200, b"well")

    with StandIn(late) as carrier:
        assert Transport(5, connect_seconds=0.1).send(post(carrier.url)).body == b"well"


def test_a_refused_connection_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(NotSent) as fault:
        Transport(5).send(post(f"http://127.0.0.1:{port}"))
    assert fault.value.stage == "connect"


def test_an_unresolvable_name_is_not_sent() -> None:
    with pytest.raises(NotSent) as fault:
        Transport(5).send(post("http://carrier.invalid"))
    assert fault.value.stage == "resolve"


def test_a_full_backlog_is_not_sent_after_the_connect_time() -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = [socket.socket() for _ in range(8)]
    try:
        for one in waiting:
            one.setblocking(False)
            assert one.connect_ex(listener.getsockname()) in (0, errno.EINPROGRESS)
        begun = time.monotonic()
        with pytest.raises(NotSent) as fault:
            Transport(5, connect_seconds=0.3).send(
                post(f"http://127.0.0.1:{listener.getsockname()[1]}")
            )
        assert fault.value.stage == "connect"
        assert 0.25 < time.monotonic() - begun < 0.3 + SLACK
    finally:
        for one in (*waiting, listener):
            one.close()


def test_tls_to_a_plain_port_is_not_sent() -> None:
    with StandIn(breaking.speaks_only_http) as carrier:
        with pytest.raises(NotSent) as fault:
            Transport(2).send(post(carrier.url.replace("http", "https")))
        assert (fault.value.stage, carrier.connections) == ("tls", 1)


def test_a_tls_handshake_that_hangs_ends_at_the_deadline_and_is_not_sent() -> None:
    with StandIn(breaking.never_reads) as carrier:
        begun = time.monotonic()
        with pytest.raises(NotSent):
            Transport(DEADLINE).send(post(carrier.url.replace("http", "https")))
        assert time.monotonic() - begun < DEADLINE + SLACK


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with StandIn(answering(307, b"", {"Location": "/elsewhere"})) as carrier:
        answer = Transport(2).send(post(carrier.url))
        assert (answer.status, len(carrier.requests)) == (307, 1)


def test_cookies_and_the_environments_proxy_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with StandIn(answering(200, b"", {"Set-Cookie": "a=b"})) as carrier:
        transport = Transport(2)
        transport.send(post(carrier.url))
        transport.send(post(carrier.url))
        assert [seen.headers.get("cookie") for seen in carrier.requests] == [None, None]
        assert carrier.connections == 1


def test_a_connection_that_idled_is_not_used_again() -> None:
    with StandIn(answering(200)) as carrier:
        transport = Transport(2)
        transport.send(post(carrier.url))
        time.sleep(2.1)
        transport.send(post(carrier.url))
        assert carrier.connections == 2


def test_a_kept_connection_that_breaks_is_unknown_and_not_repeated() -> None:
    def act(connection: Connection) -> None:
        connection.read()
        connection.answer(200)
        connection.read()
        connection.reset()

    with StandIn(act) as carrier:
        transport = Transport(2)
        transport.send(post(carrier.url))
        with pytest.raises(Unanswered):
            transport.send(post(carrier.url))
        assert (len(carrier.posts), carrier.connections) == (2, 1)


def test_a_late_deadline_of_one_request_does_not_cut_another_on_the_same_connection() -> None:
    with StandIn(answering(200)) as carrier:
        transport = Transport(1.0)
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            assert transport.send(post(carrier.url)).status == 200
            time.sleep(0.02)
        assert carrier.connections == 1


def test_faults_name_no_address_and_no_cause() -> None:
    with StandIn(breaking.closes_without_a_word) as carrier:
        with pytest.raises(Unanswered) as fault:
            Transport(2).send(post(carrier.url + "/+15005550006"))
        assert "5005550006" not in repr(fault.value) + str(fault.value)
        assert fault.value.__suppress_context__


@pytest.mark.parametrize(
    ("point", "expected", "posts"),
    [
        ("worker.before_connect", NotSent, 0),
        ("worker.after_send", Unanswered, 1),
        ("worker.after_response", Unanswered, 1),
    ],
)
def test_a_failure_at_a_failpoint_is_told_by_what_had_left(
    point: str, expected: type[Exception], posts: int
) -> None:
    arrived = threading.Event()

    def act(connection: Connection) -> None:
        if connection.read() is not None:
            arrived.set()
            connection.answer(200)

    with StandIn(act) as carrier:
        failpoints.arm(f"{point}:raise")
        with pytest.raises(expected):
            Transport(2).send(post(carrier.url), placing=True)
        if posts:
            assert arrived.wait(2)
        assert len(carrier.posts) == posts
        Transport(2).send(post(carrier.url))  # a look-up passes no failpoint


def test_a_process_frozen_before_sending_does_not_send_afterwards() -> None:
    with StandIn(answering(201)) as carrier:
        failpoints.arm("worker.before_connect:sleep=0.5")
        with pytest.raises(NotSent):
            Transport(0.3).send(post(carrier.url), placing=True)
        assert carrier.requests == []


def test_an_interruption_of_the_thread_is_unknown_when_placing() -> None:
    """Dramatiq and signals raise where the thread happens to be."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with StandIn(breaking.hangs) as carrier:
            timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1))
            timer.start()
            with pytest.raises(Unanswered):
                Transport(5).send(post(carrier.url), placing=True)
            timer.join()
    finally:
        signal.signal(signal.SIGUSR1, previous)


DATE = "Sat, 21 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("0", 0.0),
        ("5", 5.0),
        ("3600", 3600.0),
        ("100000000000000000000", 3600.0),
        ("Sat, 21 Nov 2026 10:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 09:00:00 GMT", 0.0),
        ("Sun, 22 Nov 2026 10:00:00 GMT", 3600.0),
        ("-5", None),
        ("abc", None),
        ("", None),
        ("\u0665", None),
    ],
)
def test_retry_after_is_seconds_within_an_hour_or_nothing(raw: str, expected: float | None) -> None:
    answer = Answer(429, {"retry-after": raw, "date": DATE}, b"")
    assert answer.retry_after == expected


def test_without_an_own_date_a_retry_date_says_nothing() -> None:
    assert Answer(429, {"retry-after": DATE}, b"").retry_after is None
    assert Answer(429, {}, b"").retry_after is None

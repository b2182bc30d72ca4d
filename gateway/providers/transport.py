"""The outbound HTTP of every carrier: one request, once, inside a total deadline.

No redirect is followed, nothing is repeated, no proxy or CA is taken from the environment, no
cookie is kept, and no more than 256 kB of an answer is read. Faults are of two kinds only: the
request surely never left, or nobody knows.
"""

import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import PoolManager, Timeout
from urllib3.util import make_headers

from gateway import failpoints, tracing
from gateway.providers import wire

MOST_BYTES = 256 * 1024
LONGEST_RETRY_AFTER = 3600.0


class Undelivered(Exception):
    """No usable answer. `stage` says how far the request got: resolve, connect, tls or sent."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        super().__init__(f"no answer from the carrier: {stage}")


class NotSent(Undelivered):
    """The request surely never left this machine."""


class Unanswered(Undelivered):
    """The carrier may have the request; what it did with it is unknown."""


class _TooLarge(Exception):
    pass


@dataclass(frozen=True)
class Answer:
    """A complete answer. Header names are lower-case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The body as UTF-8, with unreadable bytes replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is anything else."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def retry_after(self) -> float | None:
        """The carrier's Retry-After in seconds, clamped to 0..3600. A date counts from the answer's
        own Date. None when there is none or it can't be understood (RFC 9110, 10.2.3)."""
        raw = self.headers.get("retry-after", "").strip()
        if raw.isascii() and raw.isdigit():
            # Not float(raw): thousands of digits would become infinity, or cost time.
            return min(float(raw[:20]), LONGEST_RETRY_AFTER)
        try:
            then = parsedate_to_datetime(raw)
            seconds = (then - parsedate_to_datetime(self.headers["date"])).total_seconds()
        except (KeyError, ValueError, TypeError, OverflowError):
            return None
        return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def _form(request: requests.Request) -> tuple[str, str, dict[str, str], Any]:
    """Method, URL, headers and body of a request. A plain form is written here: what the library
    looks after besides takes longer than all the rest of an exchange."""
    headers = {"Accept-Encoding": "identity", **(request.headers or {})}
    if request.params or request.json or request.files or not isinstance(request.data, dict):
        request.headers = headers
        made = request.prepare()
        return str(made.method), str(made.url), dict(made.headers), made.body
    if isinstance(request.auth, tuple):
        headers |= make_headers(basic_auth=":".join(request.auth))
    body = None
    if request.data:
        told = {name: value for name, value in request.data.items() if value is not None}
        body = urlencode(told, doseq=True)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return str(request.method), str(request.url), headers, body


class Transport:
    """Sends requests for one carrier; safe to share between threads. Times are in seconds."""

    def __init__(self, deadline_seconds: float, connect_seconds: float = 3.0) -> None:
        self.deadline_seconds = deadline_seconds
        self._connect_seconds = connect_seconds
        # At DEBUG it writes every URL, and a look-up's URL holds two telephone numbers.
        logging.getLogger("urllib3").setLevel(logging.WARNING)
        self._pools = PoolManager(
            maxsize=32, cert_reqs="CERT_REQUIRED", ca_certs=DEFAULT_CA_BUNDLE_PATH
        )
        self._pools.pool_classes_by_scheme = {"http": wire.PlainPool, "https": wire.TlsPool}

    def send(
        self,
        request: requests.Request,
        *,
        seconds: float | None = None,
        placing: bool = False,
    ) -> Answer:
        """Send once and read the whole answer. `seconds` shortens the total deadline; `placing`
        marks the requests that ring a telephone, which pass the worker's failpoints. Raises
        NotSent or Unanswered and nothing else; when placing, even an interruption of the thread
        becomes one of them."""
        seconds = min(self.deadline_seconds, seconds or self.deadline_seconds)
        deadline = time.monotonic() + seconds
        exchange = wire.Exchange(deadline, self._connect_seconds, placing=placing)
        try:
            with exchange:
                if placing:
                    failpoints.hit("worker.before_connect")
                answer = self._traced(request, exchange)
                if placing:
                    failpoints.hit("worker.after_response")
            return answer
        except BaseException as fault:
            if not placing and not isinstance(fault, Exception):
                raise
            # Whatever broke, the one thing that matters is whether the request may have left.
            # Nothing of the cause is kept: its texts name URLs, and those name people.
            if exchange.stage == "sent":
                raise Unanswered(exchange.stage) from None
            raise NotSent(exchange.stage) from None

    def _traced(self, request: requests.Request, exchange: wire.Exchange) -> Answer:
        """The exchange as a span, which the carrier is told of; its address is not: paths and
        queries of some name people."""
        facts = {"http.request.method": request.method}
        facts["server.address"] = urlsplit(request.url).hostname
        with tracing.span(f"{request.method} carrier", "client", root=False, **facts):
            here = tracing.here()
            if here is not None:
                request.headers = {**(request.headers or {}), "traceparent": here}
            answer = self._exchange(request, exchange)
            tracing.note(**{"http.response.status_code": answer.status})
            if answer.status >= 400:
                tracing.failed(str(answer.status))
            return answer

    def _exchange(self, request: requests.Request, exchange: wire.Exchange) -> Answer:
        # The pools are asked directly: a session would read a redirect's whole body, keep cookies
        # and look into the environment.
        method, url, told, form = _form(request)
        response = self._pools.urlopen(
            method,
            url,
            body=form,
            headers=told,
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=Timeout(connect=self._connect_seconds, read=max(0.001, exchange.remaining())),
        )
        try:
            body = bytearray()
            for piece in response.stream(16 * 1024, decode_content=True):
                body += piece
                if len(body) > MOST_BYTES:
                    raise _TooLarge
            if exchange.overdue:
                raise TimeoutError
        except BaseException:
            response.close()  # half-read: never back to the pool
            raise
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, headers, bytes(body))


def server_time(transport: Transport, addresses: Iterable[str]) -> datetime | None:
    """The Date that the first of these addresses to answer says, aware, in UTC; None when none
    does. Asks for nothing, shows no credentials, and never raises."""
    for address in addresses:
        try:
            answer = transport.send(requests.Request("HEAD", address))
            told = parsedate_to_datetime(answer.headers["date"])
        except (Undelivered, KeyError, ValueError, TypeError, OverflowError):
            continue
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    return None

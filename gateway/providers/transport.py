"""The outbound HTTP of every carrier: one request, once, inside a total deadline.

No redirect is followed, nothing is repeated, no proxy or CA is taken from the environment, no
cookie is kept, and no more than 256 kB of an answer is read. Faults are of two kinds only: the
request surely never left, or nobody knows.
"""

import json
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests

from gateway import failpoints, tracing
from gateway.providers import wire
from gateway.providers.connections import Connections

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


def _form(request: requests.Request) -> tuple[str, str, dict[str, str], bytes]:
    """Method, URL, headers and body of a request. A plain form is written here: what the library
    looks after besides takes longer than all the rest of an exchange."""
    headers = {"Accept-Encoding": "identity", **(request.headers or {})}
    url, form = str(request.url), request.data
    rest = request.params or request.json or request.files or not isinstance(form, dict)
    if rest or not url.isascii() or not url.isprintable() or " " in url or "#" in url:
        request.headers = headers
        made = request.prepare()
        told = {name: value for name, value in made.headers.items() if name != "Content-Length"}
        return str(made.method), str(made.url), told, _bytes(made.body)
    if isinstance(request.auth, tuple):
        headers["Authorization"] = _basic(*request.auth)
    body = ""
    if form:
        told = {name: value for name, value in form.items() if value is not None}
        body = urlencode(told, doseq=True)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return str(request.method), url, headers, body.encode("ascii")


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def _basic(name: str, secret: str) -> str:
    return "Basic " + b64encode(f"{name}:{secret}".encode("latin-1")).decode("ascii")


class Transport:
    """Sends requests for one carrier; safe to share between threads. Times are in seconds."""

    def __init__(self, deadline_seconds: float, connect_seconds: float = 3.0) -> None:
        self.deadline_seconds = deadline_seconds
        self._connect_seconds = connect_seconds
        self._connections = Connections()

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
        # No session: it would read a redirect's whole body, keep cookies and look into the
        # environment.
        return Answer(*self._connections.request(exchange, *_form(request), MOST_BYTES))


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

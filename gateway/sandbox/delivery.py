"""Posting one callback: attempts, waits between them, and a line in the journal for each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import local
from typing import Literal
from urllib.parse import parse_qsl, urldefrag

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from gateway.sandbox.journal import Journal
from gateway.sandbox.wallclock import now

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
FIRST_WAIT_SECONDS = 0.2
MOST_RETRIES = 5

Reason = Literal["4xx", "5xx", "ct", "rt"]
REASONS: tuple[Reason, ...] = ("4xx", "5xx", "ct", "rt")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and why an attempt is repeated (twilio.md 2.1); the default is Twilio's."""

    retries: int = 1
    reasons: frozenset[str] = frozenset({"ct"})
    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS


STUBBORN = RetryPolicy(retries=4, reasons=frozenset(REASONS))


def split_overrides(url: str) -> tuple[str, RetryPolicy]:
    """The URL as it is sent and signed, and the policy asked for by its `#rc=..&rp=..`."""
    bare, fragment = urldefrag(url)
    if not fragment:
        return bare, RetryPolicy()
    wishes = dict(parse_qsl(fragment))
    asked = {reason.strip() for reason in wishes.get("rp", "ct").split(",")}
    return bare, RetryPolicy(
        retries=int(_bounded(wishes.get("rc"), 0, MOST_RETRIES, 1)),
        reasons=frozenset(REASONS if "all" in asked else asked),
        connect_seconds=_bounded(wishes.get("ct"), 100, CONNECT_SECONDS * 1000, 5000) / 1000,
        read_seconds=_bounded(wishes.get("rt"), 100, READ_SECONDS * 1000, 15000) / 1000,
    )


def _bounded(text: str | None, low: float, high: float, default: float) -> float:
    if text is None or not text.isdecimal():
        return default
    return min(max(float(text), low), high)


@dataclass(frozen=True, slots=True)
class Callback:
    """One event for one URL. `headers` is asked anew for each attempt, as some signatures age."""

    provider: str
    kind: str
    event: str
    external_id: str
    url: str
    body: bytes
    headers: Callable[[], Mapping[str, str]]
    policy: RetryPolicy


class Postman:
    """Sends callbacks from any thread; each thread keeps its own connections alive."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._own = local()

    def send(self, callback: Callback, attempt: int = 1) -> tuple[requests.Response | None, str]:
        """One attempt: the response or None, and why it should be repeated ("" for no reason)."""
        policy = callback.policy
        response: requests.Response | None = None
        try:
            timeout = (policy.connect_seconds, policy.read_seconds)
            response = self._adapter().send(_written_out(callback), timeout=timeout)
            response.content  # noqa: B018 - reading it to the end keeps the connection usable
            trouble = _trouble_with(response.status_code)
        except requests.ReadTimeout:
            trouble = "rt"
        except requests.RequestException:
            trouble = "ct"
        self._journal.note_callback(
            now(),
            provider=callback.provider,
            kind=callback.kind,
            event=callback.event,
            external_id=callback.external_id,
            url=callback.url,
            attempt=attempt,
            status=None if response is None else response.status_code,
            trouble=trouble,
        )
        return response, trouble

    def errand(
        self, callback: Callback, answered: Callable[[requests.Response], None] | None = None
    ) -> Callable[[], float | None]:
        """A job for a lane: sends, and names the seconds to wait while there is a retry left;
        `answered` is shown each response."""
        attempts = 0

        def run() -> float | None:
            nonlocal attempts
            attempts += 1
            response, trouble = self.send(callback, attempts)
            if response is not None and answered is not None:
                answered(response)
            again = trouble in callback.policy.reasons and attempts <= callback.policy.retries
            return FIRST_WAIT_SECONDS * 2 ** (attempts - 1) if again else None

        return run

    def _adapter(self) -> HTTPAdapter:
        adapter: HTTPAdapter | None = getattr(self._own, "adapter", None)
        if adapter is None:
            adapter = self._own.adapter = HTTPAdapter()
        return adapter


def _written_out(callback: Callback) -> requests.PreparedRequest:
    """The request as it is; requests' own preparation would rewrite the signed URL."""
    request = requests.PreparedRequest()
    request.method, request.url, request.body = "POST", callback.url, callback.body
    length = {"Accept": "*/*", "Content-Length": str(len(callback.body))}
    request.headers = CaseInsensitiveDict(length | dict(callback.headers()))
    return request


def _trouble_with(status: int) -> str:
    if status >= 500:
        return "5xx"
    return "4xx" if status >= 400 else ""

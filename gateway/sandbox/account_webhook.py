"""A webhook that a provider posts the events of a whole account to, those of several messages at
once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from time import sleep
from typing import Any, Protocol
from urllib.parse import urlsplit

from gateway.sandbox.behaviour import Behaviour, Delivery, Signing
from gateway.sandbox.delivery import FIRST_WAIT_SECONDS, REASONS, Callback, RetryPolicy
from gateway.sandbox.schedule import Lane
from gateway.sandbox.stage import Stage

GATHER_SECONDS = 0.02
MOST_AT_ONCE = 200
COPIES = 3
LATE_SECONDS = 5.0
# Real ones go on for a day, or seven; this is about three minutes.
PATIENT = RetryPolicy(retries=10, reasons=frozenset(REASONS))


def is_web_address(url: str) -> bool:
    """Whether this is an absolute http or https address."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Told:
    """One event, in the provider's own words, about one message."""

    external_id: str
    event: str
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Moment:
    """What is told together, so many seconds after the message was placed."""

    seconds: float
    told: Sequence[Told]


class Writer(Protocol):
    """How a provider writes events down and signs them."""

    def body(self, told: Sequence[Told]) -> bytes:
        """One request body for all of them."""

    def headers(self, body: bytes, signing: Signing) -> Mapping[str, str]:
        """The headers of one attempt to deliver it, made anew for each."""


class AccountWebhook:
    """Gathers ordinary events for a moment and posts them as one. Those of a message with a fate of
    its own (copies, forged signatures, the wrong order) are posted apart. What is not answered by
    2xx is repeated, and posts may overtake each other."""

    def __init__(self, stage: Stage, provider: str, url: Callable[[], str], writer: Writer) -> None:
        self._stage = stage
        self._provider = provider
        self._url = url
        self._writer = writer
        self._lock = Lock()
        self._gathered: list[Told] = []

    def play(self, behaviour: Behaviour, moments: Sequence[Moment]) -> None:
        """Tell of a message as its fate has it; early callbacks are delivered when this returns."""
        delivery, told = behaviour.delivery, [moment.told for moment in moments]
        if delivery is Delivery.LOST:
            return
        if delivery is Delivery.FADING:
            told = told[:1]
        if delivery is Delivery.REVERSED:
            told = [list(reversed(events)) for events in reversed(told)]
        if delivery is Delivery.EARLY:
            for events in told:
                self._post_now(events, behaviour.signing)
            return
        delay = self._stage.config.number_delay if behaviour.delayed else 0.0
        if delivery is Delivery.LATE:
            delay += behaviour.seconds or LATE_SECONDS
        copies = COPIES if delivery is Delivery.TRIPLE else 1
        for moment, events in zip(moments, told, strict=False):
            self._after(delay + moment.seconds, events, behaviour.signing, copies)

    def _after(self, seconds: float, events: Sequence[Told], how: Signing, copies: int) -> None:
        self._stage.scheduler.after(seconds, lambda: self.tell(events, how, copies))

    def tell(
        self, events: Sequence[Told], signing: Signing = Signing.CURRENT, copies: int = 1
    ) -> None:
        """Post these events soon."""
        if signing is Signing.CURRENT and copies == 1:
            self._gather(events)
            return
        for _ in range(copies):
            self._post(events, signing)

    def tell_now(self, events: Sequence[Told], signing: Signing) -> int | None:
        """Post these events and wait for the answer: its status, or None if there was none. What is
        not taken is repeated in the background."""
        if not self._url():
            return None
        letter = self._letter(events, signing)
        response, trouble = self._stage.postman.send(letter)
        if trouble in letter.policy.reasons:
            lane = Lane(self._stage.scheduler)
            lane.push_after(FIRST_WAIT_SECONDS, self._stage.postman.errand(letter))
        return None if response is None else response.status_code

    def _gather(self, events: Sequence[Told]) -> None:
        with self._lock:
            first = not self._gathered
            self._gathered.extend(events)
        if first:
            self._stage.scheduler.after(GATHER_SECONDS, self._post_gathered)

    def _post_gathered(self) -> None:
        with self._lock:
            gathered, self._gathered = self._gathered, []
        for start in range(0, len(gathered), MOST_AT_ONCE):
            self._post(gathered[start : start + MOST_AT_ONCE], Signing.CURRENT)

    def _post(self, events: Sequence[Told], signing: Signing) -> None:
        if self._url():
            lane = Lane(self._stage.scheduler)
            lane.push(self._stage.postman.errand(self._letter(events, signing)))

    def _post_now(self, events: Sequence[Told], signing: Signing) -> None:
        if not self._url():
            return
        job = self._stage.postman.errand(self._letter(events, signing))
        while (wait := job()) is not None:
            sleep(wait)

    def _letter(self, events: Sequence[Told], signing: Signing) -> Callback:
        body = self._writer.body(events)
        return Callback(
            provider=self._provider,
            kind="status",
            event=",".join(told.event for told in events),
            external_id=",".join(dict.fromkeys(told.external_id for told in events)),
            url=self._url(),
            body=body,
            headers=lambda: self._writer.headers(body, signing),
            policy=PATIENT,
        )

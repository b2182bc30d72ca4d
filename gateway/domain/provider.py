"""The contract between the gateway and a carrier, in the gateway's words.

A carrier is a folder under gateway/providers that fulfils `Provider` and one line in its registry.
It places, looks up and hangs up; it verifies callbacks and translates them. It decides nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.domain.lifecycle import CallState
from gateway.domain.outcomes import Failure


@dataclass(frozen=True)
class CallRequest:
    """One voice call to place. `attempt_id` travels in every URL, so that each callback names it.

    `transcribe` asks the carrier to transcribe what is said, where it can.
    """

    attempt_id: str
    account: str
    to: str = field(repr=False)
    from_: str = field(repr=False)
    say: str = field(repr=False)
    locale: str
    callback_base_url: str
    transcribe: bool


class Result(StrEnum):
    """What is known after asking a carrier to place a call or send a message."""

    ACCEPTED = "accepted"  # it has it and named it
    REJECTED = "rejected"  # it refused: asking again in the same way is useless
    NOT_SENT = "not_sent"  # it surely did not take it: may be asked again later
    UNKNOWN = "unknown"  # it may or may not have taken it: must be resolved before anything else


@dataclass(frozen=True)
class Placement:
    """The carrier's answer. `external_id` and `provider_status` come with ACCEPTED, `failure` with
    REJECTED, NOT_SENT and UNKNOWN; `retry_after` is the carrier's wish in seconds, clamped to
    0..3600, None when it had none."""

    result: Result
    external_id: str | None = None
    provider_status: str | None = None
    failure: Failure | None = None
    retry_after: float | None = None


@dataclass(frozen=True)
class Found:
    """A call seen at the carrier by a look-up. Times are UTC. `state` is UNKNOWN when the carrier's
    word is not known to us; `ended_at`, `duration_seconds`, `answered_by` and `failure` come where
    the carrier tells them."""

    external_id: str
    provider_status: str
    state: CallState
    created_at: datetime | None
    ended_at: datetime | None = None
    duration_seconds: int | None = None
    answered_by: str | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Listed:
    """A call of the carrier's list, and the number it was placed to, E.164. It always says when it
    was created."""

    to: str = field(repr=False)
    call: Found


@dataclass(frozen=True)
class Callback:
    """A webhook request as it came over the wire, before anything was believed.

    `path` is what follows /webhooks/ ("twilio/voice"); `url` is the configured public URL with the
    raw path and query; header names are lower-case, and a header sent twice has its values joined
    by ", "; `body` are the raw bytes."""

    method: str
    path: str
    url: str = field(repr=False)
    query: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Verified:
    """A callback proved authentic. `accounts` are the carrier accounts whose secret matched;
    `key` says which secret that was: current or previous. `digest` names the signed content itself
    (hex SHA-256), so that the same signed bytes cut up in another way are known again."""

    accounts: tuple[str, ...]
    key: str
    digest: str


class EventKind(StrEnum):
    """What a provider event tells about."""

    CALL_STATUS = "call-status"
    ANSWERED_BY = "answered-by"
    RECORDING = "recording"
    TRANSCRIPT = "transcript"  # the whole text at once
    TRANSCRIPT_SEGMENT = "transcript-segment"  # one utterance of a call
    NOTICE = "notice"  # authentic and known, with nothing to apply


@dataclass(frozen=True)
class Segment:
    """One utterance. `speaker` is "gateway" (what we played) or "contact" (who was called);
    `spoken_at` is UTC; `position` orders utterances of the same moment."""

    speaker: str
    text: str = field(repr=False)
    spoken_at: datetime | None
    position: int


@dataclass(frozen=True)
class ProviderEvent:
    """A callback in the gateway's words, or what a look-up saw (`looked_up`: then an ending is the
    carrier's last word). `dedup_key` is equal for two deliveries of one event and differs between
    events. `state` is None when the provider's word is not known to us."""

    kind: EventKind
    dedup_key: str
    external_id: str
    account: str
    attempt_id: str | None = None
    state: CallState | None = None
    provider_status: str | None = None
    sequence: int | None = None
    occurred_at: datetime | None = None
    duration_seconds: int | None = None
    answered_by: str | None = None
    failure: Failure | None = None
    source_id: str | None = None  # the provider's id of the transcript or recording itself
    segments: Sequence[Segment] = ()
    text: str | None = field(default=None, repr=False)
    looked_up: bool = False


class Forbidden(Exception):
    """The callback is not authentic. The reason is for operators and holds no secret."""


class Malformed(Exception):
    """The callback is not even shaped like this carrier's events; the sender gets a 400."""


class Unreadable(Exception):
    """An authentic callback that can't be translated; it is kept and parked with this reason."""


@dataclass(frozen=True)
class Acknowledgement:
    """What the carrier expects to hear once its event is stored."""

    status: int = 204
    json: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Route:
    """One webhook address of a carrier: the path after /webhooks/, the content types it accepts,
    and the answer once stored."""

    path: str
    content_types: tuple[str, ...]
    acknowledgement: Acknowledgement = Acknowledgement()


class Provider(Protocol):
    """What a voice carrier's folder offers. Safe to share between threads."""

    name: str
    routes: Sequence[Route]
    can_be_asked: bool  # whether `find` and `fetch` ever answer
    can_end: bool  # whether `hang_up` ever ends a call
    own_numbers: bool  # it may call from a number of its own choice: none need be configured

    def account(self, mode: str) -> str | None:
        """The account that places calls in this mode ("live" or "test"); None: not configured."""

    def sender(self, mode: str) -> str | None:
        """The configured number to call from in this mode, E.164; None when there is none, which a
        carrier that has numbers of its own allows."""

    def place(self, request: CallRequest) -> Placement:
        """Ask the carrier once. Never raises, never repeats, ends within the total deadline."""

    def find(self, request: CallRequest) -> Sequence[Found] | None:
        """The calls the carrier has from this sender to this number, the newest first as far as it
        tells, older ones among them; the caller picks by time. None when this carrier can't be
        asked at all. Raises LookupFailed when it did not answer completely."""

    def fetch(self, account: str, external_id: str) -> Found | None:
        """The call of this id as the carrier has it now. None when it has none of this id, or can't
        be asked at all. Raises LookupFailed when the answer was no usable one."""

    def listed(self, account: str, from_address: str, since: datetime) -> Sequence[Listed] | None:
        """All calls that this account placed from this number since then, in any order. None when
        this carrier can't be asked at all. Raises LookupFailed when it did not answer
        completely. May take as long as the list is long."""

    def hang_up(self, account: str, external_id: str) -> bool:
        """End or cancel a call. True when it is over now; never raises."""

    def verify(self, callback: Callback, now: datetime) -> Verified:
        """Raises Forbidden unless the callback is authentic. No other exception ever leaves."""

    def parse(self, callback: Callback, verified: Verified) -> ProviderEvent:
        """Translate an authentic callback. Raises Malformed or Unreadable."""

    def check(self, account: str | None = None) -> str | None:
        """Ask the carrier whether it is there and takes our credentials, those of one account or of
        all: None when all is well, else what is wrong, in words an operator can act on and without
        any secret."""


class LookupFailed(Exception):
    """The carrier could not be asked completely; nothing may be concluded."""

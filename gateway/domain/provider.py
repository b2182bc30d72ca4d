"""The contract between the gateway and a carrier, in the gateway's words.

A carrier is a folder under gateway/providers that fulfils `Provider` and one line in its registry.
It places, looks up and hangs up; it verifies callbacks and translates them. It decides nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from gateway.domain.callback import Callback, ProviderEvent, Route, Verified
from gateway.domain.lifecycle import AttemptState
from gateway.domain.outcomes import Failure
from gateway.domain.rendering import Rendered


@dataclass(frozen=True)
class CallRequest:
    """One voice call to place. `attempt_id` travels in every URL, so that each callback names it.

    `transcribe` asks the carrier to transcribe what is said, where it can; `digits` to take one key
    press after that and to report it.
    """

    attempt_id: str
    account: str
    to: str = field(repr=False)
    from_: str = field(repr=False)
    say: str = field(repr=False)
    locale: str
    callback_base_url: str
    transcribe: bool
    digits: bool = False

    @property
    def channel(self) -> str:
        """Calls have one channel."""
        return "voice"


@dataclass(frozen=True)
class MessageRequest:
    """One message to send on "whatsapp", "sms" or "email". `to` and `from_` are E.164 numbers
    without any prefix of a carrier's, or e-mail addresses. `unsubscribe_url` is what one click in
    an e-mail posts to (RFC 8058)."""

    attempt_id: str
    account: str
    channel: str
    to: str = field(repr=False)
    from_: str = field(repr=False)
    content: Rendered = field(repr=False)
    locale: str
    callback_base_url: str
    unsubscribe_url: str | None = field(default=None, repr=False)


Request = CallRequest | MessageRequest


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
    0..3600, None when it had none. `settled` says of an accepted message that the carrier will
    never tell more about it: that it was handed over is all there is to know."""

    result: Result
    external_id: str | None = None
    provider_status: str | None = None
    failure: Failure | None = None
    retry_after: float | None = None
    settled: bool = False


@dataclass(frozen=True)
class Found:
    """A call or message seen at the carrier by a look-up. Times are UTC. `state` is UNKNOWN when
    the carrier's word is not known to us; `ended_at`, `duration_seconds`, `answered_by` and
    `failure` come where the carrier tells them."""

    external_id: str
    provider_status: str
    state: AttemptState
    created_at: datetime | None
    ended_at: datetime | None = None
    duration_seconds: int | None = None
    answered_by: str | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Listed:
    """A call or message of the carrier's list, and the address it went to: an E.164 number, or an
    e-mail address. It always says when it was created."""

    to: str = field(repr=False)
    call: Found


class LookupFailed(Exception):
    """The carrier could not be asked completely; nothing may be concluded."""


class Provider(Protocol):
    """What a carrier's folder offers. Safe to share between threads."""

    name: str
    channels: frozenset[str]  # of voice, sms, whatsapp, email
    routes: Sequence[Route]
    can_be_asked: bool  # whether `find` and `fetch` ever answer
    can_end: bool  # whether `hang_up` ever ends a call
    own_numbers: bool  # it may call from a number of its own choice: none need be configured

    def account(self, mode: str, channel: str = "voice") -> str | None:
        """The account used for a channel in this mode ("live" or "test"); None: not configured."""

    def sender(self, mode: str, channel: str = "voice") -> str | None:
        """The configured number (E.164) or e-mail address to send from in this mode; None when
        there is none, which a carrier that has numbers of its own allows."""

    def place(self, request: Request) -> Placement:
        """Ask the carrier once. Never raises, never repeats, ends within the total deadline."""

    def find(self, request: Request) -> Sequence[Found] | None:
        """The calls (or messages of this channel) that the carrier has from this sender to this
        address, the newest first as far as it tells, older ones among them; the caller picks by
        time. None when this carrier can't be asked at all. Raises LookupFailed when it did not
        answer completely."""

    def fetch(self, account: str, external_id: str) -> Found | None:
        """The call or message of this id as the carrier has it now. None when it has none of this
        id, or can't be asked at all. Raises LookupFailed when the answer was no usable one."""

    def listed(
        self, account: str, from_address: str, since: datetime, channel: str = "voice"
    ) -> Sequence[Listed] | None:
        """All calls (or messages of this channel) that this account sent from this address since
        then, in any order. None when this carrier can't be asked at all. Raises LookupFailed when
        it did not answer completely. May take as long as the list is long."""

    def hang_up(self, account: str, external_id: str) -> bool:
        """End or cancel a call. True when it is over now; never raises."""

    def verify(self, callback: Callback, now: datetime) -> Verified:
        """Raises Forbidden unless the callback is authentic. No other exception ever leaves."""

    def parse(self, callback: Callback, verified: Verified) -> Sequence[ProviderEvent]:
        """The events in an authentic callback, at least one. Where a carrier sends several at once
        each brings its own `part`, a body which parsed again gives just this event. Raises
        Malformed or Unreadable."""

    def check(self, account: str | None = None) -> str | None:
        """Ask the carrier whether it is there and takes our credentials, those of one account or of
        all: None when all is well, else what is wrong, in words an operator can act on and without
        any secret."""


@runtime_checkable
class TriesSecrets(Protocol):
    """A carrier whose callbacks are proved by a secret that somebody may have mixed up."""

    def would_verify(self, callback: Callback, secret: str, now: datetime) -> bool:
        """Whether this secret proves the callback. To find out why one was refused, never to accept
        one. Never raises."""


@runtime_checkable
class TellsTime(Protocol):
    """A carrier that says what time it is."""

    def server_time(self) -> datetime | None:
        """The time by its clock, in whole seconds; None when it can't be asked. Never raises."""

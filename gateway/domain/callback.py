"""What carriers report, in the gateway's words: the request as it came, and the events in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.domain.lifecycle import AttemptState
from gateway.domain.outcomes import Failure


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
    MESSAGE_STATUS = "message-status"
    INBOUND = "inbound"  # somebody wrote to one of our senders
    DIGITS = "digits"  # keys that were pressed in a call
    OPT_OUT = "opt-out"  # the carrier says that somebody wants no more messages
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
class Inbound:
    """A message somebody wrote. Addresses as in MessageRequest; `media` counts attachments, which
    are never fetched. `opt_out` is the carrier's own reading of the words: "stop", "start", "help"
    or None. `reply_to` is the external id of the message it answers, where the carrier tells;
    `payload` is what a button that was pressed stands for, whatever is written on it."""

    channel: str
    from_: str = field(repr=False)
    to: str = field(repr=False)
    text: str = field(repr=False)
    media: int = 0
    opt_out: str | None = None
    reply_to: str | None = None
    payload: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ProviderEvent:
    """A callback in the gateway's words, or what a look-up saw (`looked_up`: then an ending is the
    carrier's last word). `dedup_key` is equal for two deliveries of one event and differs between
    events. `state` is None when the provider's word is not known to us. `part` is this event's own
    body where several came in one."""

    kind: EventKind
    dedup_key: str
    external_id: str
    account: str
    attempt_id: str | None = None
    state: AttemptState | None = None
    provider_status: str | None = None
    sequence: int | None = None
    occurred_at: datetime | None = None
    duration_seconds: int | None = None
    answered_by: str | None = None
    failure: Failure | None = None
    source_id: str | None = None  # the provider's id of the transcript or recording itself
    segments: Sequence[Segment] = ()
    text: str | None = field(default=None, repr=False)
    digits: str | None = field(default=None, repr=False)
    inbound: Inbound | None = None
    looked_up: bool = False
    part: str | None = field(default=None, repr=False)


class Forbidden(Exception):
    """The callback is not authentic. The reason is for operators and holds no secret."""


class Malformed(Exception):
    """The callback is not even shaped like this carrier's events; the sender gets a 400."""


class Unreadable(Exception):
    """An authentic callback that can't be translated; it is kept and parked with this reason."""


@dataclass(frozen=True)
class Acknowledgement:
    """What the carrier expects to hear once its event is stored: no body, JSON, or XML."""

    status: int = 204
    json: Mapping[str, object] | None = None
    xml: str | None = None


@dataclass(frozen=True)
class Route:
    """One webhook address of a carrier: the path after /webhooks/, the content types it accepts,
    and the answer once stored. `challenge` answers a carrier's own GET handshake in plain text; it
    raises Forbidden. Without one GET is refused. `signature` and `signed_at` are the lower-case
    names of the headers with the signature and with the moment that it covers, if there are any."""

    path: str
    content_types: tuple[str, ...]
    acknowledgement: Acknowledgement = Acknowledgement()
    challenge: Callable[[Callback], str] | None = None
    signature: str = ""
    signed_at: str = ""

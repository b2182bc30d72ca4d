"""Finding people, bookings, calls and messages by whatever somebody on the telephone can say."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.domain import phone
from gateway.domain.channel_plan import CHANNELS
from gateway.domain.errors import Invalid
from gateway.domain.lifecycle import CallState, MessageState
from gateway.models import console_search
from gateway.models.attempts import AnyAttempt
from gateway.models.base import atomic
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.contact import Contact
from gateway.models.listing import Position
from gateway.models.transcript import Transcript, searchable
from gateway.usecases import calls, people
from gateway.usecases.accounts import Caller
from gateway.usecases.calls import CallView

C, M = CallState, MessageState
# What people ask for, in states.
GROUPS: dict[str, tuple[str, ...]] = {
    "arrived": (C.COMPLETED, M.DELIVERED, M.READ),
    "failed-to-reach": (C.BUSY, C.NO_ANSWER, C.FAILED, C.CANCELED, M.UNDELIVERED),
    "under-way": (C.PLACING, C.QUEUED, C.INITIATED, C.RINGING, C.IN_PROGRESS, C.UNKNOWN, M.SENDING),
}
STATES = tuple(dict.fromkeys([*map(str, C), *map(str, M)]))
MOST_PEOPLE = 50


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is looked for; what is empty does not count. `who` is a number with its country code, an
    e-mail address or a name; `ref` any id of ours, the client's or the provider's; `words` were
    said in a call; `state` is one of STATES or of GROUPS; `from_` and `to` bound the creation."""

    who: str = field(default="", repr=False)
    words: str = field(default="", repr=False)
    ref: str = ""
    channel: str = ""
    state: str = ""
    provider: str = ""
    from_: datetime | None = None
    to: datetime | None = None

    @property
    def narrow(self) -> bool:
        """Whether it is about certain people or things, and not about all of a time."""
        return bool(self.who or self.ref)


@dataclass(frozen=True)
class Found:
    """Whom and what a search is about, and the filters for their calls and messages, None when
    there can be none."""

    people: list[Contact]
    bookings: list[Booking]
    filters: dict[str, Any] | None


def address_in(who: str, mode: str) -> str | None:
    """The number (E.164) or e-mail address that this is, None for a name. Raises Invalid for a
    number that can't be."""
    if "@" in who:
        return who.lower()
    bare = who.strip()
    if not bare.lstrip("+(").replace(" ", "")[:1].isdigit():
        return None
    dialled = f"+{bare[2:]}" if bare.startswith("00") else bare
    return phone.e164(dialled, "who", test=mode == "test")


def find(caller: Caller, wanted: Wanted) -> Found:
    """Whom and what it is about. Raises Invalid for what can't be looked for."""
    filters = _plain(wanted)
    found, booked, ids = list[Contact](), list[Booking](), None
    own = (caller.organization_id, caller.mode)
    if wanted.who:
        found, filters["hashes"] = _people(caller, wanted.who)
        booked = console_search.bookings(*own, contact_ids=[one.id for one in found])
    if wanted.ref:
        met, booked_too, ids = _by_id(caller, wanted.ref)
        found, booked = [*found, *met], [*booked, *booked_too]
        filters["ids"] = ids
    nothing = filters.get("hashes") == [] or filters.get("ids") == []
    return Found(found, booked, None if nothing else filters)


def _plain(wanted: Wanted) -> dict[str, Any]:
    if wanted.channel and wanted.channel not in CHANNELS:
        raise Invalid("is not a channel", "channel")
    if wanted.state and wanted.state not in (*STATES, *GROUPS):
        raise Invalid("is not a state", "state")
    if wanted.words and not searchable(wanted.words):
        raise Invalid("needs at least one word", "words")
    if wanted.from_ and wanted.to and wanted.from_ >= wanted.to:
        raise Invalid("must lie before the end", "from")
    states = GROUPS.get(wanted.state, (wanted.state,)) if wanted.state else None
    given = {
        "q": wanted.words, "channel": wanted.channel, "provider": wanted.provider,
        "states": states, "from_": wanted.from_, "to": wanted.to,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value}


def _people(caller: Caller, who: str) -> tuple[list[Contact], list[str]]:
    """People, and the hashes of the addresses to look for."""
    own = (caller.organization_id, caller.mode)
    address = address_in(who, caller.mode)
    if address is not None:
        hashed = people.address_hash(address)
        return console_search.people(*own, hashes=[hashed]), [hashed]
    if max((len(word) for word in searchable(who).split()), default=0) < 2:
        raise Invalid("needs two letters of a name at least", "who")
    found = console_search.named(*own, who, MOST_PEOPLE)
    return found, hashes_of(found)


def _by_id(caller: Caller, ref: str) -> tuple[list[Contact], list[Booking], list[str]]:
    own = (caller.organization_id, caller.mode)
    booked = console_search.bookings(*own, ref=ref)
    if ref.startswith("ct_"):
        met = console_search.people(*own, ids=[ref])
    else:
        met = console_search.people(*own, external_id=ref)
    theirs = [*booked, *console_search.bookings(*own, contact_ids=[one.id for one in met])]
    about = {one.id: one for one in theirs}
    ids = console_search.attempts_by_id(*own, ref)
    ids += console_search.attempts_of_bookings(list(about))
    return met, list(about.values()), list(dict.fromkeys(ids))


def hashes_of(found: Sequence[Contact]) -> list[str]:
    """The hashes of all addresses of these people."""
    known = [hashed for one in found for hashed in (one.phone_hash, one.email_hash) if hashed]
    return list(dict.fromkeys(known))


def attempts(
    caller: Caller, filters: dict[str, Any], limit: int, before: Position | None
) -> list[AnyAttempt]:
    """Calls and messages by the filters of Found, newest first."""
    own = (caller.organization_id, caller.mode)
    return console_search.attempts(*own, filters, limit, before)


def said_in(
    caller: Caller, rows: Sequence[AnyAttempt], now: datetime, request_id: str
) -> dict[str, str]:
    """The texts of the transcripts of these calls, by call id. Who was shown them is noted with
    that, or they are not told."""
    with atomic():
        known = Transcript.of_calls([row.id for row in rows])
        heard = [row for row in rows if isinstance(row, CallLog) and row.id in known]
        views = [CallView(row, known[row.id], [], []) for row in heard]
        calls.read(caller, views, now, request_id)
    return {id_: row.text for id_, row in known.items()}

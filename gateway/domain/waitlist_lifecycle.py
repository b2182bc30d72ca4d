"""The states and legal moves of a waitlist's parts, as tables like those of domain/lifecycle.py."""

from enum import StrEnum


class EntryState(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"  # a slot is held for it
    ACCEPTED = "accepted"
    EXPIRED = "expired"  # the span of time that it waited for has passed
    REVOKED = "revoked"  # taken off the list


class OfferState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    REVOKED = "revoked"  # taken back, or nobody could be told of it


class SlotState(StrEnum):
    OPEN = "open"
    OFFERED = "offered"
    TAKEN = "taken"
    EXPIRED = "expired"  # too near to be offered to anybody
    WITHDRAWN = "withdrawn"


_E, _F, _S = EntryState, OfferState, SlotState

ENTRY_MOVES: dict[EntryState, frozenset[EntryState]] = {
    _E.WAITING: frozenset({_E.OFFERED, _E.EXPIRED, _E.REVOKED}),
    # Back in line, at its old place, when the offer came to nothing.
    _E.OFFERED: frozenset({_E.WAITING, _E.ACCEPTED, _E.REVOKED}),
    **dict.fromkeys((_E.ACCEPTED, _E.EXPIRED, _E.REVOKED), frozenset[EntryState]()),
}
OFFER_MOVES: dict[OfferState, frozenset[OfferState]] = {
    _F.OFFERED: frozenset({_F.ACCEPTED, _F.DECLINED, _F.EXPIRED, _F.REVOKED}),
    **dict.fromkeys(
        (_F.ACCEPTED, _F.DECLINED, _F.EXPIRED, _F.REVOKED), frozenset[OfferState]()
    ),
}  # fmt: skip
SLOT_MOVES: dict[SlotState, frozenset[SlotState]] = {
    _S.OPEN: frozenset({_S.OFFERED, _S.EXPIRED, _S.WITHDRAWN}),
    # Open again, for the next in line, when the offer came to nothing.
    _S.OFFERED: frozenset({_S.OPEN, _S.TAKEN, _S.WITHDRAWN}),
    **dict.fromkeys((_S.TAKEN, _S.EXPIRED, _S.WITHDRAWN), frozenset[SlotState]()),
}

"""Every state and every legal move, as tables. docs/states.md is drawn from them."""

from enum import StrEnum
from typing import TypeVar

S = TypeVar("S", bound=StrEnum)


class NotificationState(StrEnum):
    SCHEDULED = "scheduled"  # waits for its moment or for a retry
    DUE = "due"  # claimed by a clock, handed to a worker
    SENDING = "sending"  # past the worker's start gate, at the provider
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    CANCELED = "canceled"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"  # placed or not: being resolved, or final as not confirmed


class CallState(StrEnum):
    PLACING = "placing"
    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


class MessageState(StrEnum):
    SENDING = "sending"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


class BookingState(StrEnum):
    BOOKED = "booked"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    FULFILLED = "fulfilled"
    CANCELED = "canceled"
    NO_SHOW = "no_show"


N, C, M, B = NotificationState, CallState, MessageState, BookingState

NOTIFICATION_MOVES: dict[NotificationState, frozenset[NotificationState]] = {
    # To sending without the gate: the carrier tells of an attempt that we took for not sent. To
    # unknown: after a restore nobody can say whether it left in the time that was lost.
    N.SCHEDULED: frozenset({N.DUE, N.SENDING, N.CANCELED, N.SUPPRESSED, N.EXPIRED, N.UNKNOWN}),
    # Not reached without an attempt: nothing could even be asked, again and again.
    N.DUE: frozenset(
        {N.SCHEDULED, N.SENDING, N.NOT_REACHED, N.CANCELED, N.SUPPRESSED, N.EXPIRED, N.UNKNOWN}
    ),
    N.SENDING: frozenset(
        {N.SCHEDULED, N.REACHED, N.NOT_REACHED, N.CANCELED, N.SUPPRESSED, N.EXPIRED, N.UNKNOWN}
    ),
    # Back to scheduled only by hand: somebody replays what failed for good.
    N.UNKNOWN: frozenset({N.SCHEDULED, N.SENDING, N.REACHED, N.NOT_REACHED, N.CANCELED}),
    # Later truth from the carrier is a recorded correction.
    N.REACHED: frozenset({N.NOT_REACHED}),
    N.NOT_REACHED: frozenset({N.SCHEDULED, N.REACHED}),
    N.CANCELED: frozenset(),
    N.SUPPRESSED: frozenset(),
    N.EXPIRED: frozenset({N.REACHED, N.NOT_REACHED}),
}

_ENDINGS = frozenset({C.COMPLETED, C.BUSY, C.NO_ANSWER, C.FAILED, C.CANCELED})
_UNDERWAY = (C.QUEUED, C.INITIATED, C.RINGING, C.IN_PROGRESS)

CALL_RANK: dict[CallState, int] = {
    C.PLACING: 0,
    C.UNKNOWN: 5,
    **{state: 10 * (step + 1) for step, state in enumerate(_UNDERWAY)},
    **dict.fromkeys(_ENDINGS, 100),
}

# A recording's status never moves backwards either; words not named here come before these.
_RECORDING = "in-progress paused stopped processing failed absent completed deleted"
RECORDING_RANK = {word: rank for rank, word in enumerate(_RECORDING.split())}

CALL_MOVES: dict[CallState, frozenset[CallState]] = {
    C.PLACING: frozenset({C.UNKNOWN, *_UNDERWAY, *_ENDINGS}),
    C.UNKNOWN: frozenset({*_UNDERWAY, *_ENDINGS}),
    **{
        state: frozenset({*_UNDERWAY[step + 1 :], *_ENDINGS})
        for step, state in enumerate(_UNDERWAY)
    },
    # Another ending is a correction: it needs a higher sequence number as its source.
    **{state: _ENDINGS - {state} for state in _ENDINGS},
    # A failure that we concluded without the carrier's word gives way to any word of the carrier.
    C.FAILED: frozenset({*_UNDERWAY, *_ENDINGS}) - {C.FAILED},
}

_MESSAGE_ENDINGS = frozenset({M.UNDELIVERED, M.FAILED, M.CANCELED})
MESSAGE_MOVES: dict[MessageState, frozenset[MessageState]] = {
    M.SENDING: frozenset({M.UNKNOWN, M.QUEUED, M.SENT, M.DELIVERED, M.READ, *_MESSAGE_ENDINGS}),
    M.UNKNOWN: frozenset({M.QUEUED, M.SENT, M.DELIVERED, M.READ, *_MESSAGE_ENDINGS}),
    M.QUEUED: frozenset({M.SENT, M.DELIVERED, M.READ, *_MESSAGE_ENDINGS}),
    M.SENT: frozenset({M.DELIVERED, M.READ, *_MESSAGE_ENDINGS}),
    M.DELIVERED: frozenset({M.READ, M.UNDELIVERED}),
    M.UNDELIVERED: frozenset({M.DELIVERED, M.READ}),
    M.READ: frozenset(),
    M.FAILED: frozenset(),
    M.CANCELED: frozenset(),
}

BOOKING_MOVES: dict[BookingState, frozenset[BookingState]] = {
    B.BOOKED: frozenset({B.CONFIRMED, B.CHECKED_IN, B.FULFILLED, B.CANCELED, B.NO_SHOW}),
    B.CONFIRMED: frozenset({B.BOOKED, B.CHECKED_IN, B.FULFILLED, B.CANCELED, B.NO_SHOW}),
    B.CHECKED_IN: frozenset({B.FULFILLED, B.NO_SHOW, B.CANCELED}),
    B.FULFILLED: frozenset(),
    B.NO_SHOW: frozenset({B.CHECKED_IN, B.FULFILLED}),
    B.CANCELED: frozenset(),
}

PENDING = frozenset({N.SCHEDULED, N.DUE})
OUTCOMES = frozenset({N.REACHED, N.NOT_REACHED, N.CANCELED, N.SUPPRESSED, N.EXPIRED})


def sources(moves: dict[S, frozenset[S]], target: S) -> frozenset[S]:
    """The states from which a move to `target` is legal."""
    return frozenset(state for state, targets in moves.items() if target in targets)


def is_final(state: CallState) -> bool:
    """Whether a call in this state is over."""
    return state in _ENDINGS


def advances(current: CallState, reported: CallState) -> bool:
    """Whether a report moves a call forward: a status never moves backwards, and an ending is not
    replaced by a plain report."""
    return CALL_RANK[reported] > CALL_RANK[current]

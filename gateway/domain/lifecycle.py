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
    RECEIVED = "received"  # inbound


AttemptState = CallState | MessageState


class BookingState(StrEnum):
    BOOKED = "booked"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    FULFILLED = "fulfilled"
    CANCELED = "canceled"
    NO_SHOW = "no_show"


class JobState(StrEnum):
    SCHEDULED = "scheduled"  # waits for its moment, for another try or for a hold
    DUE = "due"  # claimed by a clock, handed to a worker
    ACTIVE = "active"  # a worker is at it
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"


class InvoiceState(StrEnum):
    SCHEDULED = "scheduled"  # nobody was reminded of it yet
    ACTIVE = "active"  # at least one reminder left
    PAUSED = "paused"
    RECOVERED = "recovered"  # paid in full
    EXHAUSTED = "exhausted"  # every reminder that there may be was sent
    EXCLUDED = "excluded"  # disputed, canceled or written off


class EnrolmentState(StrEnum):
    SCHEDULED = "scheduled"  # its first step has not begun
    ACTIVE = "active"
    PAUSED = "paused"
    FINISHED = "finished"
    EXHAUSTED = "exhausted"  # every step came to its end, and none of them reached anybody
    EXCLUDED = "excluded"  # booked, replied, opted out, or stopped by hand


N, C, M, B = NotificationState, CallState, MessageState, BookingState
J = JobState

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

# Reports of a message come in any order and contradict each other; the one of the highest rank
# counts, so that every order of them ends the same. That it arrived outweighs that it did not.
MESSAGE_RANK: dict[MessageState, int] = {
    M.SENDING: 0,
    M.UNKNOWN: 5,
    M.QUEUED: 10,
    M.SENT: 20,
    M.CANCELED: 24,
    M.FAILED: 25,
    M.UNDELIVERED: 26,
    M.DELIVERED: 30,
    M.READ: 40,
    M.RECEIVED: 100,
}
_MESSAGE_ENDINGS = frozenset({M.UNDELIVERED, M.FAILED, M.CANCELED, M.DELIVERED, M.READ, M.RECEIVED})
MESSAGE_MOVES: dict[MessageState, frozenset[MessageState]] = {
    state: frozenset(
        later for later, above in MESSAGE_RANK.items() if above > rank and later != M.RECEIVED
    )
    for state, rank in MESSAGE_RANK.items()
}
# A failure that we concluded without the carrier's word gives way to any word of the carrier.
MESSAGE_MOVES[M.FAILED] |= {M.QUEUED, M.SENT, M.CANCELED}

BOOKING_MOVES: dict[BookingState, frozenset[BookingState]] = {
    B.BOOKED: frozenset({B.CONFIRMED, B.CHECKED_IN, B.FULFILLED, B.CANCELED, B.NO_SHOW}),
    B.CONFIRMED: frozenset({B.BOOKED, B.CHECKED_IN, B.FULFILLED, B.CANCELED, B.NO_SHOW}),
    B.CHECKED_IN: frozenset({B.FULFILLED, B.NO_SHOW, B.CANCELED}),
    B.FULFILLED: frozenset(),
    B.NO_SHOW: frozenset({B.CHECKED_IN, B.FULFILLED}),
    B.CANCELED: frozenset(),
}

JOB_MOVES: dict[JobState, frozenset[JobState]] = {
    J.SCHEDULED: frozenset({J.DUE, J.CANCELED}),
    J.DUE: frozenset({J.SCHEDULED, J.ACTIVE, J.CANCELED}),
    J.ACTIVE: frozenset({J.SCHEDULED, J.DONE, J.FAILED}),
    # Whoever plans it anew opens it again; what failed also by hand.
    J.DONE: frozenset({J.SCHEDULED}),
    J.FAILED: frozenset({J.SCHEDULED}),
    J.CANCELED: frozenset({J.SCHEDULED}),
}

V = InvoiceState
INVOICE_MOVES: dict[InvoiceState, frozenset[InvoiceState]] = {
    V.SCHEDULED: frozenset({V.ACTIVE, V.PAUSED, V.RECOVERED, V.EXHAUSTED, V.EXCLUDED}),
    V.ACTIVE: frozenset({V.PAUSED, V.RECOVERED, V.EXHAUSTED, V.EXCLUDED}),
    # Resumed, or the dispute is over.
    V.PAUSED: frozenset({V.SCHEDULED, V.ACTIVE, V.RECOVERED, V.EXHAUSTED, V.EXCLUDED}),
    V.EXCLUDED: frozenset({V.SCHEDULED, V.ACTIVE, V.PAUSED, V.RECOVERED, V.EXHAUSTED}),
    # More reminders than before are allowed.
    V.EXHAUSTED: frozenset({V.SCHEDULED, V.ACTIVE, V.PAUSED, V.RECOVERED, V.EXCLUDED}),
    V.RECOVERED: frozenset(),
}

_RUN_ENDINGS = frozenset(
    {EnrolmentState.FINISHED, EnrolmentState.EXHAUSTED, EnrolmentState.EXCLUDED}
)
ENROLMENT_MOVES: dict[EnrolmentState, frozenset[EnrolmentState]] = {
    EnrolmentState.SCHEDULED: _RUN_ENDINGS | {EnrolmentState.ACTIVE, EnrolmentState.PAUSED},
    EnrolmentState.ACTIVE: _RUN_ENDINGS | {EnrolmentState.PAUSED},
    EnrolmentState.PAUSED: frozenset(
        {EnrolmentState.SCHEDULED, EnrolmentState.ACTIVE, EnrolmentState.EXCLUDED}
    ),
    **dict.fromkeys(_RUN_ENDINGS, frozenset()),
}

PENDING = frozenset({N.SCHEDULED, N.DUE})
OUTCOMES = frozenset({N.REACHED, N.NOT_REACHED, N.CANCELED, N.SUPPRESSED, N.EXPIRED})


def sources(moves: dict[S, frozenset[S]], target: S) -> frozenset[S]:
    """The states from which a move to `target` is legal."""
    return frozenset(state for state, targets in moves.items() if target in targets)


def is_final(state: AttemptState) -> bool:
    """Whether a call in this state is over; whether a message is where it was sent to, or never
    will be."""
    return state in (_ENDINGS if isinstance(state, CallState) else _MESSAGE_ENDINGS)


def rank(state: AttemptState) -> int:
    """How far along its course an attempt in this state is."""
    return CALL_RANK[state] if isinstance(state, CallState) else MESSAGE_RANK[state]


def advances(current: AttemptState, reported: AttemptState) -> bool:
    """Whether a report moves an attempt forward: a status never moves backwards, and an ending of a
    call is not replaced by a plain report."""
    return rank(reported) > rank(current)


def arrived(state: AttemptState) -> bool:
    """Whether an attempt in this state reached somebody."""
    return state in (CallState.COMPLETED, MessageState.DELIVERED, MessageState.READ)

"""Every object's table of moves, in words: what docs/states.md is drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.domain import lifecycle, waitlist_lifecycle


@dataclass(frozen=True)
class Lifecycle:
    """One object: its table of moves, what each state means, and how it is drawn. `knot` names
    the states that can replace each other, where the picture shows them as one group and leaves
    out skipped steps; `born` are further states that it can begin in."""

    title: str
    about: str
    moves: Mapping[Any, frozenset[Any]]
    meanings: Mapping[str, str]
    knot: str | None = None
    born: tuple[str, ...] = ()

    @property
    def states(self) -> list[StrEnum]:
        """All states in the order of their declaration."""
        kind: type[StrEnum] = type(next(iter(self.moves)))
        return list(kind)


NOTIFICATION = Lifecycle(
    "Notification",
    "What one person is to be told, and when. It begins as `scheduled`, as `due` when its\n"
    "moment is now, as `suppressed` when that is past. It ends in exactly one outcome; `reached`\n"
    "and `not_reached` may still replace each other when the provider corrects itself.",
    lifecycle.NOTIFICATION_MOVES,
    {
        "scheduled": "waits for its moment, for its sender's turn or for another try",
        "due": "claimed by a clock and handed to a worker",
        "sending": "past the worker's last check; the provider is asked or has it",
        "reached": "the call was answered and ended normally",
        "not_reached": "the provider refused it, or nobody was reached",
        "canceled": "taken back before it left, or replaced when the booking changed",
        "suppressed": "must not leave: opted out, no usable number, or already past when planned",
        "expired": "made no sense any more when its turn came",
        "unknown": "it may or may not have been placed; looked up until that is known",
    },
    born=("due", "suppressed"),
)
CALL = Lifecycle(
    "Call log",
    "One attempt to call. Reports may skip steps and come in any order; a state never moves back.\n"
    "The states of the group `over` replace each other only by a correction: a report with a\n"
    "higher sequence number, or a look-up. The picture leaves out skipped steps.",
    lifecycle.CALL_MOVES,
    {
        "placing": "written down; the provider is being asked",
        "unknown": "the answer did not come or was unclear; looked up, never repeated",
        "queued": "the provider has it and gave it an id",
        "initiated": "the provider began to dial",
        "ringing": "the telephone rings",
        "in-progress": "somebody or something answered",
        "completed": "answered and ended",
        "busy": "the line was busy",
        "no-answer": "it rang and nobody answered",
        "failed": "refused, unreachable, or never confirmed; `failure` says which",
        "canceled": "ended before it was answered",
    },
    "over",
)
MESSAGE = Lifecycle(
    "Message log",
    "One attempt to send a message, or one that came in. Reports come in any order: that of the\n"
    "highest rank counts. The picture leaves out skipped steps.",
    lifecycle.MESSAGE_MOVES,
    {
        "sending": "written down; the provider is being asked",
        "unknown": "the answer did not come or was unclear",
        "queued": "the provider has it",
        "sent": "the provider passed it on",
        "delivered": "it arrived at the device",
        "read": "it was opened",
        "undelivered": "the network could not deliver it",
        "failed": "the provider could not send it",
        "canceled": "taken back before it left",
        "received": "it came in: somebody wrote to us",
    },
    "reported",
)
BOOKING = Lifecycle(
    "Booking",
    "An appointment. A client moves it with `PATCH` (field `state`) or cancels it with `DELETE`.",
    lifecycle.BOOKING_MOVES,
    {
        "booked": "made",
        "confirmed": "the contact said that they will come",
        "checked_in": "the contact is there",
        "fulfilled": "it took place",
        "canceled": "it will not take place; nothing more leaves for it",
        "no_show": "the contact did not come",
    },
)
JOB = Lifecycle(
    "Job",
    "Something to be done without telling anybody ([cron.md](cron.md#jobs)). No entry of the feed.",
    lifecycle.JOB_MOVES,
    {
        "scheduled": "waits for its moment, for another try or for a hold",
        "due": "claimed by a clock and handed to a worker",
        "active": "a worker is at it",
        "done": "done; planned again it is opened again",
        "failed": "given up after its last try; a dead letter",
        "canceled": "taken back before it began",
    },
)
INVOICE = Lifecycle(
    "Invoice",
    "What somebody owes, and whether they are reminded of it ([dunning](dunning.md)).",
    lifecycle.INVOICE_MOVES,
    {
        "scheduled": "nobody was reminded of it yet",
        "active": "at least one reminder was made",
        "paused": "somebody paused it; nothing leaves until it is resumed",
        "recovered": "paid in full; nothing more leaves for it",
        "exhausted": "every reminder that there may be was sent",
        "excluded": "disputed, canceled or written off; nothing leaves",
    },
)
ENROLMENT = Lifecycle(
    "Enrolment",
    "One person in one [nurture campaign](sequences.md).",
    lifecycle.ENROLMENT_MOVES,
    {
        "scheduled": "its first step has not begun",
        "active": "at least one step has",
        "paused": "somebody paused it; nothing leaves until it is resumed",
        "finished": "all steps are over, and one of them reached the person",
        "exhausted": "all steps are over, and none of them did",
        "excluded": "left: booked, replied, opted out, or stopped",
    },
)
ENTRY = Lifecycle(
    "Waitlist entry",
    "Somebody who waits for what is not free yet ([waitlist](waitlist.md)).",
    waitlist_lifecycle.ENTRY_MOVES,
    {
        "waiting": "in line",
        "offered": "a slot is held for them",
        "accepted": "they took one",
        "expired": "the span of time that they waited for has passed",
        "revoked": "taken off the list",
    },
)
SLOT = Lifecycle(
    "Slot",
    "Something that became free.",
    waitlist_lifecycle.SLOT_MOVES,
    {
        "open": "nobody is asked at the moment",
        "offered": "held for somebody",
        "taken": "booked by way of an offer",
        "expired": "too near to be offered to anybody",
        "withdrawn": "taken back, or booked in another way",
    },
)
OFFER = Lifecycle(
    "Offer",
    "A slot that is held for somebody for a while. It has one outcome.",
    waitlist_lifecycle.OFFER_MOVES,
    {
        "offered": "they may take it",
        "accepted": "they took it; it is booked",
        "declined": "they let it go",
        "expired": "they did not answer in time",
        "revoked": "taken back, or nobody could be told of it",
    },
)


EVERY = (NOTIFICATION, CALL, MESSAGE, BOOKING, JOB, ENROLMENT, INVOICE, ENTRY, SLOT, OFFER)

"""A part of the people in a sequence."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from peewee import fn

from gateway.domain.lifecycle import EnrolmentState
from gateway.models.contact import Contact
from gateway.models.enrolment import Enrolment


@dataclass(frozen=True)
class Segment:
    """Who of a sequence is meant: by the ids of contacts, by the client's own, by state; None means
    any. What is given combines."""

    contacts: Collection[str] | None = None
    external_ids: Collection[str] | None = None
    states: Collection[EnrolmentState] | None = None


def find(
    sequence_id: str, chosen: Segment, states: Collection[EnrolmentState], limit: int
) -> list[str]:
    """Ids of the enrolments of a segment that are in one of these states, in their order."""
    rows = Enrolment.select(Enrolment.id).join(Contact).where(*_of(sequence_id, chosen, states))
    return [row.id for row in rows.order_by(Enrolment.id).limit(limit)]


def count(sequence_id: str, chosen: Segment, states: Collection[EnrolmentState]) -> int:
    """How many there are."""
    rows = Enrolment.select(fn.COUNT(Enrolment.id)).join(Contact)
    return int(rows.where(*_of(sequence_id, chosen, states)).scalar())


def _of(sequence_id: str, chosen: Segment, states: Collection[EnrolmentState]) -> list[Any]:
    wanted = set(states) if chosen.states is None else set(states) & set(chosen.states)
    found = [
        Enrolment.sequence == sequence_id,
        Enrolment.ended_at.is_null(),
        Enrolment.state.in_(sorted(wanted)),
    ]
    if chosen.contacts is not None:
        found.append(Enrolment.contact.in_(list(chosen.contacts)))
    if chosen.external_ids is not None:
        found.append(Contact.external_id.in_(list(chosen.external_ids)))
    return found

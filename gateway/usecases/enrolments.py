"""People in sequences: enrolled, paused, resumed, stopped, and how far they have come."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.domain import sequences
from gateway.domain.errors import Conflict, NotFound
from gateway.domain.lifecycle import EnrolmentState
from gateway.domain.outcomes import Reason
from gateway.domain.sequences import Progress
from gateway.models import enrolment_notifications, enrolment_segments
from gateway.models.base import atomic
from gateway.models.consent import Consent
from gateway.models.contact import Contact
from gateway.models.enrolment import LIVE, RUNNING, Enrolment
from gateway.models.enrolment_segments import Segment
from gateway.models.listing import Position
from gateway.models.notification import Notification
from gateway.models.sequence import Sequence
from gateway.usecases import contacts, courses, jobs, leaving, people, readiness, step_words
from gateway.usecases import sequences as whole
from gateway.usecases.accounts import Caller
from gateway.usecases.courses import Left
from gateway.usecases.facts import address_of

E = EnrolmentState
MOST = 200  # of a segment that one call takes on


@dataclass(frozen=True)
class StepShown:
    """One step for one person: where they stand with it, and what it became."""

    id: str
    progress: Progress
    notification: Notification | None = None


@dataclass(frozen=True)
class View:
    """An enrolment with its steps, in their order."""

    enrolment: Enrolment
    steps: list[StepShown]

    @property
    def next_step(self) -> str | None:
        """The id of the step that comes next."""
        return next((one.id for one in self.steps if one.progress == Progress.NEXT), None)


@dataclass(frozen=True)
class Done:
    """What became of a segment: how many were changed, how many are left to be; `settled` and
    `calls` as in Left."""

    changed: int
    remaining: int
    left: Left = field(default_factory=Left)


def enrol(
    caller: Caller,
    sequence_id: str,
    person: Mapping[str, Any],
    variables: Mapping[str, str],
    now: datetime,
) -> tuple[View, bool]:
    """Enrol a person, and say True; whoever is in the sequence already stays as they are. `person`
    is described as in a booking, or named by their `id`. Raises NotFound, NoProvider, Conflict for
    a sequence that is archived and for somebody who opted out of it, Invalid for a person who
    can't be reached and for words that can't be filled in."""
    with atomic():
        sequence = whole.show(caller, sequence_id)
        if sequence.archived_at is not None:
            raise Conflict("the sequence is archived")
        contact = _contact(caller, person, now)
        known = Enrolment.live(sequence.id, contact.id)
        if known is not None and _still_in(known, sequence, now):
            return show(caller, known.id), False
        _check(caller, sequence, contact, variables, now)
        made = Enrolment.add(
            organization=caller.organization_id, mode=caller.mode, sequence=sequence.id,
            contact=contact.id, variables=dict(variables), state=E.SCHEDULED, since=now,
            enrolled_at=now, updated_at=now,
        )  # fmt: skip
        if made is None:
            other = Enrolment.live(sequence.id, contact.id)
            if other is None:
                raise Conflict("another request enrols the same contact")
            return show(caller, other.id), False
        courses.advance(made, now)
        return show(caller, made.id), True


def _contact(caller: Caller, person: Mapping[str, Any], now: datetime) -> Contact:
    if "id" in person:
        return contacts.show(caller, person["id"])
    return people.keep(caller, "contact", dict(person), now)


def _still_in(known: Enrolment, sequence: Sequence, now: datetime) -> bool:
    """Whether the one that is there goes on; one whose sequence was stopped since is ended."""
    if sequence.outlives(known.enrolled_at):
        return True
    row = Enrolment.locked(known.id)
    if row is not None:
        courses.end(row, E.EXCLUDED, now, Reason.STOPPED)
    return False


def _check(
    caller: Caller,
    sequence: Sequence,
    contact: Contact,
    variables: Mapping[str, str],
    now: datetime,
) -> None:
    steps = sequence.plan
    plans = [[one.channel for one in step.channels] for step in steps]
    readiness.require(caller.organization_id, caller.mode, plans)
    step_words.require_address(steps, contact)
    step_words.require_values(caller, steps, contact, variables, now)
    if Reason.OPTED_OUT not in sequence.leave_on:
        return
    for channel in sorted(leaving.channels_of(sequence)):
        _, hashed = address_of(contact, channel)
        own = (caller.organization_id, caller.mode, channel, courses.PURPOSE, hashed)
        if hashed and Consent.withdrawn(*own):
            raise Conflict(f"the contact opted out of {channel}", "contact")


def show(caller: Caller, enrolment_id: str) -> View:
    """One enrolment. Raises NotFound."""
    found = Enrolment.of(caller.organization_id, caller.mode, enrolment_id)
    if found is None:
        raise NotFound
    return _views([found])[0]


def search(
    caller: Caller, filters: dict[str, Any], limit: int, before: Position | None
) -> list[View]:
    """Enrolments newest first, older than `before` (enrolled_at, id). Filters: sequence_id,
    contact_id, state."""
    return _views(Enrolment.search(caller.organization_id, caller.mode, filters, limit, before))


def _views(rows: list[Enrolment]) -> list[View]:
    made = enrolment_notifications.of([row.id for row in rows])
    return [_view(row, {str(one.rule): one for one in made[row.id]}) for row in rows]


def _view(row: Enrolment, made: Mapping[str, Notification]) -> View:
    over = row.state not in LIVE
    found = sequences.progress(row.sequence.plan, row.done, over=over)
    return View(row, [StepShown(id_, where, made.get(id_)) for id_, where in found.items()])


def pause(caller: Caller, enrolment_id: str, now: datetime) -> View:
    """Hold a course: what did not leave yet waits until it is resumed. Raises NotFound, Conflict
    when it has ended."""
    return _changed(caller, enrolment_id, _pause, now)


def resume(caller: Caller, enrolment_id: str, now: datetime) -> View:
    """Go on with it. A step that fell due meanwhile comes now, the ones after it in their time.
    Raises as `pause`."""
    return _changed(caller, enrolment_id, _resume, now)


def _changed(
    caller: Caller, enrolment_id: str, act: Callable[[Enrolment, datetime], object], now: datetime
) -> View:
    with atomic():
        row = _locked(caller, enrolment_id)
        if row.state not in LIVE:
            raise Conflict(f"the enrolment has ended: it is {row.state}")
        act(row, now)
        return show(caller, enrolment_id)


def stop(caller: Caller, enrolment_id: str, now: datetime) -> tuple[View, Left]:
    """End a course for good; one that has ended stays as it is. Raises NotFound."""
    with atomic():
        left = _stop(_locked(caller, enrolment_id), now)
        return show(caller, enrolment_id), left


def _locked(caller: Caller, enrolment_id: str) -> Enrolment:
    row = Enrolment.locked(enrolment_id)
    if row is None or (row.organization_id, row.mode) != (caller.organization_id, caller.mode):
        raise NotFound
    return row


def _pause(row: Enrolment, now: datetime) -> Left:
    if row.state in RUNNING:
        Enrolment.move(row, E.PAUSED, now, paused_at=now)
        enrolment_notifications.hold_back(row.id, now)
        jobs.cancel(courses.JOB, row.id, now)
    return Left()


def _resume(row: Enrolment, now: datetime) -> Left:
    if row.state == E.PAUSED:
        Enrolment.move(row, E.ACTIVE if row.done else E.SCHEDULED, now, paused_at=None)
        courses.renew(row, now)
    return Left()


def _stop(row: Enrolment, now: datetime) -> Left:
    return courses.end(row, E.EXCLUDED, now, Reason.STOPPED)


ACTS: Mapping[str, tuple[Callable[[Enrolment, datetime], Left], frozenset[EnrolmentState]]] = {
    "pause": (_pause, RUNNING),
    "resume": (_resume, frozenset({E.PAUSED})),
    "stop": (_stop, frozenset(LIVE)),
}


def act_on(caller: Caller, sequence_id: str, act: str, chosen: Segment, now: datetime) -> Done:
    """Pause, resume or stop those of a sequence who are chosen, at most 200 of them in the order of
    their ids. Raises NotFound."""
    do, states = ACTS[act]
    with atomic():
        sequence = whole.show(caller, sequence_id)
        ids = enrolment_segments.find(sequence.id, chosen, states, MOST)
        lefts = [do(_locked(caller, enrolment_id), now) for enrolment_id in ids]
        remaining = enrolment_segments.count(sequence.id, chosen, states)
    calls = [call for left in lefts for call in left.calls]
    return Done(len(ids), remaining, Left(all(left.settled for left in lefts), calls))

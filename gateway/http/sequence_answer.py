"""Sequences and enrolments as answers show them."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields

from gateway.domain.channel_plan import CHANNELS, UNLESS
from gateway.domain.lifecycle import EnrolmentState
from gateway.domain.sequences import Progress, Step
from gateway.http.answers import moment, text, when, whole
from gateway.http.notification_answer import ReminderAnswer, reminder
from gateway.models.enrolment import Enrolment
from gateway.models.sequence import Sequence
from gateway.usecases.enrolments import Done, StepShown, View

_STATES = [str(state) for state in EnrolmentState]


class PlannedChannel(Schema):
    """One channel of a step's plan."""

    channel = text(enum=list(CHANNELS))
    unless = text(null=True, enum=[*UNLESS, None])
    within_minutes = whole(null=True)


class SequenceStepAnswer(Schema):
    """One step."""

    id = text("its own for good: nobody gets a step twice")
    after_minutes = whole()
    channels = fields.List(fields.Nested(PlannedChannel), required=True)
    say = text(null=True)
    text = text(null=True)
    subject = fields.String(required=True, allow_none=True)
    template = fields.String(required=True, allow_none=True)
    variables = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class SequenceRow(Schema):
    """A sequence."""

    id = text()
    name = text()
    version = whole()
    steps = fields.List(fields.Nested(SequenceStepAnswer), required=True)
    leave_on = fields.List(fields.String(), required=True)
    paused = fields.Boolean(required=True)
    archived = fields.Boolean(required=True)
    created_at = when()
    updated_at = when()


class SequenceAnswer(SequenceRow):
    """A sequence and how many people are at which state of it."""

    enrolments = fields.Dict(
        keys=fields.String(metadata={"enum": _STATES}), values=fields.Integer(), required=True
    )


class SequencePage(Schema):
    """A page of sequences."""

    data = fields.List(fields.Nested(SequenceRow), required=True)
    next_cursor = text("the `cursor` of the next page", null=True)


class EnrolledContact(Schema):
    """Whoever is enrolled."""

    id = text()
    external_id = text(null=True)


class StepProgress(Schema):
    """One step for one person."""

    id = text()
    progress = text(
        "`skipped`: it was put before one that was done; `unused`: the enrolment ended before it",
        enum=[str(one) for one in Progress],
    )
    notification = fields.Nested(ReminderAnswer, required=True, allow_none=True)


class NextStep(Schema):
    """What comes next."""

    step_id = text()
    at = text(
        "not before this, as far as is known; null while paused", null=True, format="date-time"
    )


class EnrolmentAnswer(Schema):
    """One person in one sequence."""

    id = text()
    sequence_id = text()
    contact = fields.Nested(EnrolledContact, required=True)
    state = text(enum=_STATES)
    reason = text("what ended it, when it is `excluded`", null=True)
    variables = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    steps = fields.List(fields.Nested(StepProgress), required=True)
    next = fields.Nested(NextStep, required=True, allow_none=True)
    enrolled_at = when()
    paused_at = when(null=True)
    ended_at = when(null=True)


class EnrolmentPage(Schema):
    """A page of enrolments."""

    data = fields.List(fields.Nested(EnrolmentAnswer), required=True)
    next_cursor = text("the `cursor` of the next page", null=True)


class SegmentAnswer(Schema):
    """What became of a segment of a sequence, or of all of it."""

    changed = fields.Integer(
        required=True, allow_none=True, metadata={"description": "people; null: everybody"}
    )
    remaining = fields.Integer(
        required=True, metadata={"description": "people for whom the same has to be asked again"}
    )
    sequence = fields.Nested(SequenceAnswer, required=True)


def sequence_row(row: Sequence) -> dict[str, Any]:
    """One sequence."""
    return {
        "id": row.id,
        "name": row.name,
        "version": row.version,
        "steps": [_step(step) for step in row.plan],
        "leave_on": list(row.leave_on),
        "paused": row.paused_at is not None,
        "archived": row.archived_at is not None,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
    }


def sequence_answer(row: Sequence, counted: Mapping[str, int]) -> dict[str, Any]:
    """One sequence with its counts."""
    return {**sequence_row(row), "enrolments": dict(counted)}


def _step(step: Step) -> dict[str, Any]:
    return {
        "id": step.id,
        "after_minutes": step.after_minutes,
        "channels": [
            {"channel": one.channel, "unless": one.unless, "within_minutes": one.within_minutes}
            for one in step.channels
        ],
        "say": step.say,
        "text": step.text,
        "subject": step.subject,
        "template": step.template,
        "variables": dict(step.variables or {}),
    }


def enrolment_answer(view: View) -> dict[str, Any]:
    """One enrolment with its progress."""
    row = view.enrolment
    return {
        "id": row.id,
        "sequence_id": row.sequence_id,
        "contact": {"id": row.contact_id, "external_id": row.contact.external_id},
        "state": str(row.state),
        "reason": str(row.reason) if row.reason else None,
        "variables": row.variables,
        "steps": [_progress(one) for one in view.steps],
        "next": _next(row, view.next_step),
        "enrolled_at": moment(row.enrolled_at),
        "paused_at": moment(row.paused_at),
        "ended_at": moment(row.ended_at),
    }


def _progress(one: StepShown) -> dict[str, Any]:
    made = reminder(one.notification) if one.notification else None
    return {"id": one.id, "progress": str(one.progress), "notification": made}


def _next(row: Enrolment, step_id: str | None) -> dict[str, Any] | None:
    if step_id is None:
        return None
    waits = row.paused_at is not None or row.sequence.paused_at is not None
    return {"step_id": step_id, "at": None if waits else moment(row.next_at)}


def segment_answer(done: Done | None, row: Sequence, counted: Mapping[str, int]) -> dict[str, Any]:
    """What became of a segment; without one, of the whole sequence."""
    return {
        "changed": None if done is None else done.changed,
        "remaining": 0 if done is None else done.remaining,
        "sequence": sequence_answer(row, counted),
    }

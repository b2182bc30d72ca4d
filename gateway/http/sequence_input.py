"""Sequences and enrolments as clients write them."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from gateway.domain.lifecycle import EnrolmentState
from gateway.domain.sequences import LEAVE_ON, LONGEST_MINUTES, MOST_STEPS
from gateway.http import words
from gateway.http.admin import Flag
from gateway.http.booking_input import ContactInput
from gateway.http.domain_fields import Channels, Variables
from gateway.http.fields import Text, Whole
from gateway.http.pagination import PageQuery
from gateway.models.enrolment_segments import Segment
from gateway.usecases.sequences import StepWanted

MOST_NAMED = 1000
_WORDS = ("say", "text", "subject", "template", "variables")
_STATES = [str(state) for state in EnrolmentState]


def _leave_on(**options: Any) -> Any:
    return fields.List(
        fields.String(validate=validate.OneOf(LEAVE_ON)),
        validate=validate.Length(max=len(LEAVE_ON)),
        metadata={"description": "what ends it for a person; all of these, if left out"},
        **options,
    )


class SequenceStepInput(Schema):
    """One step: when, on which channels, with which words."""

    after_minutes = Whole(
        0,
        LONGEST_MINUTES,
        required=True,
        metadata={"description": "after the step before has left; of the first: after enrolling"},
    )
    channels = Channels(required=True)
    say = Text(maximum=2000, lines=True, metadata={"description": "what the voice says"})
    text = words.text_field()
    subject = words.subject_field()
    template = words.template_field()
    variables = words.variables_field()

    @validates_schema
    def _says_something(self, data: dict[str, Any], **_: Any) -> None:
        wrong = words.misfits(data, [step.channel for step in data["channels"]])
        if not {"text", "say", "template"} & data.keys():
            wrong["template"] = "is required, or words of your own"
        if wrong:
            raise ValidationError({name: [message] for name, message in wrong.items()})

    @post_load
    def _wanted(self, data: dict[str, Any], **_: Any) -> StepWanted:
        said = {name: data[name] for name in _WORDS if name in data}
        return StepWanted(data["after_minutes"], data["channels"], said, data.get("id"))


class SequenceStepChanges(SequenceStepInput):
    """A step of a changed sequence."""

    id = Text(
        maximum=40,
        required=True,
        allow_none=True,
        metadata={"description": "of the step that it is; null for one that is added"},
    )


class SequenceInput(Schema):
    """A sequence to make."""

    name = Text(maximum=200, required=True)
    steps = fields.List(
        fields.Nested(SequenceStepInput),
        required=True,
        validate=validate.Length(min=1, max=MOST_STEPS),
    )
    leave_on = _leave_on(load_default=list(LEAVE_ON))


class SequenceChanges(Schema):
    """What to change; what is left out stays. `steps` are all of them, in their order."""

    version = Whole(1, 2_000_000_000, metadata={"description": "the one you read; 409 if stale"})
    name = Text(maximum=200)
    steps = fields.List(
        fields.Nested(SequenceStepChanges), validate=validate.Length(min=1, max=MOST_STEPS)
    )
    leave_on = _leave_on()

    @post_load
    def _something(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if not data.keys() - {"version"}:
            raise ValidationError("names nothing to change")
        named = [step.id for step in data.get("steps", ()) if step.id is not None]
        if len(named) != len(set(named)):
            raise ValidationError("name a step twice", "steps")
        return dict(data)


class SequenceQuery(PageQuery):
    """Filters of the list of sequences."""

    name = Text(maximum=200)
    archived = Flag(
        load_default=False,
        metadata={"description": "those that are archived, instead of those in use"},
    )


class EnrolledContactInput(ContactInput):
    """Whoever is enrolled: described as in a booking, or known already by our `id`."""

    id = Text(maximum=40, metadata={"description": "of a contact; then nothing else is given"})

    @validates_schema
    def _reachable(self, data: dict[str, Any], **_: Any) -> None:
        if "id" not in data:
            super()._reachable(data)
        elif len(data) > 1:
            raise ValidationError("stands alone", "id")


class EnrolmentInput(Schema):
    """Somebody to enrol."""

    contact = fields.Nested(EnrolledContactInput, required=True)
    variables = Variables(load_default=dict)


class EnrolmentFilterInput(PageQuery):
    """Filters of enrolments; they combine."""

    state = fields.String(validate=validate.OneOf(_STATES))
    contact_id = Text(maximum=40)


class EnrolmentQuery(EnrolmentFilterInput):
    """The same over all sequences."""

    sequence_id = Text(maximum=40)


class SegmentInput(Schema):
    """Who of a sequence is meant; without any of these, everybody."""

    contacts = fields.List(
        Text(maximum=40),
        validate=validate.Length(min=1, max=MOST_NAMED),
        metadata={"description": "ids of contacts"},
    )
    external_ids = fields.List(
        Text(maximum=200),
        validate=validate.Length(min=1, max=MOST_NAMED),
        metadata={"description": "your own ids of contacts"},
    )
    states = fields.List(
        fields.String(validate=validate.OneOf(_STATES)), validate=validate.Length(min=1, max=6)
    )

    @post_load
    def _segment(self, data: dict[str, Any], **_: Any) -> Segment | None:
        return Segment(**data) if data else None

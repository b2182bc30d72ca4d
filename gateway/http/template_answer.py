"""Templates and previews as answers show them."""

from dataclasses import asdict
from typing import Any

from marshmallow import Schema, fields

from gateway.domain.templates import CHANNELS
from gateway.http.answers import moment, text, when, whole
from gateway.usecases.templates import Shown
from gateway.usecases.wording import Preview


class TemplateAnswer(Schema):
    """One version of a template."""

    id = text("null for what is built in", null=True)
    name = text()
    channel = text(enum=list(CHANNELS))
    locale = text()
    version = fields.Integer(required=True, metadata={"description": "0 for what is built in"})
    built_in = fields.Boolean(required=True)
    subject = text(null=True)
    body = text()
    placeholders = fields.List(fields.String(), required=True)
    content_id = text(null=True)
    content_variables = fields.List(fields.String(), required=True)
    created_at = when(null=True)


class TemplatePage(Schema):
    """A page of templates."""

    data = fields.List(fields.Nested(TemplateAnswer), required=True)
    next_cursor = text(null=True)


class SegmentsAnswer(Schema):
    """What an SMS takes."""

    encoding = text(enum=["GSM-7", "UCS-2"])
    count = whole()
    characters = whole()
    forced_by = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "code points outside GSM-7, such as U+2019"},
    )


class PreviewAnswer(Schema):
    """A text as it would leave."""

    name = text("the template", null=True)
    version = fields.Integer(required=True, allow_none=True)
    locale = text("the language that was found")
    text = fields.String(required=True)
    subject = fields.String(required=True, allow_none=True)
    html = fields.String(required=True, allow_none=True)
    content_id = fields.String(required=True, allow_none=True)
    content_variables = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    segments = fields.Nested(SegmentsAnswer, required=True, allow_none=True)
    missing = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "placeholders without a value: it would not be sent"},
    )
    warnings = fields.List(fields.String(), required=True)


def template_answer(shown: Shown) -> dict[str, Any]:
    """One version."""
    own = shown.wording
    return {
        "id": shown.id,
        "name": own.name,
        "channel": own.channel,
        "locale": own.locale,
        "version": own.version,
        "built_in": shown.id is None,
        "subject": own.subject,
        "body": own.body,
        "placeholders": own.mentioned(),
        "content_id": own.content_id,
        "content_variables": list(own.content_variables),
        "created_at": moment(shown.created_at) if shown.id else None,
    }


def preview_answer(made: Preview) -> dict[str, Any]:
    """A text as it would leave."""
    out, parts = made.rendered, made.segments
    return {
        "name": out.template,
        "version": out.version,
        "locale": made.locale,
        "text": out.text,
        "subject": out.subject,
        "html": out.html,
        "content_id": out.content_id,
        "content_variables": dict(out.content_variables),
        "segments": None if parts is None else {**asdict(parts), "forced_by": [*parts.forced_by]},
        "missing": list(made.missing),
        "warnings": list(made.warnings),
    }

"""A person's data as one JSON document, written as it is read."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import Response
from marshmallow import Schema, fields

from gateway.domain import times
from gateway.http.answers import moment, text, when
from gateway.models.personal_export import Section
from gateway.usecases import export


class ExportAnswer(Schema):
    """Everything that is kept about one person: a list of rows for each kind."""

    contact_id = text("the contact that was named")
    exported_at = when()
    contacts = fields.List(fields.Dict(), required=True)
    bookings = fields.List(fields.Dict(), required=True)
    notifications = fields.List(fields.Dict(), required=True)
    calls = fields.List(fields.Dict(), required=True)
    messages = fields.List(fields.Dict(), required=True)
    transcripts = fields.List(fields.Dict(), required=True)
    utterances = fields.List(fields.Dict(), required=True)
    events = fields.List(fields.Dict(), required=True)
    consent = fields.List(fields.Dict(), required=True)
    waitlist = fields.List(fields.Dict(), required=True)
    offers = fields.List(fields.Dict(), required=True)
    enrolments = fields.List(fields.Dict(), required=True)
    invoices = fields.List(fields.Dict(), required=True)
    payments = fields.List(fields.Dict(), required=True)
    preferences = fields.List(fields.Dict(), required=True)


def download(contact_id: str, sections: list[Section], now: datetime) -> Response:
    """The document, as a file to keep."""
    answer = Response(_document(contact_id, sections, now), content_type="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{contact_id}.json"'
    return answer


def _document(contact_id: str, sections: list[Section], now: datetime) -> Iterator[str]:
    head = {"contact_id": contact_id, "exported_at": moment(now)}
    yield json.dumps(head)[:-1]
    last = None
    for name, page in export.pages(sections):
        rows = ", ".join(json.dumps(row, ensure_ascii=False, default=_plain) for row in page)
        if name != last:
            yield ("]" if last is not None else "") + f', "{name}": ['
        elif rows:
            yield ", "
        yield rows
        last = name
    yield "]}\n"


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return times.shown(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    raise TypeError(f"a {type(value).__name__} can't be shown")

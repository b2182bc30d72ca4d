"""Pieces that several answers share: how they are sent, and the fields of their schemas."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Response, current_app
from marshmallow import fields

from gateway.domain import times


def send(status: int, body: Mapping[str, Any]) -> Response:
    """A JSON answer."""
    text = current_app.json.dumps(body) + "\n"
    return Response(text, status, content_type="application/json")


def moment(at: datetime | None) -> str | None:
    """A time as answers show it, UTC with Z; None stays None."""
    return times.shown(at) if at else None


def text(
    description: str = "", *, null: bool = False, name: str | None = None, **metadata: Any
) -> fields.String:
    """A documented text of an answer; `name` is its key where Python can't have it."""
    if description:
        metadata["description"] = description
    return fields.String(required=True, allow_none=null, data_key=name, metadata=metadata)


def whole(*, null: bool = False) -> fields.Integer:
    """A documented whole number of an answer."""
    return fields.Integer(required=True, allow_none=null)


def when(*, null: bool = False) -> fields.String:
    """A documented time of an answer."""
    return fields.String(
        required=True,
        allow_none=null,
        metadata={"format": "date-time", "example": "2026-12-01T13:30:00Z"},
    )

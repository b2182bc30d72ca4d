"""Asking for one call or one message: what both take, and how both are answered."""

from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import Schema, fields

from gateway.http.auth import caller
from gateway.http.fields import Instant, Locale, Metadata, Zone
from gateway.http.idempotency import once
from gateway.http.notification_answer import ReminderAnswer, reminder
from gateway.usecases import requests
from gateway.usecases.idempotency import Answer
from gateway.usecases.requests import Asked


class RequestInput(Schema):
    """What a call and a message are asked for with."""

    locale = Locale(allow_none=True, metadata={"description": "language of whoever is reached"})
    time_zone = Zone(allow_none=True, metadata={"description": "where whoever is reached lives"})
    send_at = Instant(allow_none=True, metadata={"description": "now, if left out"})
    expires_at = Instant(allow_none=True, metadata={"description": "24 h later, if left out"})
    metadata = Metadata()


class NotificationRequested(ReminderAnswer):
    """The notification that the call or the message will belong to."""

    metadata = fields.Dict(required=True)


def ask(asked: Asked) -> Response:
    """Ask for it, once for an Idempotency-Key; the answer is the notification."""

    def work(now: datetime) -> Answer:
        requested = requests.request(caller(), asked, now)
        row = requested.notification
        body: dict[str, Any] = {**reminder(row), "metadata": row.metadata}
        return Answer(202, body, requested.ring)

    return once(work)

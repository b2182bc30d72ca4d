"""The rows of a booking written by a bare Flask route: the contact, the booking, its notifications
by one executemany, the entries of the feed by another, the job; in one transaction, unchecked.

`python bare_bookings.py` with PORT, PEER_DATABASE_URL and ORGANIZATION serves POST /bookings and
/empty under gunicorn with the settings of our web process."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask, Response, request

ROOT = Path(__file__).resolve().parents[2]
CONTACT = """INSERT INTO contact (id, organization_id, mode, role, external_id, name, phone,
    phone_hash, locale, created_at, updated_at)
    VALUES (%s, %s, 'live', 'contact', %s, %s, %s, md5(%s), %s, %s, %s)"""
BOOKING = """INSERT INTO booking (id, organization_id, mode, external_id, contact_id, service,
    starts_at, starts_at_text, time_zone, duration_minutes, state, overdue, policy, version,
    schedule_version, reminders, metadata, fingerprint, booked_at, updated_at)
    VALUES (%s, %s, 'live', %s, %s, %s, %s, %s, %s, %s, 'booked', false, '{}', 1, 1, %s, '{}', %s,
    %s, %s)"""
NOTIFICATION = """INSERT INTO notification (id, organization_id, mode, subject_type, subject_id,
    schedule_version, rule, number, kind, purpose, booking_id, contact_id, plan, step, wording,
    metadata, due_at, expires_at, next_attempt_at, claim, tries, failures, repeats, lane, state,
    created_at) VALUES (%s, %s, 'live', 'booking', %s, 1, %s, 1, 'before', 'reminder', %s, %s,
    '[{"channel": "voice"}]', 0, %s, '{}', %s, %s, %s, 0, 0, 0, 0, 'voice:3', 'scheduled', %s)"""
FEED = """INSERT INTO feed_entry (tx, organization_id, mode, at, type, object, object_id, state)
    VALUES (pg_current_xact_id()::text::bigint, %s, 'live', %s, %s, %s, %s, %s)"""
JOB = """INSERT INTO job (id, organization_id, mode, name, key, kind, lane, due_at, next_attempt_at,
    claim, failures, state, created_at) VALUES (%s, %s, 'live', 'contact.preferences', %s,
    'background', 'background:3', %s, %s, 0, 0, 'scheduled', %s)"""
_held = threading.local()


@contextmanager
def transaction() -> Iterator["psycopg.Cursor[Any]"]:
    """A cursor on the connection of this thread, in one transaction."""
    if not hasattr(_held, "connection"):
        _held.connection = psycopg.connect(os.environ["PEER_DATABASE_URL"])
    with _held.connection.transaction(), _held.connection.cursor() as cursor:
        yield cursor


def create_app() -> Flask:
    """The routes."""
    from gateway.models.base import new_id

    app = Flask(__name__, static_folder=None)
    own = os.environ["ORGANIZATION"]

    @app.get("/alive")
    def alive() -> Response:
        return Response("", 200)

    @app.post("/empty")
    def empty() -> Response:
        return Response(status=204)

    @app.post("/bookings")
    def book() -> Response:
        asked = request.get_json()
        now = datetime.now(UTC)
        booking, contact = new_id("bk"), new_id("ct")
        starts_at = datetime.fromisoformat(asked["starts_at"]).astimezone(UTC)
        rows = [_row(own, booking, contact, one, starts_at, now) for one in asked["reminders"]]
        told = [(own, now, "notification.scheduled", "notification", one[0], "scheduled")
                for one in rows]  # fmt: skip
        told.append((own, now, "booking.booked", "booking", booking, "booked"))
        with transaction() as cursor:
            cursor.execute(CONTACT, _contact(own, contact, asked["contact"], now))
            cursor.execute(BOOKING, _booking(own, booking, contact, asked, starts_at, now))
            cursor.executemany(NOTIFICATION, rows)
            cursor.executemany(FEED, told)
            key = f"{own}|live|{contact}"
            cursor.execute(JOB, (new_id("jb"), own, key, now, now, now))
        body = {"id": booking, **asked, "reminders": [{"id": row[0]} for row in rows]}
        return Response(json.dumps(body), 201, content_type="application/json")

    return app


def _contact(own: str, contact: str, who: dict[str, Any], now: datetime) -> tuple[Any, ...]:
    phone = who["phone"]
    return (contact, own, who["external_id"], who["name"], phone, phone, who["locale"], now, now)


def _booking(
    own: str, booking: str, contact: str, asked: dict[str, Any], starts_at: datetime, now: datetime
) -> tuple[Any, ...]:
    service, rules = json.dumps(asked["service"]), json.dumps(asked["reminders"])
    return (
        booking, own, asked["external_id"], contact, service, starts_at, asked["starts_at"],
        asked["time_zone"], asked["duration_minutes"], rules, booking, now, now,
    )  # fmt: skip


def _row(
    own: str, booking: str, contact: str, rule: dict[str, Any], starts_at: datetime, now: datetime
) -> tuple[Any, ...]:
    from gateway.models.base import new_id

    due_at = starts_at - timedelta(minutes=rule["minutes"])
    words = json.dumps({"say": rule["say"]})
    return (
        new_id("nt"), own, booking, f"before:{rule['minutes']}:voice", booking, contact, words,
        due_at, starts_at, due_at, now,
    )  # fmt: skip


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from tests.bench.bare_gunicorn import become

    become("tests.bench.bare_bookings:create_app()")

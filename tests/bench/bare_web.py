"""Bare Flask routes under gunicorn with the settings of our web process: what the same work costs
when nothing else is asked for.

`python bare_web.py` with PORT, PEER_DATABASE_URL, TWILIO_AUTH_TOKEN and PUBLIC_BASE_URL serves
/empty, /verify-insert (the SDK's check of the signature and one insert of the inbox's row) and
/bookings (the rows of a booking, its notifications by one executemany)."""

import hashlib
import os
import secrets
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask, Response, request
from twilio.request_validator import RequestValidator

ROOT = Path(__file__).resolve().parents[2]
EVENT = """INSERT INTO provider_event (id, provider, account, kind, dedup_key, digest, external_id,
    attempt_hint, source, secret, path, query, content_type, body, status, sequence, occurred_at,
    received_at, state, tries, next_attempt_at)
    VALUES (%s, 'twilio', %s, 'call-status', %s, %s, %s, %s, 'webhook', 'current', 'twilio/voice',
    %s, %s, %s, %s, %s, %s, %s, 'received', 0, %s)"""
_held = threading.local()


def connection() -> "psycopg.Connection[Any]":
    """The connection of this thread."""
    if not hasattr(_held, "connection"):
        _held.connection = psycopg.connect(os.environ["PEER_DATABASE_URL"], autocommit=True)
    kept: psycopg.Connection[Any] = _held.connection
    return kept


def create_app() -> Flask:
    """The routes."""
    app = Flask(__name__, static_folder=None)
    validator = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"])
    base = os.environ["PUBLIC_BASE_URL"]

    @app.get("/alive")
    def alive() -> Response:
        return Response(status=200)

    @app.post("/empty")
    def empty() -> Response:
        return Response(status=204)

    @app.post("/verify-insert")
    def verify_insert() -> Response:
        url = f"{base}{request.full_path.rstrip('?')}"
        if not validator.validate(url, request.form, request.headers["X-Twilio-Signature"]):
            return Response(status=403)
        connection().execute(EVENT, _row())
        return Response(status=204)

    return app


def _row() -> tuple[Any, ...]:
    form, now = request.form, datetime.now(UTC)
    body = "&".join(f"{name}={value}" for name, value in form.items())
    sid, status, order = form["CallSid"], form["CallStatus"], form["SequenceNumber"]
    return (
        f"ev_{secrets.token_hex(13)}", form["AccountSid"], f"{sid}|{status}|{order}",
        hashlib.sha256(body.encode()).hexdigest(), sid, request.args.get("attempt"),
        request.query_string.decode(), request.content_type, body, status, int(order), now, now,
        now,
    )  # fmt: skip


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from tests.bench.bare_gunicorn import become

    become("tests.bench.bare_web:create_app()")

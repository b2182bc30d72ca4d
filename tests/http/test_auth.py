"""Keys and scopes (reliability.md 3.1 B024, B025 and 4.2)."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.models import base
from gateway.models.organization import ApiKey
from gateway.usecases import accounts
from tests.http.stage import (
    BOOKINGS,
    CALLS,
    EVENTS,
    MESSAGES,
    ORGANIZATION,
    PHONE,
    STATS,
    Api,
    booking,
)

SIMULATE = "/api/v1/plan/simulate"
TEMPLATES, CONTACT = "/api/v1/templates", "/api/v1/contacts/ct_x"
HAND = "/api/v1/admin"
LETTERS, PARKED = "/api/v1/admin/dead-letters", "/api/v1/admin/parked-events"
ADMIN = (
    ("GET", LETTERS), ("DELETE", LETTERS), ("POST", f"{LETTERS}/replay"),
    ("POST", f"{LETTERS}/discard"), ("GET", f"{LETTERS}/dl_x"), ("DELETE", f"{LETTERS}/dl_x"),
    ("GET", PARKED), ("POST", f"{PARKED}/replay"), ("POST", f"{PARKED}/discard"),
    ("GET", f"{PARKED}/ev_x"), ("GET", f"{HAND}/jobs"),
    *(("POST", f"{HAND}/queues/voice/{act}") for act in ("pause", "resume", "clean")),
    *(("POST", f"{HAND}/kinds/nurture/{act}") for act in ("pause", "resume", "retry")),
    *(("POST", f"{HAND}/reminders/{act}") for act in ("on", "off", "rescan", "reset")),
)  # fmt: skip
ROUTES = (
    ("GET", BOOKINGS), ("POST", BOOKINGS), ("GET", f"{BOOKINGS}/bk_x"),
    ("PATCH", f"{BOOKINGS}/bk_x"), ("DELETE", f"{BOOKINGS}/bk_x"),
    ("GET", f"{BOOKINGS}/bk_x/plan"), ("POST", SIMULATE),
    ("GET", f"{BOOKINGS}/bk_x/reminders"), ("GET", CALLS), ("POST", CALLS),
    ("GET", f"{CALLS}/cl_x"), ("GET", EVENTS), ("GET", STATS), ("GET", TEMPLATES),
    ("POST", TEMPLATES), ("GET", f"{TEMPLATES}/tp_x/versions"), ("POST", f"{TEMPLATES}/preview"),
    ("GET", MESSAGES), ("POST", MESSAGES), ("GET", f"{MESSAGES}/ml_x"), ("GET", ORGANIZATION),
    ("PATCH", ORGANIZATION), ("GET", CONTACT), ("PATCH", CONTACT), ("GET", f"{CONTACT}/consent"),
    ("POST", f"{CONTACT}/consent"), *ADMIN,
)  # fmt: skip


def make_key(api: Api, *scopes: str, **changes: Any) -> str:
    """A test key with these scopes; changes are written into its row."""
    with base.connection():
        now = datetime.now(UTC)
        row, secret = accounts.create_key(
            api.account.organization_id, "Someone", "test", scopes or None, now
        )
        if changes:
            ApiKey.update(**changes).where(ApiKey.id == row.id).execute()
    return secret


def _without_id(text: str, request_id: str) -> str:
    return text.replace(request_id, "")


def test_b024_whatever_is_wrong_with_a_key_the_answer_is_the_same(
    api: Api, subtests: pytest.Subtests
) -> None:
    now = datetime.now(UTC)
    good = api.account.test_key
    wrong = {
        "missing": None,
        "empty": "",
        "another scheme": f"Basic {good}",
        "no scheme": good,
        "malformed": "Bearer nonsense",
        "non-ASCII": "Bearer rb_test_é",
        "too long": "Bearer rb_test_" + "x" * 5000,
        "unknown": "Bearer rb_test_ak_" + "0" * 26 + "_" + "x" * 43,
        "a changed secret": f"Bearer {good[:-1]}{'a' if good[-1] != 'a' else 'b'}",
        "of the other mode": "Bearer " + good.replace("rb_test", "rb_live"),
        "revoked": "Bearer " + make_key(api, revoked_at=now),
        "expired": "Bearer " + make_key(api, expires_at=now),
        "two keys": f"Bearer {good}, Bearer {good}",
    }
    nobody = api.with_key(None)
    answers = set()
    for name, header in wrong.items():
        for method, path in ROUTES:
            with subtests.test(name, route=f"{method} {path}"):
                headers = {"Authorization": header} if header is not None else {}
                answer = nobody.ask(method, path, headers=headers)

                assert answer.status_code == 401
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                answers.add(_without_id(answer.text, answer.headers["X-Request-Id"]))
    assert len(answers) == 1


def test_the_scheme_is_read_in_any_case(api: Api) -> None:
    nobody = api.with_key(None)

    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {api.account.test_key}"}
        assert nobody.get(BOOKINGS, headers=headers).status_code == 200


def test_b024_a_revoked_key_stops_at_once(api: Api) -> None:
    secret = make_key(api)
    asking = api.with_key(secret)
    assert asking.get(BOOKINGS).status_code == 200

    with base.connection():
        accounts.revoke_key(secret[8:37], datetime.now(UTC))

    assert asking.get(BOOKINGS).status_code == 401


NEEDED = {
    ("GET", BOOKINGS): {"bookings:read"},
    ("POST", BOOKINGS): {"bookings:write"},
    ("GET", f"{BOOKINGS}/bk_x"): {"bookings:read"},
    ("PATCH", f"{BOOKINGS}/bk_x"): {"bookings:write"},
    ("DELETE", f"{BOOKINGS}/bk_x"): {"bookings:write"},
    ("GET", f"{BOOKINGS}/bk_x/reminders"): {"bookings:read"},
    ("GET", f"{BOOKINGS}/bk_x/plan"): {"bookings:read"},
    ("POST", SIMULATE): {"bookings:read"},
    ("GET", CALLS): {"calls:read"},
    ("POST", CALLS): {"calls:write"},
    ("GET", f"{CALLS}/cl_x"): {"calls:read"},
    ("GET", EVENTS): {"bookings:read", "calls:read"},
    ("GET", STATS): {"calls:read"},
    ("GET", MESSAGES): {"messages:read"},
    ("POST", MESSAGES): {"messages:write"},
    ("GET", f"{MESSAGES}/ml_x"): {"messages:read"},
    ("GET", ORGANIZATION): {"admin"},
    ("PATCH", ORGANIZATION): {"admin"},
    ("GET", TEMPLATES): {"bookings:read"},
    ("POST", TEMPLATES): {"bookings:write"},
    ("GET", f"{TEMPLATES}/tp_x/versions"): {"bookings:read"},
    ("POST", f"{TEMPLATES}/preview"): {"bookings:read"},
    ("GET", CONTACT): {"contacts:read"},
    ("PATCH", CONTACT): {"contacts:write"},
    ("DELETE", CONTACT): {"contacts:write"},
    ("GET", f"{CONTACT}/export"): {"contacts:read", "transcripts:read"},
    ("GET", f"{CONTACT}/consent"): {"contacts:read"},
    ("POST", f"{CONTACT}/consent"): {"contacts:write"},
    **{route: {"admin"} for route in ADMIN},
}


def test_b025_a_key_without_the_scope_is_a_403_before_anything_else(
    api: Api, subtests: pytest.Subtests
) -> None:
    for (method, path), needed in NEEDED.items():
        for missing in needed:
            with subtests.test(f"{method} {path}", missing=missing):
                others = set(accounts.SCOPES) - {missing}
                asking = api.with_key(make_key(api, *others))

                answer = asking.ask(method, path, data=b"not json", content_type="text/plain")

                assert answer.status_code == 403


def test_b025_the_scope_alone_is_enough(api: Api, subtests: pytest.Subtests) -> None:
    bodies = {
        ("POST", BOOKINGS): booking(),
        ("POST", CALLS): {"to": PHONE, "say": "Hello"},
        ("POST", SIMULATE): booking(),
        ("PATCH", f"{BOOKINGS}/bk_x"): {"state": "confirmed"},
        ("POST", MESSAGES): {"to": PHONE, "channel": "sms", "text": "Hello"},
        ("PATCH", ORGANIZATION): {"locale": "de"},
        ("POST", TEMPLATES): {"name": "welcome", "locale": "en", "body": "Hi"},
        ("POST", f"{TEMPLATES}/preview"): {"body": "Hi", "channel": "sms"},
        ("PATCH", CONTACT): {"name": "Ada"},
        ("POST", f"{CONTACT}/consent"): {"channel": "sms", "granted": False, "source": "desk"},
        **{route: {"ids": ["dl_x"]} for route in ADMIN if route[0] == "POST"},
    }
    for (method, path), needed in NEEDED.items():
        with subtests.test(f"{method} {path}"):
            asking = api.with_key(make_key(api, *needed))
            body = bodies.get((method, path))

            answer = asking.ask(method, path, **({"json": body} if body else {}))

            assert answer.status_code in (200, 201, 202, 404)


def _generic(path: str) -> str:
    return re.sub(r"/(queues|kinds)/\w+/", r"/\1/{name}/", path)


def test_every_route_of_the_api_needs_a_key(api: Api) -> None:
    """A route that is added later can't be forgotten: the table is compared with the routes."""
    documented = {
        (method.upper(), path)
        for path, operations in api.description.document["paths"].items()
        for method, operation in operations.items()
        if path.startswith("/api/") and isinstance(operation, dict)
    }
    ids = {
        "bk": "booking_id",
        "cl": "call_id",
        "dl": "letter_id",
        "ml": "message_id",
        "ev": "event_id",
        "tp": "name",
        "ct": "contact_id",
    }
    named = {
        (method, re.sub(r"\b(\w\w)_x\b", lambda found: f"{{{ids[found[1]]}}}", _generic(path)))
        for method, path in NEEDED
    }
    served = {
        (method, rule.rule.replace("<", "{").replace(">", "}"))
        for rule in api.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
        if rule.rule.startswith("/api/")
    }

    assert named == documented == served

"""Browsers of the staff: clients of the real application that keep their cookies and send forms the
way that a browser does."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from html import unescape
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from gateway.models import base
from gateway.models.records import AuditEntry
from gateway.models.staff import Staff, StaffSession, StaffThrottle
from gateway.usecases import staff_sign_in

PASSWORD = "grey harbour seven lamps"
COOKIE = "__Host-ringback"
ADA = "ada@example.com"
HOST = "hooks.example.com"
ORIGIN = f"https://{HOST}"  # what tests/http/conftest.py sets as PUBLIC_BASE_URL


@cache
def _hashed() -> str:
    return generate_password_hash(PASSWORD, method="scrypt")


def hire(role: str, organization_id: str | None, email: str = "", name: str = "") -> str:
    """Somebody who may sign in with PASSWORD; returns the e-mail address."""
    address = email or f"{role}@example.com"
    with base.connection():
        made = Staff.add(
            {
                "email": address,
                "name": name or f"Sam {role.title()}",
                "role": role,
                "organization": organization_id,
                "password": _hashed(),
                "created_at": datetime.now(UTC),
            }
        )
    assert made is not None, "hired before"
    return address


def ledger() -> list[AuditEntry]:
    """All audit entries, oldest first."""
    with base.connection():
        return list(AuditEntry.select().order_by(AuditEntry.id))


@dataclass
class Browser:
    """One browser: its cookies, and what the last page had in it."""

    app: Flask = field(repr=False)
    client: FlaskClient = field(init=False, repr=False)
    csrf: str = ""

    def __post_init__(self) -> None:
        self.client = self.app.test_client()

    def get(self, path: str, **options: Any) -> TestResponse:
        """A page, over https as the cookie wants it; redirects are not followed."""
        answer = self.client.get(path, base_url=ORIGIN, **options)
        if found := re.search(r'name="csrf" value="([^"]+)"', answer.text):
            self.csrf = unescape(found[1])
        return answer

    def see(self, path: str) -> str:
        """The text of a page that has to be there."""
        answer = self.get(path)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return unescape(answer.text)

    def post(self, path: str, *, headers: Any = None, **fields: Any) -> TestResponse:
        """A form of the page that was loaded last, with its token; `headers` come in place of the
        `Origin` that a browser sends along."""
        sent = {"csrf": self.csrf, **fields}
        told = {"Origin": ORIGIN} if headers is None else headers
        return self.client.post(path, base_url=ORIGIN, data=sent, headers=told)

    def let_in(self, email: str, organization_id: str | None, mode: str) -> None:
        """Sign somebody in without the form and its slow hash, with all chosen."""
        now = datetime.now(UTC)
        with base.connection():
            row = Staff.by_email(email)
            assert row is not None
            attempt = staff_sign_in.Attempt(row.id, row.password, "account", "address")
            opened = staff_sign_in.enter(attempt, now, timedelta(hours=12), None)
            assert opened is not None
            token, session = opened
            StaffSession.change(session.id, organization=organization_id, mode=mode)
        self.csrf = session.csrf
        self.client.set_cookie(COOKIE, token, domain=HOST, secure=True)

    def cookie(self) -> str:
        """The token of its session; empty without."""
        found = self.client.get_cookie(COOKIE, domain=HOST)
        return found.value if found else ""

    def sign_in(self, email: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        """The form of the sign-in page."""
        return self.post("/console/sign-in", email=email, password=password, **fields)


def inside(browser: Browser) -> bool:
    """Whether somebody is signed in there."""
    return browser.get("/console/organization").status_code == 200


def let_time_pass(**ago: float) -> None:
    """Put everything that sessions and attempts know so far into the past."""
    past = timedelta(**ago)
    with base.connection():
        for row in StaffSession.select():
            StaffSession.change(row.id, seen_at=row.seen_at - past, ends_at=row.ends_at - past)
        for held in StaffThrottle.select():
            until = held.blocked_until - past if held.blocked_until else None
            StaffThrottle.put(held.id, held.failures, held.at - past, until)

"""A client of the real application that holds every answer against the published description."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from werkzeug.test import TestResponse

from tests.conftest import Account

PHONE, OTHER_PHONE = "+4915112345678", "+4915112345679"
BOOKINGS, CALLS, EVENTS = "/api/v1/bookings", "/api/v1/calls", "/api/v1/events"
MESSAGES, ORGANIZATION = "/api/v1/messages", "/api/v1/organization"
STATS = "/api/v1/queue/stats"


def soon(**ahead: float) -> str:
    """A moment ahead of now, RFC 3339 in UTC, whole seconds."""
    at = datetime.now(UTC) + timedelta(**(ahead or {"days": 3}))
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def booking(**changes: Any) -> dict[str, Any]:
    """The body of a booking that is taken as it is; a change to `...` leaves the field out."""
    body = {
        "starts_at": soon(),
        "contact": {"phone": PHONE, "name": "Ada"},
        "reminders": [{"kind": "before", "minutes": 60, "channel": "voice"}],
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}


class Description:
    """The OpenAPI document, asked about one answer at a time."""

    @staticmethod
    @cache
    def of(text: str) -> "Description":
        """That of a served document; the same for each test that serves the same."""
        return Description(json.loads(text))

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.patterns = [
            (re.compile(re.sub(r"\{path\}", ".+", re.sub(r"\{(?!path)\w+\}", "[^/]+", path))), path)
            for path in sorted(document["paths"], key=lambda path: path.count("{"))
        ]

    def check(self, method: str, path: str, answer: TestResponse) -> None:
        """Fail unless this status, type and body are described."""
        if method == "HEAD":
            assert answer.data == b""
            return
        if answer.status_code >= 400 and answer.mimetype == "application/problem+json":
            self._conform({"$ref": "#/components/schemas/Problem"}, answer.json)
            assert answer.json is not None
            assert answer.json["status"] == answer.status_code
            assert answer.json["request_id"] == answer.headers["X-Request-Id"]
        known = next((name for pattern, name in self.patterns if pattern.fullmatch(path)), None)
        operation = self.document["paths"].get(known, {}).get(method.lower())
        if operation is None:
            return
        if answer.status_code == 500:
            return  # a bug; "default" describes it
        described = operation["responses"].get(str(answer.status_code))
        assert described is not None, f"{method} {known}: {answer.status_code} is not described"
        if answer.status_code != 204:
            self._conform(described["content"][answer.mimetype]["schema"], answer.json)

    def _conform(self, schema: dict[str, Any], value: Any) -> None:
        whole = {**schema, "components": self.document["components"]}
        errors = [error.message for error in Draft202012Validator(whole).iter_errors(value)]
        assert errors == []


@dataclass
class Api:
    """Requests as one organization in one mode; `key` is the bearer key, None for no key."""

    app: Flask = field(repr=False)
    account: Account = field(repr=False)
    description: Description = field(repr=False)
    key: str | None = field(repr=False)

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> TestResponse:
        """One request, its answer checked against the description."""
        sent = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        client = self.app.test_client()
        answer = client.open(path, method=method, headers={**sent, **(headers or {})}, **options)
        self.description.check(method, path.partition("?")[0], answer)
        return answer

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.ask("GET", path, **options)

    def post(self, path: str, body: Any, **options: Any) -> TestResponse:
        return self.ask("POST", path, json=body, **options)

    def patch(self, path: str, body: Any, **options: Any) -> TestResponse:
        return self.ask("PATCH", path, json=body, **options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.ask("DELETE", path, **options)

    def book(self, **changes: Any) -> dict[str, Any]:
        """A booking that must be made."""
        answer = self.post(BOOKINGS, booking(**changes))
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = json.loads(answer.text)
        return made

    def booked(self) -> int:
        """How many bookings the organization has in this mode, up to a page of 200."""
        return len(self.read(BOOKINGS, limit=200)["data"])

    def read(self, path: str, **query: Any) -> dict[str, Any]:
        """A read that must succeed."""
        answer = self.get(path, query_string=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = json.loads(answer.text)
        return found

    def with_key(self, key: str | None) -> "Api":
        """The same application, asked with another key."""
        return Api(self.app, self.account, self.description, key)


def fields_at_fault(answer: TestResponse) -> list[str]:
    """The names in a problem's `errors`."""
    assert answer.json is not None
    return [error["field"] for error in answer.json.get("errors", [])]

"""Keys and scopes (reliability.md 3.1 B024, B025 and 4.2)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.models import base
from gateway.models.organization import ApiKey
from gateway.usecases import accounts
from tests.http.routes import LETTERS, ROUTES, at, scopes
from tests.http.stage import BOOKINGS, CALLS, Api


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


def _refused(nobody: Api, method: str, path: str, header: str | None) -> str:
    """The answer's text, without what is of this request alone."""
    headers = {"Authorization": header} if header is not None else {}
    answer = nobody.ask(method, path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    return answer.text.replace(answer.headers["X-Request-Id"], "")


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
        for method, path in (("GET", BOOKINGS), ("POST", CALLS), ("DELETE", LETTERS)):
            with subtests.test(name, route=f"{method} {path}"):
                answers.add(_refused(nobody, method, path, header))
    for route in ROUTES:
        with subtests.test("missing", route=route):
            answers.add(_refused(nobody, *at(route), None))
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


def test_b025_a_key_without_the_scope_is_a_403_before_anything_else(
    api: Api, subtests: pytest.Subtests
) -> None:
    for route in ROUTES:
        needed = scopes(route)
        for missing in needed:
            with subtests.test(route, missing=missing):
                asking = api.with_key(make_key(api, *set(accounts.SCOPES) - {missing}))

                answer = asking.ask(*at(route), data=b"not json", content_type="text/plain")

                assert answer.status_code == 403


def test_b025_the_scope_alone_is_enough(api: Api, subtests: pytest.Subtests) -> None:
    for route in ROUTES:
        with subtests.test(route):
            asking = api.with_key(make_key(api, *scopes(route)))
            method, path = route.split()
            operation = api.description.document["paths"][path][method.lower()]
            described = operation.get("requestBody", {}).get("content", {})
            body = described.get("application/json", {}).get("example")

            answer = asking.ask(*at(route), **({"json": body} if body else {}))

            # 422: what the example names does not exist here, or its date is past
            assert answer.status_code in (200, 201, 202, 404, 422)


def test_every_route_of_the_api_needs_a_key(api: Api) -> None:
    """A route that is added later can't be forgotten: the table is compared with the routes."""
    documented = {
        f"{method.upper()} {path}"
        for path, operations in api.description.document["paths"].items()
        for method, operation in operations.items()
        if path.startswith("/api/") and isinstance(operation, dict)
    }
    served = {
        f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        for rule in api.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
        if rule.rule.startswith("/api/")
    }

    assert set(ROUTES) == documented == served

"""Callbacks that are as usual go past Flask, and nobody outside can tell."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import request, request_started

from tests.http.callbacks import Sent, call_status, stored, twilio
from tests.http.scrape import scrape
from tests.http.stage import Api

ROUTE = "/webhooks/<path:path>"
ALWAYS = {
    "X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy",
    "Content-Security-Policy", "Cache-Control", "Strict-Transport-Security", "X-Request-Id",
}  # fmt: skip


@contextmanager
def seen_by_flask(api: Api) -> Iterator[list[str]]:
    """The addresses of the requests that Flask handles meanwhile."""
    seen: list[str] = []

    def note(sender: Any, **_: Any) -> None:
        seen.append(request.path)

    with request_started.connected_to(note, api.app):
        yield seen


def test_a_usual_callback_is_answered_like_any_other_request(api: Api) -> None:
    before = scrape(api)
    named = {"X-Request-Id": "told-by-the-proxy"}
    with seen_by_flask(api) as seen:
        first = twilio().but(headers=named).to(api)
        again = twilio().to(api)
    assert seen == []
    assert (first.status_code, again.status_code, first.data, stored()) == (204, 204, b"", 1)
    assert first.headers["X-Request-Id"] == "told-by-the-proxy"
    assert again.headers["X-Request-Id"].startswith("req_")
    refused = twilio(token="another").to(api)
    same = ALWAYS - {"X-Request-Id"}
    assert {name: first.headers[name] for name in same} == {
        name: refused.headers[name] for name in same
    }
    labels = {"method": "POST", "route": ROUTE, "status": "204"}
    counted = scrape(api).sum("ringback_http_requests_total", **labels)
    assert counted - before.sum("ringback_http_requests_total", **labels) == 2


@pytest.mark.parametrize(
    ("unusual", "status"),
    [
        (twilio(token="another"), 401),
        # Nothing of it is read: Werkzeug's client can't send one.
        (twilio().but(headers={"Transfer-Encoding": "chunked"}), 401),
        (twilio().but(content_type="application/json"), 401),
        (twilio().but(content_type="text/plain"), 415),
        (twilio().but(body=b"a" * 1_000_001), 413),
        (twilio().but(path="/webhooks/nobody"), 404),
        (call_status(), 200),
    ],
    ids=lambda value: "" if isinstance(value, int) else None,
)
def test_what_is_not_as_usual_goes_the_whole_way(api: Api, unusual: Sent, status: int) -> None:
    with seen_by_flask(api) as seen:
        assert unusual.to(api).status_code == status
    assert seen == [unusual.path.partition("?")[0]]

"""What any request may look like, and what is answered when it can't be (reliability.md 3.1)."""

import io
import json
from typing import Any

import pytest

from tests.http.stage import BOOKINGS, CALLS, PHONE, Api, booking, fields_at_fault

JSON = "application/json"


def _text(**changes: object) -> str:
    return json.dumps(booking(**changes))


MALFORMED = {
    "B001 empty body": b"",
    "B001 only spaces": b"  \n",
    "B002 truncated": b'{"starts_at": "2026',
    "B002 trailing garbage": b"{} {}",
    "B002 single quotes": b"{'a': 1}",
    "B003 NaN": b'{"metadata": {"a": NaN}}',
    "B003 infinity": b'{"metadata": {"a": -Infinity}}',
    "B004 float out of range": b'{"metadata": {"a": 1e999}}',
    "B005 duplicate keys": b'{"to": "+1", "to": "+2"}',
    "B005 duplicate keys, nested": b'{"metadata": {"a": 1, "a": 2}}',
    "B006 60,000 nested arrays": b"[" * 60_000,
    "B006 9,000 nested objects": b'{"a":' * 9000 + b"1" + b"}" * 9000,
    "B006 33 levels": b"[" * 33 + b"]" * 33,
    "B007 5,000-digit integer": b'{"duration_minutes": ' + b"9" * 5000 + b"}",
    "B007 19-digit integer": b'{"duration_minutes": 1234567890123456789}',
    "B008 invalid UTF-8": b'{"external_id": "\xff\xfe"}',
    "B008 overlong UTF-8": b'{"external_id": "\xc0\xaf"}',
    "B008 a surrogate in UTF-8": b'{"external_id": "\xed\xa0\x80"}',
    "B009 byte order mark": b"\xef\xbb\xbf{}",
    "B009 UTF-16": '{"a": 1}'.encode("utf-16"),
    "B009 UTF-32": '{"a": 1}'.encode("utf-32"),
    "too many values": b"[" + b"0," * 5001 + b"0]",
}


def test_a_body_that_is_not_one_clear_json_value_is_a_400(
    api: Api, subtests: pytest.Subtests
) -> None:
    for name, raw in MALFORMED.items():
        for method, path in (("POST", BOOKINGS), ("POST", CALLS), ("PATCH", f"{BOOKINGS}/bk_x")):
            with subtests.test(name, path=path):
                answer = api.ask(method, path, data=raw, content_type=JSON)

                assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


UNSTORABLE: dict[str, tuple[dict[str, Any], str]] = {
    "B010 NUL": ({"external_id": "a\x00b"}, "external_id"),
    "B010 NUL in metadata": ({"metadata": {"a": ["\x00"]}}, "metadata.a.0"),
    "B010 NUL in a key": ({"metadata": {"\x00": 1}}, "metadata.?"),
    "B011 lone surrogate": ({"external_id": "\ud800"}, "external_id"),
    "B011 lone surrogate in a name": ({"contact": {"name": "\udfff"}}, "contact.name"),
    "B018 unknown field": ({"shoe_size": 44}, "shoe_size"),
    "B018 unknown field inside": (
        {"contact": {"phone": PHONE, "shoe_size": 44}}, "contact.shoe_size",
    ),
    "B018 a field named like a number is not repeated": ({"+4915112345678": 1}, "?"),
}  # fmt: skip


def test_what_no_field_can_hold_is_a_422_that_names_the_field(
    api: Api, subtests: pytest.Subtests
) -> None:
    for name, (changes, at_fault) in UNSTORABLE.items():
        with subtests.test(name):
            answer = api.ask("POST", BOOKINGS, data=_text(**changes), content_type=JSON)

            assert answer.status_code == 422
            assert fields_at_fault(answer) == [at_fault]
    assert api.booked() == 0


def test_json_that_is_not_an_object_is_a_422(api: Api, subtests: pytest.Subtests) -> None:
    for raw in ("[]", "1", "null", "true", '"text"'):
        with subtests.test(raw):
            assert api.ask("POST", BOOKINGS, data=raw, content_type=JSON).status_code == 422


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "chunked"])
def test_b012_a_body_over_64_kilobytes_is_a_413(api: Api, chunked: bool) -> None:
    def send(raw: bytes) -> int:
        if not chunked:
            return api.ask("POST", BOOKINGS, data=raw, content_type=JSON).status_code
        environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
        stream = io.BytesIO(raw)
        return api.ask(
            "POST", BOOKINGS, input_stream=stream, content_type=JSON, environ_overrides=environ
        ).status_code

    assert send(_text(metadata={"a": "x" * 70_000}).encode()) == 413
    assert send(_text().encode() + b" " * 60_000) == 201


TYPES = {
    "B013 text": "text/plain",
    "B013 none": None,
    "B013 two at once": "application/json, text/html",
    "B014 something like JSON": "application/x+json",
    "B014 problem": "application/problem+json",
    "a form": "application/x-www-form-urlencoded",
    "a multipart form": "multipart/form-data; boundary=x",
    "B040 multipart without a boundary": "multipart/form-data",
    "another charset": "application/json; charset=latin-1",
    "another parameter": "application/json; version=1",
}


def test_another_content_type_is_a_415(api: Api, subtests: pytest.Subtests) -> None:
    for name, content_type in TYPES.items():
        with subtests.test(name):
            answer = api.ask("POST", BOOKINGS, data=_text(), content_type=content_type)

            assert answer.status_code == 415
    compressed = api.ask(
        "POST", BOOKINGS, data=_text(), content_type=JSON, headers={"Content-Encoding": "gzip"}
    )
    assert compressed.status_code == 415


def test_json_may_say_that_it_is_utf_8(api: Api) -> None:
    for content_type in ("application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'):
        assert api.ask("POST", BOOKINGS, data=_text(), content_type=content_type).status_code == 201


def test_b016_other_methods_are_a_405_that_names_the_right_ones(
    api: Api, subtests: pytest.Subtests
) -> None:
    allowed = {
        BOOKINGS: {"GET", "HEAD", "POST"},
        f"{BOOKINGS}/bk_x": {"GET", "HEAD", "PATCH", "DELETE"},
        CALLS: {"GET", "HEAD", "POST"},
        "/api/v1/events": {"GET", "HEAD"},
        "/webhooks/twilio/voice": {"POST"},
        "/health": {"GET", "HEAD"},
        "/docs": {"GET", "HEAD"},
    }
    methods = ("GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "OPTIONS", "TRACE", "FOO")
    for path, right in allowed.items():
        for method in set(methods) - right:
            with subtests.test(path, method=method):
                answer = api.ask(method, path)

                assert answer.status_code == 405
                assert set(answer.headers["Allow"].split(", ")) == right


def test_b027_an_id_that_can_not_be_one_is_a_404(api: Api, subtests: pytest.Subtests) -> None:
    ids = ("x", "..", "%2e%2e%2f", "a%00b", "%F0%9F%98%80", "x" * 10_000, "'%20OR%201=1", "%ff")
    for id_ in ids:
        for path in (f"{BOOKINGS}/{id_}", f"{BOOKINGS}/{id_}/reminders", f"{CALLS}/{id_}"):
            with subtests.test(path[:60]):
                assert api.get(path).status_code == 404


def test_b038_the_host_header_changes_nothing(api: Api, subtests: pytest.Subtests) -> None:
    for host in ("evil.example", "a:99999", "[::1", "", "a b"):
        with subtests.test(host):
            answer = api.get(BOOKINGS, headers={"Host": host})

            assert answer.status_code in (200, 400)
            assert host == "" or host not in answer.text


def test_b039_a_fault_is_problem_json_whatever_is_accepted(api: Api) -> None:
    for path in (f"{BOOKINGS}/bk_x", "/nowhere", "/webhooks/nobody"):
        method = "POST" if path.startswith("/webhooks") else "GET"
        answer = api.ask(method, path, headers={"Accept": "text/html"})

        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_a_problem_never_repeats_what_was_sent(api: Api, subtests: pytest.Subtests) -> None:
    secret = "canary-7261736"
    bodies = [
        booking(starts_at=secret), booking(external_id=[secret]), booking(time_zone=secret),
        booking(contact={"phone": secret}), booking(contact={"phone": PHONE, "email": secret}),
        booking(contact={"phone": PHONE, "locale": secret + "!"}), booking(**{secret + "!": 1}),
        booking(reminders=[{"kind": secret}]), booking(state=secret),
        booking(reminders=[{"kind": "before", "minutes": secret, "channel": secret}]),
        booking(metadata=secret), booking(service={"name": {secret: 1}}),
    ]  # fmt: skip
    for body in bodies:
        with subtests.test(str(body)):
            answer = api.post(BOOKINGS, body)

            assert answer.status_code == 422
            assert secret not in answer.text
    for query in ({"state": secret}, {"cursor": secret}, {"from": secret}, {"limit": secret}):
        assert secret not in api.get(BOOKINGS, query_string=query).text


def test_at_most_a_hundred_errors_are_told(api: Api) -> None:
    answer = api.post(BOOKINGS, booking(**{f"unknown_{n}": n for n in range(500)}))

    assert len(fields_at_fault(answer)) == 100


def test_every_answer_has_a_request_id_and_takes_a_usable_one(api: Api) -> None:
    for path in (BOOKINGS, f"{BOOKINGS}/bk_x", "/nowhere", "/health", "/docs"):
        kept = api.get(path, headers={"X-Request-Id": "mine-1.2_3"})
        assert kept.headers["X-Request-Id"] == "mine-1.2_3"
        for unusable in ("", "a b", "x" * 65, "é", "<script>"):
            made = api.get(path, headers={"X-Request-Id": unusable}).headers["X-Request-Id"]
            assert made.startswith("req_")


def test_every_answer_carries_the_security_headers(api: Api) -> None:
    for path in (BOOKINGS, f"{BOOKINGS}/bk_x", "/nowhere", "/health", "/webhooks/call-status"):
        headers = api.get(path).headers

        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Strict-Transport-Security"] == "max-age=31536000"

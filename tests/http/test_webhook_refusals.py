"""Callbacks that are not believed or not taken (reliability.md 3.4)."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.http.callbacks import (
    BEARER,
    FORM,
    VOICE,
    Sent,
    call_status,
    sandbox_signed,
    standard,
    stored,
    twilio,
)
from tests.http.stage import Api


def _changed(signature: str) -> str:
    return ("A" if signature[0] != "A" else "B") + signature[1:]


TWILIO_SIGNATURE = "X-Twilio-Signature"
FORGED: dict[str, Callable[[], Sent]] = {
    "B071 no signature": lambda: twilio().but(headers={TWILIO_SIGNATURE: None}),
    "B071 empty signature": lambda: twilio().but(headers={TWILIO_SIGNATURE: ""}),
    "B071 two signatures": lambda: twilio().but(
        headers={TWILIO_SIGNATURE: "{0}, {0}".format(twilio().headers[TWILIO_SIGNATURE])}
    ),
    "B072 wrong secret": lambda: twilio(token="another token"),
    "B072 empty secret": lambda: twilio(token=""),
    "B072 http": lambda: twilio(base="http://hooks.example.com"),
    "B072 another host": lambda: twilio(base="https://evil.example"),
    "B072 another path": lambda: twilio().but(path=VOICE.replace("voice", "amd")),
    "B072 another query": lambda: twilio().but(path=VOICE[:-1] + "1"),
    "B072 no query": lambda: twilio().but(path="/webhooks/twilio/voice"),
    "B072 a query added": lambda: twilio().but(path=VOICE + "&x=1"),
    "B072 a parameter more": lambda: twilio().but(body=twilio().body + b"&x=1"),
    "B072 a parameter less": lambda: twilio().but(body=twilio().body.partition(b"&")[2]),
    "B072 a parameter changed": lambda: twilio().but(
        body=twilio().body.replace(b"completed", b"cancelled")
    ),
    "B072 empty body": lambda: twilio().but(body=b""),
    "B073 not ASCII": lambda: twilio().but(headers={TWILIO_SIGNATURE: "é"}),
    "B074 not base64": lambda: twilio().but(headers={TWILIO_SIGNATURE: "%%%"}),
    "changed signature": lambda: twilio().but(
        headers={TWILIO_SIGNATURE: _changed(twilio().headers[TWILIO_SIGNATURE])}
    ),
    "bearer missing": lambda: call_status().but(headers={"Authorization": None}),
    "bearer empty": lambda: call_status().but(headers={"Authorization": "Bearer "}),
    "bearer wrong": lambda: call_status().but(headers={"Authorization": "Bearer wrong secret 123"}),
    "bearer shortened": lambda: call_status().but(
        headers={"Authorization": f"Bearer {BEARER[:-1]}"}
    ),
    "bearer as basic": lambda: call_status().but(headers={"Authorization": f"Basic {BEARER}"}),
    "bearer not ASCII": lambda: call_status().but(headers={"Authorization": "Bearer é"}),
    "B074 no version": lambda: sandbox_signed().but(headers={"webhook-signature": "v1"}),
    "B074 three parts": lambda: sandbox_signed().but(headers={"webhook-signature": "v1,a,b"}),
    "B074 empty list": lambda: sandbox_signed().but(headers={"webhook-signature": " "}),
    "B075 no id": lambda: sandbox_signed().but(headers={"webhook-id": None}),
    "B075 another id": lambda: sandbox_signed().but(headers={"webhook-id": "m2"}),
    "B075 no time": lambda: sandbox_signed().but(headers={"webhook-timestamp": None}),
    "B075 time is text": lambda: sandbox_signed().but(headers={"webhook-timestamp": "now"}),
    "B076 six minutes old": lambda: sandbox_signed(at=datetime.now(UTC) - timedelta(minutes=6)),
    "B076 six minutes ahead": lambda: sandbox_signed(at=datetime.now(UTC) + timedelta(minutes=6)),
    "body changed": lambda: sandbox_signed().but(body=call_status(status="failed").body),
    "another key": lambda: standard(
        "whsec_" + base64.b64encode(b"x" * 32).decode(), call_status().body
    ),
}


@pytest.mark.row("F3")
def test_a_forged_callback_is_a_401_and_changes_nothing(
    api: Api, subtests: pytest.Subtests
) -> None:
    for name, make in FORGED.items():
        with subtests.test(name):
            answer = make().to(api)

            assert answer.status_code == 401
            assert answer.json is not None
            assert answer.json["type"] == "urn:ringback:problem:not-authentic"
    assert stored() == 0


def test_b037_b038_host_and_forwarding_headers_are_never_believed(api: Api) -> None:
    misleading = {"Host": "evil.example", "X-Forwarded-Host": "evil.example",
                  "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example"}  # fmt: skip
    assert twilio().but(headers=misleading).to(api).status_code == 204
    for base_url in ("https://evil.example", "http://evil.example", "http://hooks.example.com"):
        assert twilio(base=base_url).but(headers=misleading).to(api).status_code == 401


WRONG_TYPES = {
    "B078 form sent as JSON": (call_status, FORM),
    "B078 multipart": (twilio, "multipart/form-data; boundary=x"),
    "B078 call-status as text": (call_status, "text/plain"),
    "no type": (twilio, None),
    "text": (twilio, "text/plain"),
}


def test_b078_another_content_type_is_a_415_before_anything_is_verified(
    api: Api, subtests: pytest.Subtests
) -> None:
    for name, (make, content_type) in WRONG_TYPES.items():
        with subtests.test(name):
            assert make().but(content_type=content_type).to(api).status_code == 415


def test_b081_b082_unknown_addresses_and_other_methods(api: Api, subtests: pytest.Subtests) -> None:
    for path in ("nobody", "twilio", "twilio/", "twilio/voice/", "twilio//voice", "TWILIO/voice"):
        with subtests.test(path):
            assert twilio().but(path=f"/webhooks/{path}").to(api).status_code == 404
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        with subtests.test(method):
            answer = twilio().to(api, method)

            assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_b087_a_body_over_a_megabyte_is_a_413_and_one_under_it_is_stored(api: Api) -> None:
    assert call_status(transcript="x" * 1_000_001).to(api).status_code == 413
    assert twilio(Words="x" * 1_000_001).to(api).status_code == 413
    assert call_status(transcript="word " * 100_000).to(api).status_code == 200


MALFORMED = {
    "not JSON": b"{", "empty": b"", "a list": b"[]", "null": b"null", "not UTF-8": b"\xff",
    "no call_id": call_status(call_id=...).body, "no status": call_status(status=...).body,
    "call_id is a list": call_status(call_id=[]).body,
    "empty call_id": call_status(call_id="").body,
    "a long call_id": call_status(call_id="x" * 201).body,
    "status is a list": call_status(status=[]).body,
    "metadata is text": call_status(metadata="x").body,
    "transcript is a number": call_status(transcript=7).body,
    "nested": b'{"call_id": ' + b"[" * 9000 + b"]" * 9000 + b"}",
}  # fmt: skip


@pytest.mark.row("D3")
def test_an_authentic_body_of_call_status_that_is_not_its_json_is_a_400(
    api: Api, subtests: pytest.Subtests
) -> None:
    for name, body in MALFORMED.items():
        with subtests.test(name):
            assert call_status().but(body=body).to(api).status_code == 400
    assert stored() == 0


@pytest.mark.row("F3")
def test_the_operator_is_told_what_would_have_matched_and_the_sender_is_not(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [twilio(base="http://hooks.example.com").to(api), twilio(token="made up").to(api)]

    told = [dict(answer.json or {}, request_id=None) for answer in answers]
    assert told[0] == told[1]
    assert [answer.status_code for answer in answers] == [401, 401]
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    causes = [line["cause"] for line in lines if line["event"] == "webhook would have matched"]
    assert causes == ["scheme"]
    assert stored() == 0

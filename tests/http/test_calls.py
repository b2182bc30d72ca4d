"""Reading call logs, as support staff do, and asking for a call."""

import json
from typing import Any

import pytest

from gateway.models import base
from gateway.models.records import AuditEntry
from gateway.usecases import accounts
from tests.http import seed
from tests.http.stage import CALLS, OTHER_PHONE, PHONE, Api, soon
from tests.http.test_auth import make_key


def found(api: Api, **query: Any) -> list[str]:
    return [row["id"] for row in api.read(CALLS, **query)["data"]]


@pytest.mark.row("F7")
def test_calls_are_found_by_each_filter(api: Api, subtests: pytest.Subtests) -> None:
    booking = api.book(external_id="bk-1")
    one = seed.call(api, booking_id=booking["id"])
    two = seed.call(
        api, to_address=OTHER_PHONE, state="busy", provider="voice_api", external_id="vp-2"
    )
    seed.transcript(one, "Yes, I will come on Monday. ÇA VA? 100% _sure_")
    seed.transcript(two, "No. Monday is bad, I can't come")
    halfway = api.read(f"{CALLS}/{two}")["created_at"]
    expected: list[tuple[dict[str, str], list[str]]] = [
        ({}, [two, one]),
        ({"phone": PHONE}, [one]),
        ({"phone": OTHER_PHONE}, [two]),
        ({"booking_id": booking["id"]}, [one]),
        ({"booking_external_id": "bk-1"}, [one]),
        ({"booking_external_id": "bk-2"}, []),
        ({"state": "busy"}, [two]),
        ({"provider": "voice_api"}, [two]),
        ({"external_id": "vp-2"}, [two]),
        ({"from": halfway}, [two]),
        ({"to": halfway}, [one]),
        ({"q": "monday"}, [two, one]),
        ({"q": "come MONDAY yes"}, [one]),
        ({"q": "ça va"}, [one]),
        ({"q": "mon"}, []),
        ({"q": "monday", "state": "busy", "phone": OTHER_PHONE}, [two]),
        ({"q": "100%"}, [one]),
        ({"q": "tuesday"}, []),
    ]
    for query, ids in expected:
        with subtests.test(json.dumps(query)):
            assert found(api, **query) == ids


@pytest.mark.row("F7")
def test_b101_words_are_words_whatever_the_search_engine_makes_of_them(
    api: Api, subtests: pytest.Subtests
) -> None:
    one = seed.call(api)
    seed.transcript(one, "a AND b NEAR c OR d")
    for query in ("a AND (", "NEAR/0", "c*", ":b", "!a & b", '"a', "a'", "b -- c", "NOT a", "a\\"):
        with subtests.test(query):
            assert api.get(CALLS, query_string={"q": query}).status_code == 200
    for refused in ("a", "  ", "%%", "*:", "x" * 60_000, "word " * 1000, "a\x00b"):
        with subtests.test(refused[:20]):
            assert api.get(CALLS, query_string={"q": refused}).status_code == 422


@pytest.mark.row("F7")
@pytest.mark.row("F5")
def test_a_call_shows_its_timeline_and_what_was_said(api: Api) -> None:
    call_id = seed.call(api, failure_class="temporary", reason="busy", provider_code="17")
    seed.event(call_id, "completed", seconds=15)
    seed.event(call_id, "ringing", seconds=1)
    seed.transcript(call_id, "<script>=1+1\x1b[31m")

    shown = api.read(f"{CALLS}/{call_id}")

    assert [one["status"] for one in shown["events"]] == ["ringing", "completed"]
    assert shown["failure"] == {"class": "temporary", "reason": "busy", "provider_code": "17"}
    assert shown["transcript"]["segments"] == [
        {"speaker": "contact", "start_seconds": 0.0, "text": "<script>=1+1\x1b[31m"}
    ]
    assert (shown["from"], shown["to"], shown["attempt"]) == ("+15005550006", PHONE, 1)
    [row] = api.read(CALLS)["data"]
    assert row == {name: value for name, value in shown.items() if name != "events"}


def test_what_was_said_is_for_keys_with_its_scope(api: Api) -> None:
    call_id = seed.call(api)
    seed.transcript(call_id, "a secret")
    others = [scope for scope in accounts.SCOPES if scope != "transcripts:read"]
    asking = api.with_key(make_key(api, *others))

    assert asking.read(f"{CALLS}/{call_id}")["transcript"] is None
    assert asking.read(CALLS)["data"][0]["transcript"] is None
    assert asking.get(CALLS, query_string={"q": "secret"}).status_code == 403


def test_reading_what_was_said_is_noted_with_key_and_person(api: Api) -> None:
    with_words, without = seed.call(api), seed.call(api)
    seed.transcript(with_words, "a secret")
    api.get(f"{CALLS}/{with_words}", headers={"X-Request-Id": "req-1"})
    api.get(f"{CALLS}/{without}")
    api.get(CALLS)

    with base.connection():
        entries = list(AuditEntry.select().order_by(AuditEntry.id))

    assert [entry.objects for entry in entries] == [[with_words], [with_words]]
    assert (entries[0].action, entries[0].person) == ("read-transcript", "Eve Example")
    assert entries[0].request_id == "req-1"
    assert str(entries[0].key) in api.account.test_key


@pytest.mark.row("D1")
def test_a_call_is_asked_for_now_or_at_a_moment(api: Api) -> None:
    now = api.post(CALLS, {"to": PHONE, "say": "Hello", "metadata": {"order": "7"}})
    at = soon(hours=2)
    later = api.post(
        CALLS,
        {"to": PHONE, "say": "Hello", "locale": "de", "send_at": at, "expires_at": soon(hours=3)},
    )

    assert (now.status_code, later.status_code) == (202, 202)
    assert now.json is not None
    assert later.json is not None
    assert (now.json["state"], now.json["metadata"]) == ("due", {"order": "7"})
    assert (later.json["state"], later.json["due_at"]) == ("scheduled", at)
    assert later.json["expires_at"] > at

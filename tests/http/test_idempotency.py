"""The Idempotency-Key (reliability.md 3.1 B030 to B035)."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from gateway.models import base
from gateway.models.records import IdempotencyRecord
from tests.http.stage import BOOKINGS, CALLS, EVENTS, PHONE, Api, booking, fields_at_fault

CALL = {"to": PHONE, "say": "Your table is ready."}


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


@pytest.mark.row("A4")
def test_b031_the_same_key_and_body_replay_the_first_answer(api: Api) -> None:
    for path, body in ((BOOKINGS, booking(external_id="bk-1")), (CALLS, CALL)):
        key = keyed(f"order-{path}")
        first = api.post(path, body, headers=key)
        again = api.post(path, dict(reversed(body.items())), headers=key)

        assert (again.status_code, again.data) == (first.status_code, first.data)
        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true"
    assert len([one for one in api.read(EVENTS)["data"] if one["type"] == "booking.booked"]) == 1


def test_b031_a_replay_shows_what_was_answered_then_and_not_what_is_now(api: Api) -> None:
    body = booking()
    first = api.post(BOOKINGS, body, headers=keyed("k"))
    assert first.json is not None
    api.delete(f"{BOOKINGS}/{first.json['id']}")

    again = api.post(BOOKINGS, body, headers=keyed("k"))

    assert (again.status_code, again.json) == (201, first.json)


def test_b032_the_same_key_with_another_request_is_a_422(
    api: Api, subtests: pytest.Subtests
) -> None:
    assert api.post(CALLS, CALL, headers=keyed("k")).status_code == 202
    others = {
        "another body": (CALLS, {**CALL, "say": "It is gone."}),
        "another path": (BOOKINGS, booking()),
    }
    for name, (path, body) in others.items():
        with subtests.test(name):
            answer = api.post(path, body, headers=keyed("k"))

            assert answer.status_code == 422
            assert fields_at_fault(answer) == ["Idempotency-Key"]


def test_b033_the_same_key_while_the_first_runs_is_a_409_with_retry_after(api: Api) -> None:
    with base.connection():
        IdempotencyRecord.create(
            organization=api.account.organization_id, mode="test", key="k", fingerprint="f",
            created_at=datetime.now(UTC),
        )  # fmt: skip

    answer = api.post(CALLS, CALL, headers=keyed("k"))

    assert answer.status_code == 409
    assert answer.headers["Retry-After"] == "1"


def test_b035_a_refused_request_leaves_its_key_free(api: Api) -> None:
    for wrong in ({**CALL, "to": "1"}, {**CALL, "send_at": "2001-01-01T00:00:00Z"}):
        assert api.post(CALLS, wrong, headers=keyed("k")).status_code == 422

    assert api.post(CALLS, CALL, headers=keyed("k")).status_code == 202


UNUSABLE = {
    "empty": "", "256 characters": "x" * 256, "space": "a b", "non-ASCII": "é", "tab": "a\tb",
    "half a quote": '"a', "quote inside": 'a"b', "nothing quoted": '""', "bad escape": '"a\\b"',
    "256 quoted": '"' + "x" * 256 + '"', "space quoted": '"a b"',
}  # fmt: skip


def test_b030_a_key_that_is_not_visible_ascii_is_a_400(api: Api, subtests: pytest.Subtests) -> None:
    for name, key in UNUSABLE.items():
        with subtests.test(name):
            assert api.post(CALLS, CALL, headers=keyed(key)).status_code == 400
    assert api.read(EVENTS)["data"] == []


def test_b030_a_key_may_be_bare_or_quoted(api: Api) -> None:
    first = api.post(CALLS, CALL, headers=keyed('"8e03978e"'))
    bare = api.post(CALLS, CALL, headers=keyed("8e03978e"))
    longest = api.post(CALLS, CALL, headers=keyed("x" * 255))

    assert first.json == bare.json
    assert bare.headers["Idempotent-Replayed"] == "true"
    assert longest.status_code == 202


def test_a_key_belongs_to_one_organization_and_mode(
    api: Api, new_api: Callable[[str], Api]
) -> None:
    first = api.post(CALLS, CALL, headers=keyed("k"))
    others = (api.with_key(api.account.live_key), new_api("Another salon"))

    for other in others:
        answer = other.post(CALLS, CALL, headers=keyed("k"))
        assert answer.status_code == 202
        assert answer.json != first.json


@pytest.mark.row("A4")
@pytest.mark.parametrize("by", ["Idempotency-Key", "external_id"])
def test_twenty_requests_at_once_make_one_booking(api: Api, by: str) -> None:
    body = booking(external_id="bk-1") if by == "external_id" else booking()
    headers = keyed("k") if by == "Idempotency-Key" else {}
    answers = []
    start = threading.Barrier(20)

    def ask() -> None:
        start.wait()
        answers.append(api.post(BOOKINGS, body, headers=headers))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    statuses = sorted(answer.status_code for answer in answers)
    if by == "external_id":
        assert statuses == [200] * 19 + [201]
    else:  # 409: the first one was still running
        assert set(statuses) <= {201, 409}
    made = {answer.json["id"] for answer in answers if answer.json and answer.status_code < 300}
    assert len(made) == 1
    assert api.booked() == 1
    assert len(api.read(f"{BOOKINGS}/{made.pop()}/reminders")["data"]) == 1

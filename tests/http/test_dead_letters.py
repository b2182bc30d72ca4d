"""Dead letters and parked events over HTTP."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gateway import settings
from gateway.models import base
from gateway.models.dead_letter import DeadLetter
from gateway.models.notification import Notification
from gateway.usecases import accounts
from gateway.wallclock import now
from tests.failures import failed, letter, unmatched
from tests.http.stage import STATS, Api, fields_at_fault
from tests.http.test_pagination import walk

pytestmark = pytest.mark.row("C6")

LETTERS, PARKED = "/api/v1/admin/dead-letters", "/api/v1/admin/parked-events"
NOBODYS = {"ids": ["dl_00000000000000000000000000"]}


def bury(api: Api, **columns: Any) -> str:
    """The id of the letter of something that failed."""
    with base.connection():
        return str(letter(failed(api.account.organization_id, **columns)).id)


def park(mode: str = "test", **columns: Any) -> str:
    """The id of an event that came through a mode's provider account and found no call."""
    account = settings.current().sandbox_credentials["account_sid"]
    with base.connection():
        return str(unmatched(account if mode == "test" else "AC" + "1" * 32, **columns).id)


def dead(api: Api) -> dict[str, int]:
    """`dead` of each queue's counts that has any."""
    return {queue["queue"]: queue["dead"] for queue in api.read(STATS)["queues"] if queue["dead"]}


def ids(page: dict[str, Any]) -> list[str]:
    return [one["id"] for one in page["data"]]


def test_a_letter_is_shown_with_every_attempt_and_without_personal_data(api: Api) -> None:
    letter_id = bury(api)
    detail = api.read(f"{LETTERS}/{letter_id}")

    assert detail["notification"]["state"] == "not_reached"
    [step] = detail["history"]
    assert (step["what"], step["attempt"], step["reason"], step["provider_code"]) == (
        "attempt", 1, "provider_error", "21220"
    )  # fmt: skip
    assert "+1202" not in json.dumps(detail)
    assert "noon" not in json.dumps(detail)


def test_an_event_s_letter_has_the_provider_s_words_and_no_body(api: Api) -> None:
    event_id = park()
    [found] = api.read(LETTERS)["data"]
    detail = api.read(f"{LETTERS}/{found['id']}")

    assert (detail["object"], detail["object_id"]) == ("event", event_id)
    assert detail["event"]["status"] == "completed"
    assert [(step["what"], step["provider_status"]) for step in detail["history"]] == [
        ("received", "completed")
    ]
    assert "4915112345678" not in json.dumps(detail)


def test_letters_are_found_by_each_filter(api: Api, subtests: pytest.Subtests) -> None:
    booking_id = api.book()["id"]
    of_booking = bury(api, booking=booking_id, kind="before")
    plain, event_id = bury(api), park()
    [of_event] = [one["id"] for one in api.read(LETTERS)["data"] if one["object_id"] == event_id]
    with base.connection():
        old = now() - timedelta(days=9)
        DeadLetter.update(created_at=old).where(DeadLetter.id == plain).execute()
    week_ago = (now() - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
    expected: dict[str, set[str]] = {
        "object=event": {of_event},
        "object=notification": {of_booking, plain},
        "reason=provider_error": {of_booking, plain},
        "kind=before": {of_booking},
        f"booking_id={booking_id}": {of_booking},
        f"from={week_ago}": {of_booking, of_event},
        f"to={week_ago}": {plain},
        "resolved=true": set(),
        "": {of_booking, of_event, plain},
    }
    for query, found in expected.items():
        with subtests.test(query):
            assert {
                one["id"] for one in (api.get(f"{LETTERS}?{query}").json or {})["data"]
            } == found
    for query in ("object=call", "resolved=perhaps", "from=x", "colour=red", "resolved=1"):
        with subtests.test(query):
            assert api.get(f"{LETTERS}?{query}").status_code == 422


def test_a_walk_shows_each_letter_once_while_others_are_written(api: Api) -> None:
    made = [bury(api) for _ in range(7)]

    assert walk(api, LETTERS, lambda: bury(api), limit=3) == made[::-1]


def test_a_dry_run_and_its_run_tell_the_same(api: Api) -> None:
    letters = [bury(api) for _ in range(3)]
    bury(api, expires_at=now())
    body = {"filter": {"object": "notification"}}

    told = api.post(f"{LETTERS}/replay?dry_run=true", body).json
    assert dead(api) == {"voice": 4}
    done = api.post(f"{LETTERS}/replay", body).json

    assert told == {
        "dry_run": True, "notifications": 3, "people": 3, "events": 0, "jobs": 0, "expired": 1,
        "skipped": 0, "remaining": 0, "ids": letters,
    }  # fmt: skip
    assert done == {**told, "dry_run": False}
    assert dead(api) == {"voice": 1}
    assert sorted(ids(api.read(LETTERS, resolved="true"))) == sorted(letters)


def test_a_replay_with_the_same_key_is_one_replay(api: Api) -> None:
    letter_id = bury(api)
    body, key = {"ids": [letter_id]}, {"Idempotency-Key": "k"}
    first = api.post(f"{LETTERS}/replay", body, headers=key)
    with base.connection():
        row = Notification.get_by_id(api.read(f"{LETTERS}/{letter_id}")["object_id"])
        Notification.update(state="not_reached", next_attempt_at=None).where(
            Notification.id == row.id
        ).execute()
        DeadLetter.bury(row, "provider_error", now())
    again = api.post(f"{LETTERS}/replay", body, headers=key)

    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(api.read(LETTERS)["data"]) == 1
    other = api.post(f"{LETTERS}/replay?dry_run=true", body, headers=key)
    assert (other.status_code, fields_at_fault(other)) == (422, ["Idempotency-Key"])


BODIES: dict[str, Any] = {
    "neither": {}, "both": {"ids": ["dl_x"], "filter": {}}, "no ids": {"ids": []},
    "ids that are none": {"ids": [5]}, "too many": {"ids": ["x"] * 201},
    "an unknown filter": {"filter": {"colour": "red"}}, "a list": [],
    "a filter that is none": {"filter": {"from": "yesterday"}},
    "a number for a time": {"filter": {"from": 12}},
}  # fmt: skip


def test_what_is_not_understood_changes_nothing(api: Api, subtests: pytest.Subtests) -> None:
    bury(api)
    for name, body in BODIES.items():
        for path in (f"{LETTERS}/replay", f"{LETTERS}/discard", f"{PARKED}/replay"):
            with subtests.test(name, path=path):
                assert api.post(path, body).status_code == 422
    assert api.post(f"{LETTERS}/replay?dry_run=maybe", {"filter": {}}).status_code == 422
    assert len(api.read(LETTERS)["data"]) == 1


def test_one_letter_is_discarded_once_and_a_replayed_one_not_at_all(api: Api) -> None:
    one, other = bury(api), bury(api)
    first, again = api.delete(f"{LETTERS}/{one}"), api.delete(f"{LETTERS}/{one}")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == again.json
    assert (first.json or {})["resolution"] == "discarded"

    api.post(f"{LETTERS}/replay", {"ids": [other]})
    assert api.delete(f"{LETTERS}/{other}").status_code == 409
    assert dead(api) == {}


def test_many_are_discarded_by_address_or_by_body(api: Api) -> None:
    for kind in ("before", "before", "at", "at", "call"):
        bury(api, kind=kind)
    looked = api.delete(f"{LETTERS}?kind=before&dry_run=true").json
    assert (looked or {})["notifications"] == 2
    assert len(api.read(LETTERS)["data"]) == 5
    assert (api.delete(f"{LETTERS}?kind=before").json or {})["notifications"] == 2
    assert (api.post(f"{LETTERS}/discard", {"filter": {"kind": "at"}}).json or {})["people"] == 2
    assert (api.delete(LETTERS).json or {})["notifications"] == 1
    assert api.read(LETTERS)["data"] == []


def test_another_s_letter_can_not_be_replayed_or_discarded_by_naming_it(
    api: Api, new_api: Callable[[str], Api]
) -> None:
    letter_id = bury(api)
    headers = {"X-Request-Id": "the-same"}
    strangers = (new_api("Another salon"), api.with_key(api.account.live_key))
    for stranger in strangers:
        for action in ("replay", "discard"):
            path = f"{LETTERS}/{action}"
            theirs = stranger.post(path, {"ids": [letter_id]}, headers=headers)
            none = stranger.post(path, NOBODYS, headers=headers)
            assert theirs.status_code == 404
            assert (theirs.data, theirs.headers) == (none.data, none.headers)
            assert (stranger.post(path, {"filter": {}}).json or {})["notifications"] == 0
    assert ids(api.read(LETTERS)) == [letter_id]


def test_only_an_admin_key_sees_them(api: Api) -> None:
    with base.connection():
        _, secret = accounts.create_key(api.account.organization_id, "x", "test", None, now())
    plain = api.with_key(secret)
    assert plain.get(LETTERS).status_code == 403
    assert plain.get(PARKED).status_code == 403
    assert plain.post(f"{LETTERS}/replay", {"filter": {}}).status_code == 403
    assert plain.delete(LETTERS).status_code == 403

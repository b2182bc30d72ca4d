"""Pages, cursors and filters (reliability.md 3.5)."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from tests.http import seed
from tests.http.stage import (
    BOOKINGS,
    CALLS,
    EVENTS,
    OTHER_PHONE,
    PHONE,
    Api,
    fields_at_fault,
    soon,
)

PLANLESS: dict[str, Any] = {"reminders": []}


def walk(api: Api, path: str, between: Callable[[], object], **query: Any) -> list[str]:
    """The ids of all pages; `between` runs after each page."""
    ids: list[str] = []
    cursor = None
    while True:
        shown = api.read(path, **query, **({"cursor": cursor} if cursor else {}))
        ids += [row["id"] for row in shown["data"]]
        cursor = shown["next_cursor"]
        if cursor is None:
            return ids
        between()


def test_a_walk_shows_each_booking_once_while_others_are_made(api: Api) -> None:
    made = [api.book(**PLANLESS)["id"] for _ in range(11)]
    seed.age_bookings(*made[3:8])  # equal moments: only the id tells them apart
    before = [row["id"] for row in api.read(BOOKINGS, limit=200)["data"]]

    walked = walk(api, BOOKINGS, lambda: api.book(**PLANLESS), limit=2)

    assert walked == before
    assert sorted(walked) == sorted(made)


@pytest.mark.row("F7")
def test_a_walk_shows_each_call_once_newest_first(api: Api) -> None:
    made = [seed.call(api) for _ in range(7)]

    assert walk(api, CALLS, lambda: seed.call(api), limit=3) == made[::-1]


def test_a_page_as_long_as_the_list_is_the_last(api: Api) -> None:
    for _ in range(3):
        api.book(**PLANLESS)

    assert api.read(BOOKINGS, limit=3)["next_cursor"] is None
    assert api.read(BOOKINGS, limit=2)["next_cursor"] is not None


def test_b096_a_cursor_that_was_changed_is_a_400(api: Api, subtests: pytest.Subtests) -> None:
    for _ in range(2):
        api.book(**PLANLESS)
    cursor = api.read(BOOKINGS, limit=1)["next_cursor"]
    raw = base64.urlsafe_b64decode(cursor + "==")
    flipped = [
        base64.urlsafe_b64encode(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        .decode()
        .rstrip("=")
        for at in range(len(raw))
    ]
    words = ["x", "a" * 30, cursor[:-1], cursor + "A", cursor + "=", cursor.lower(), "é" * 30,
             "ä", "null", cursor[::-1]]  # fmt: skip
    for wrong in [*flipped, *words]:
        with subtests.test(wrong):
            for path, name in ((BOOKINGS, "cursor"), (EVENTS, "after")):
                answer = api.get(path, query_string={name: wrong})

                assert answer.status_code == 400
                assert answer.json is not None
                assert answer.json["type"] == "urn:ringback:problem:invalid-cursor"
    assert api.get(BOOKINGS, query_string={"cursor": "x" * 401}).status_code == 422


def test_b096_a_cursor_is_for_one_list_of_one_organization_and_mode(
    api: Api, new_api: Callable[[str], Api]
) -> None:
    for _ in range(2):
        api.book(**PLANLESS)
    cursor = api.read(BOOKINGS, limit=1)["next_cursor"]
    feed = api.read(EVENTS)["next_cursor"]
    live, other = api.with_key(api.account.live_key), new_api("Another salon")

    assert api.get(BOOKINGS, query_string={"cursor": cursor, "limit": 5}).status_code == 200
    refused = [
        api.get(BOOKINGS, query_string={"cursor": cursor, "state": "booked"}),
        api.get(CALLS, query_string={"cursor": cursor}),
        api.get(EVENTS, query_string={"after": cursor}),
        api.get(BOOKINGS, query_string={"cursor": feed}),
        live.get(BOOKINGS, query_string={"cursor": cursor}),
        other.get(BOOKINGS, query_string={"cursor": cursor}),
        other.get(EVENTS, query_string={"after": feed}),
    ]
    assert {answer.status_code for answer in refused} == {400}


BAD_QUERIES = {
    "B093 -1": "limit=-1", "B093 0": "limit=0", "B093 201": "limit=201",
    "B093 10^20": "limit=100000000000000000000", "B094 1_000": "limit=1_000",
    "B094 +5": "limit=%2B5",
    "B094 Arabic": "limit=%D9%A3", "B094 space": "limit=%205", "B094 empty": "limit=",
    "B094 fraction": "limit=5.0", "B094 hexadecimal": "limit=0x10",
    "B095 twice": "limit=5&limit=5", "B095 twice, other values": "state=booked&state=canceled",
    "B098 unknown": "colour=red", "B105 offset": "offset=5",
    "B098 from after to": "from=2026-05-02T00:00:00Z&to=2026-05-01T00:00:00Z",
    "B098 bad date": "from=yesterday", "B098 local date": "to=2026-05-02T00:00:00",
    "B098 bad state": "state=perhaps", "empty": "external_id=", "spaces": "external_id=%20",
    "NUL": "external_id=a%00b", "not UTF-8": "external_id=%ff", "line break": "external_id=a%0Ab",
    "too long": "external_id=" + "x" * 201, "phone": "phone=12345",
    "60 kB": "phone=" + "1" * 60_000,
}  # fmt: skip
FAULTS = {"limit", "state", "colour", "offset", "from", "to", "external_id", "phone", "query"}


def test_a_query_that_is_not_understood_is_a_422(api: Api, subtests: pytest.Subtests) -> None:
    for name, query in BAD_QUERIES.items():
        for path in (BOOKINGS, CALLS):
            with subtests.test(name, path=path):
                answer = api.get(f"{path}?{query}")

                assert answer.status_code == 422
                assert set(fields_at_fault(answer)) <= FAULTS
    for path in (f"{BOOKINGS}/bk_x", f"{BOOKINGS}/bk_x/reminders", f"{CALLS}/cl_x"):
        assert api.get(f"{path}?limit=5").status_code == 422
    assert api.post(f"{BOOKINGS}?dry_run=true", {}).status_code == 422


def test_bookings_are_found_by_each_filter(api: Api, subtests: pytest.Subtests) -> None:
    one = api.book(external_id="bk-1", starts_at=soon(days=2), **PLANLESS)["id"]
    two = api.book(
        external_id="bk-2", starts_at=soon(days=8), contact={"phone": OTHER_PHONE}, **PLANLESS
    )["id"]
    api.delete(f"{BOOKINGS}/{two}")
    between = soon(days=5)
    found = {
        "external_id=bk-1": [one],
        "external_id=bk-": [],
        "external_id=%25": [],
        f"phone=%2B{PHONE[1:]}": [one],
        f"phone=+{OTHER_PHONE[1:]}": [two],
        "state=booked": [one],
        "state=canceled": [two],
        f"from={between}": [two],
        f"to={between}": [one],
        f"from={between[:-1]}+00:00": [two],
        f"from={soon(days=1)}&to={between}&state=booked&external_id=bk-1": [one],
        f"from={between}&state=booked": [],
        "": [two, one],
    }
    for query, expected in found.items():
        with subtests.test(query):
            rows = api.get(f"{BOOKINGS}?{query}").json

            assert rows is not None
            assert [row["id"] for row in rows["data"]] == expected

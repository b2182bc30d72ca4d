"""The feed and the counts of work."""

import pytest

from tests.http.stage import BOOKINGS, EVENTS, STATS, Api


def test_the_feed_tells_everything_once_oldest_first(api: Api) -> None:
    made = api.book()
    api.delete(f"{BOOKINGS}/{made['id']}")
    told = []
    cursor = None
    for _ in range(4):
        shown = api.read(EVENTS, limit=1, **({"after": cursor} if cursor else {}))
        told += [(one["type"], one["object_id"]) for one in shown["data"]]
        cursor = shown["next_cursor"]

    reminder = made["reminders"][0]["id"]
    assert sorted(told) == sorted([
        ("notification.scheduled", reminder), ("booking.booked", made["id"]),
        ("booking.canceled", made["id"]), ("notification.canceled", reminder),
    ])  # fmt: skip
    assert told.index(("booking.booked", made["id"])) < told.index(("booking.canceled", made["id"]))


def test_the_feeds_cursor_goes_on_also_when_there_is_nothing_new(api: Api) -> None:
    empty = api.read(EVENTS)
    assert empty["data"] == []

    made = api.book(reminders=[])
    after = api.read(EVENTS, after=empty["next_cursor"])
    assert [one["object_id"] for one in after["data"]] == [made["id"]]
    nothing = api.read(EVENTS, after=after["next_cursor"])
    assert (nothing["data"], nothing["next_cursor"]) == ([], after["next_cursor"])


@pytest.mark.row("A3")
def test_the_counts_of_work_are_those_of_the_keys_organization_and_mode(api: Api) -> None:
    def delayed(asking: Api) -> int:
        queues = asking.read(STATS)["queues"]
        return next(int(one["delayed"]) for one in queues if one["queue"] == "voice")

    api.book()

    assert delayed(api) == 1
    assert delayed(api.with_key(api.account.live_key)) == 0
    [kind] = [one for one in api.read(STATS)["kinds"] if one["kind"] == "reminder"]
    assert kind["delayed"] == 1

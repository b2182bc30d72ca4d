"""Parked events over HTTP: signed, kept, and not applied."""

from collections.abc import Callable

import pytest

from gateway.models import base
from gateway.models.provider_event import ProviderEvent
from tests.http.stage import Api
from tests.http.test_dead_letters import LETTERS, PARKED, dead, ids, park

pytestmark = pytest.mark.row("C6")


def test_a_dead_event_counts_until_it_is_replayed_or_discarded(api: Api) -> None:
    one, other, waiting = park(), park(), park(state="parked")
    assert dead(api)["events"] == 2
    found = {row["id"]: row for row in api.read(PARKED)["data"]}
    assert {row["state"] for row in found.values()} == {"dead", "parked"}
    assert found[waiting]["next_attempt_at"]

    assert (api.post(f"{PARKED}/replay", {"ids": [one]}).json or {})["events"] == 1
    assert dead(api)["events"] == 1
    assert (api.post(f"{PARKED}/discard", {"ids": [other]}).json or {})["events"] == 1
    assert "events" not in dead(api)
    assert api.read(LETTERS)["data"] == []
    assert ids(api.read(PARKED)) == [waiting]
    with base.connection():
        states = {row.id: row.state for row in ProviderEvent.select()}
    assert states == {one: "received", other: "discarded", waiting: "parked"}


def test_parked_events_are_found_by_each_filter(api: Api, subtests: pytest.Subtests) -> None:
    gone, waiting = park(), park(state="parked")
    strange = park(state="parked", kind="unreadable", next_attempt_at=None)
    expected = {
        "state=dead": [gone], "state=parked": [waiting], "state=unreadable": [strange],
        "provider=twilio": [strange, waiting, gone], "provider=other": [],
        "from=2020-01-01T00:00:00Z": [strange, waiting, gone], "to=2020-01-01T00:00:00Z": [],
    }  # fmt: skip
    for query, found in expected.items():
        with subtests.test(query):
            assert ids(api.get(f"{PARKED}?{query}").json or {}) == found
    shown = api.read(f"{PARKED}/{strange}")
    assert shown["state"] == "unreadable"
    assert "body" not in shown
    assert api.get(f"{PARKED}?state=applied").status_code == 422


def test_events_of_no_organization_are_seen_in_the_mode_they_came_through(
    api: Api, new_api: Callable[[str], Api]
) -> None:
    live = api.with_key(api.account.live_key)
    of_test, of_live = park("test"), park("live")
    other = new_api("Another salon")
    owned = park("test", organization=other.account.organization_id)

    assert ids(api.read(PARKED)) == [of_test]
    assert ids(live.read(PARKED)) == [of_live]
    assert ids(other.read(PARKED)) == [owned, of_test]
    assert api.get(f"{PARKED}/{of_live}").status_code == 404
    assert api.post(f"{PARKED}/discard", {"ids": [of_live]}).status_code == 404
    assert (dead(api)["events"], dead(other)["events"]) == (1, 2)

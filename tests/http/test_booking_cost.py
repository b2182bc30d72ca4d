"""What a booking costs the database."""

from typing import Any

import pytest

from gateway.models.base import dialect
from tests.http.stage import Api, booking
from tests.statements import heard, queries

# The key's look-up, the booking with somebody nobody knew, all the rest. SQLite, which is no
# journey away, has a statement for each table and one for what is asked: contact, booking,
# notifications, feed, job.
LEAST = {"postgresql": 3, "sqlite": 7}
# Where somebody is known the first attempt writes nothing: who they are is asked, and it is made
# again. For somebody without an id of their own the booking is looked for first, then they are.
KNOWN = {"postgresql": 5, "sqlite": 9}
NAMELESS = {"postgresql": 5, "sqlite": 8}
STAFF = {"id": "st-1", "name": "Eve", "phone": "+4915112345670"}


def reminders(many: int) -> list[dict[str, Any]]:
    """So many rules, each with one reminder."""
    return [{"kind": "before", "minutes": 10 * (one + 1), "say": "Hi"} for one in range(many)]


def cost(api: Api, name: str, many: int, **more: Any) -> int:
    """How many statements a booking takes, the request's own among them."""
    wanted = booking(external_id=name, reminders=reminders(many), **more)
    with heard() as sent:
        answer = api.post("/api/v1/bookings", wanted)
    assert answer.status_code == 201, answer.text
    assert len(answer.get_json()["reminders"]) == many
    return len(queries(sent))


def person(name: str) -> dict[str, Any]:
    """A contact with an external id."""
    return {"external_id": name, "name": "Ada", "phone": "+4915112345678"}


def test_a_booking_takes_as_few_statements_however_many_reminders_it_has(api: Api) -> None:
    cost(api, "first", 1)
    for many in (1, 5, 50):
        assert cost(api, f"of-{many}", many, contact=person(f"c-{many}")) == LEAST[dialect()]


def test_one_for_somebody_known_takes_two_more(api: Api) -> None:
    cost(api, "first", 1, contact=person("c-1"))
    assert cost(api, "second", 5, contact=person("c-1")) == KNOWN[dialect()]


def test_one_for_somebody_without_an_id_of_their_own_takes_two_more(api: Api) -> None:
    cost(api, "warm", 1)
    nobody = {"name": "Grace", "phone": "+4915112345677"}
    first, second = (cost(api, name, 5, contact=nobody) for name in ("first", "second"))
    assert second == NAMELESS[dialect()]
    assert first == second + (dialect() == "sqlite")  # a table more


def test_one_with_a_staff_member_takes_one_more(api: Api) -> None:
    cost(api, "warm", 1, contact=person("c-0"))
    more = LEAST[dialect()] + 1
    first = cost(api, "first", 5, contact=person("c-1"), staff=STAFF)
    assert first == more + (dialect() == "sqlite")  # a table more
    assert cost(api, "second", 5, contact=person("c-2"), staff=STAFF) == more
    other = STAFF | {"name": "Eva"}
    assert cost(api, "third", 5, contact=person("c-3"), staff=other) == more + 1


def test_whoever_it_is_for_a_booking_takes_at_most_six(api: Api) -> None:
    if dialect() == "sqlite":
        pytest.skip("a statement for each table")
    cost(api, "warm", 1)
    nobody = {"name": "Grace", "phone": "+4915112345677"}
    for number, contact in enumerate([nobody, nobody, person("c-1"), person("c-1")]):
        assert cost(api, f"of-{number}", 5, contact=contact) <= 6
        staff = {"id": f"s-{number}", "name": "Eve", "phone": "+4915112345670"}
        assert cost(api, f"staff-{number}", 5, contact=contact, staff=staff) <= 6


def test_what_is_answered_is_what_is_kept(api: Api) -> None:
    wanted = booking(external_id="x", reminders=reminders(3), staff=STAFF)
    made = api.post("/api/v1/bookings", wanted).get_json()
    shown = api.get(f"/api/v1/bookings/{made['id']}").get_json()
    for one in shown["reminders"]:
        del one["attempts"]
    assert made == shown

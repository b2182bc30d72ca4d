"""What the waitlist takes, and what it refuses by its field."""

from typing import Any

import pytest

from tests.http.stage import ORGANIZATION, Api, fields_at_fault, soon
from tests.http.test_waitlist import SLOTS, WAITLIST, by_day, made, slot, wish

__all__ = ["by_day"]


def test_an_id_alone_stands_for_a_service_or_for_staff(by_day: Api) -> None:
    entry = made(by_day.post(WAITLIST, wish(service="cut", staff="m-3")))
    assert (entry["service"], entry["staff"]["id"]) == ({"id": "cut"}, "m-3")
    assert made(by_day.post(SLOTS, slot(service="cut", staff="m-3")))["state"] == "offered"


def test_local_times_are_read_in_the_zone_beside_them(by_day: Api) -> None:
    body = wish(time_zone="Europe/Berlin", to="2027-01-10T18:00:00") | {
        "from": "2027-01-10T09:00:00"
    }
    entry = made(by_day.post(WAITLIST, body))
    assert (entry["from"], entry["to"]) == ("2027-01-10T08:00:00Z", "2027-01-10T17:00:00Z")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"contact": ...}, "contact"), ({"contact": {"name": "Ada"}}, "contact.phone"),
        ({"contact": {"phone": "12"}}, "contact.phone"), ({"service": ...}, "service"),
        ({"service": {"name": "Haircut"}}, "service.id"), ({"service": 5}, "service"),
        ({"service": {"id": "cut", "color": "red"}}, "service.color"),
        ({"staff": {"name": "Eve"}}, "staff.id"), ({"from": ...}, "from"), ({"to": ...}, "to"),
        ({"from": "tomorrow"}, "from"), ({"to": "2027-01-10T18:00:00"}, "to"),
        ({"to": "2020-01-10T18:00:00Z"}, "to"), ({"to": "2099-01-10T18:00:00Z"}, "to"),
        ({"time_zone": "Mars/Base"}, "time_zone"), ({"color": "red"}, "color"),
    ],
)  # fmt: skip
def test_a_wish_that_can_t_be_is_refused_by_its_field(
    api: Api, changes: dict[str, Any], field: str
) -> None:
    answer = api.post(WAITLIST, wish(**changes))
    assert answer.status_code == 422
    assert fields_at_fault(answer) == [field]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"starts_at": ...}, "starts_at"), ({"starts_at": soon(hours=-1)}, "starts_at"),
        ({"starts_at": "2099-01-10T18:00:00Z"}, "starts_at"), ({"staff": ...}, "staff"),
        ({"duration_minutes": ...}, "duration_minutes"), ({"service": ...}, "service"),
        ({"duration_minutes": 0}, "duration_minutes"), ({"staff": {}}, "staff.id"),
        ({"price": 45}, "price"), ({"staff": {"id": "m-3", "phone": "12"}}, "staff.phone"),
    ],
)  # fmt: skip
def test_a_slot_that_can_t_be_is_refused_by_its_field(
    api: Api, changes: dict[str, Any], field: str
) -> None:
    answer = api.post(SLOTS, slot(**changes))
    assert answer.status_code == 422
    assert fields_at_fault(answer) == [field]


@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({"rank": "beauty"}, "policy.waitlist.rank"), ({"minutes": 0}, "policy.waitlist.minutes"),
        ({"channels": ["pigeon"]}, "policy.waitlist.channels.0.channel"),
        ({"color": "red"}, "policy.waitlist"), (None, "policy.waitlist"),
    ],
)  # fmt: skip
def test_a_policy_that_can_t_be_is_refused_by_its_field(api: Api, policy: Any, field: str) -> None:
    answer = api.patch(ORGANIZATION, {"policy": {"waitlist": policy}})
    assert answer.status_code == 422
    assert fields_at_fault(answer) == [field]

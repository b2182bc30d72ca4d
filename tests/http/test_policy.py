"""What one booking wants of sending, and where it stands."""

from typing import Any

import pytest

from tests.http.stage import BOOKINGS, ORGANIZATION, Api, booking, fields_at_fault


@pytest.mark.row("E4")
def test_a_booking_tells_whether_it_is_confirmed_overdue_or_to_be_moved(api: Api) -> None:
    made = api.book(policy={"quiet_hours": None, "overdue_minutes": 5})
    path = f"{BOOKINGS}/{made['id']}"
    assert (made["confirmed"], made["overdue"], made["move_requested_at"]) == (False, False, None)
    assert made["policy"] == {"quiet_hours": None, "overdue_minutes": 5}

    confirmed = api.patch(path, {"state": "confirmed"})

    assert confirmed.json is not None
    assert confirmed.json["confirmed"] is True
    assert api.read(BOOKINGS)["data"][0]["policy"] == made["policy"]


POLICIES: dict[str, tuple[Any, str]] = {
    "a list": ([], "policy"),
    "an unknown part": ({"colour": "red"}, "policy"),
    "hours that are none": ({"quiet_hours": {"from": "25:00"}}, "policy.quiet_hours.from"),
    "an unknown action": ({"quiet_hours": {"action": "wait"}}, "policy.quiet_hours.action"),
    "a cap of nothing": ({"caps": {"day": 0}}, "policy.caps.day"),
    "strict is a word": ({"strict": "yes"}, "policy.strict"),
    "a channel that there is none of": (
        {"cancellation": {"channels": ["fax"]}}, "policy.cancellation.channels.0.channel",
    ),
}  # fmt: skip


@pytest.mark.row("A7")
def test_a_policy_that_can_not_be_is_a_422_that_names_its_part(
    api: Api, subtests: pytest.Subtests
) -> None:
    path = f"{BOOKINGS}/{api.book()['id']}"
    for name, (policy, at_fault) in POLICIES.items():
        with subtests.test(name):
            for answer in (
                api.post(BOOKINGS, booking(policy=policy)),
                api.patch(path, {"policy": policy}),
                api.patch(ORGANIZATION, {"policy": policy}),
            ):
                assert answer.status_code == 422, answer.text
                assert fields_at_fault(answer) == [at_fault]
    assert api.read(path)["version"] == 1

"""Whom the rules need to know, and how: the contact, and the staff of a nudge."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.http.stage import (
    BOOKINGS,
    ORGANIZATION,
    OTHER_PHONE,
    PHONE,
    Api,
    booking,
    fields_at_fault,
    soon,
)

BEFORE = {"kind": "before", "minutes": 60}
EMAIL = {"email": "ada@example.com"}
STAFF = {"id": "m", "name": "Eve"}


NEEDS: dict[str, tuple[dict[str, Any], str | None]] = {
    "e-mail alone": ({"contact": EMAIL, "reminders": [{**BEFORE, "channel": "email"}]}, None),
    "no number, given as null": (
        {"contact": {"phone": None, **EMAIL}, "reminders": [{**BEFORE, "channel": "email"}]}, None,
    ),
    "e-mail alone, with a number alone": (
        {"contact": {"phone": PHONE}, "reminders": [{**BEFORE, "channel": "email"}]},
        "contact.email",
    ),
    "e-mail and another way": (
        {"contact": EMAIL, "reminders": [{**BEFORE, "channels": ["email", "sms"]}]},
        "contact.phone",
    ),
    "the organization's own rules, which call": (
        {"contact": EMAIL, "reminders": ...}, "contact.phone",
    ),
    "no reminders at all": ({"contact": EMAIL, "reminders": []}, None),
    "nobody to reach": ({"contact": {"name": "Ada"}, "reminders": []}, "contact.phone"),
    "staff by e-mail": (
        {"staff": {**STAFF, **EMAIL}, "reminders": [{"kind": "nudge", "channel": "email"}]}, None,
    ),
    "staff by e-mail, without any": (
        {"staff": STAFF, "reminders": [{"kind": "nudge", "channel": "email"}]}, "staff.email",
    ),
    "staff by SMS": (
        {"staff": {**STAFF, **EMAIL}, "reminders": [{"kind": "nudge", "channel": "sms"}]},
        "staff.phone",
    ),
}  # fmt: skip


@pytest.mark.row("F2")
def test_the_address_that_the_rules_need_is_required(api: Api, subtests: pytest.Subtests) -> None:
    for name, (changes, at_fault) in NEEDS.items():
        with subtests.test(name):
            answer = api.post(BOOKINGS, booking(**changes))

            assert answer.status_code == (422 if at_fault else 201), answer.text
            assert fields_at_fault(answer) == ([at_fault] if at_fault else [])


def test_a_change_may_not_take_away_the_address_that_the_rules_need(api: Api) -> None:
    by_mail = [{**BEFORE, "channel": "email"}]
    path = f"{BOOKINGS}/{api.book(contact=EMAIL, reminders=by_mail)['id']}"

    rules = api.patch(path, {"reminders": [BEFORE]})
    person = api.patch(path, {"contact": {"email": None, "phone": PHONE}})
    both = api.patch(path, {"contact": {"phone": PHONE}, "reminders": [BEFORE]})

    assert (rules.status_code, fields_at_fault(rules)) == (422, ["contact.phone"])
    assert (person.status_code, fields_at_fault(person)) == (422, ["contact.email"])
    assert both.status_code == 200
    assert api.read(path)["version"] == 2


@pytest.mark.row("E1")
def test_a_nudge_goes_to_the_staff_half_an_hour_before_unless_told_otherwise(api: Api) -> None:
    start = soon()
    staff = {**STAFF, "phone": OTHER_PHONE}
    nudges = [{"kind": "nudge", "channel": "sms"}, {"kind": "nudge", "minutes": 10}]

    made = api.book(starts_at=start, staff=staff, reminders=nudges)

    at = [datetime.fromisoformat(one["due_at"]) for one in made["reminders"]]
    starts = datetime.fromisoformat(start)
    assert at == [starts - timedelta(minutes=30), starts - timedelta(minutes=10)]
    assert [one["kind"] for one in made["reminders"]] == ["nudge", "nudge"]


@pytest.mark.row("E1")
def test_the_organizations_nudges_wait_until_somebody_is_assigned(api: Api) -> None:
    assert api.patch(ORGANIZATION, {"reminders": [{"kind": "nudge"}]}).status_code == 200

    made = api.book(reminders=...)
    path = f"{BOOKINGS}/{made['id']}"
    renamed = api.patch(path, {"contact": {"name": "Bob"}})
    assigned = api.patch(path, {"staff": {**STAFF, "phone": OTHER_PHONE}})

    assert made["reminders"] == []
    assert renamed.status_code == 200
    assert assigned.json is not None
    assert [one["kind"] for one in assigned.json["reminders"]] == ["nudge"]

"""What holds for all bookings of an organization, over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.models import base
from gateway.models.rate import Rate, organization_scope
from gateway.models.records import AuditEntry
from tests.hours import nights_are_quiet
from tests.http.stage import ORGANIZATION, Api, fields_at_fault, soon

RULE = {"kind": "before", "minutes": 90, "channels": ["whatsapp", {"channel": "sms"}]}


def change(api: Api, **changes: Any) -> dict[str, Any]:
    answer = api.patch(ORGANIZATION, changes)
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return dict(answer.json)


def test_an_organization_starts_with_what_is_usual(api: Api) -> None:
    nights_are_quiet()
    shown = api.read(ORGANIZATION)

    assert (shown["id"], shown["name"]) == (api.account.organization_id, "Salon Berlin")
    assert [(one["kind"], one["minutes"]) for one in shown["reminders"]] == [
        ("before", 1440), ("before", 180),
    ]  # fmt: skip
    assert (shown["policy"], shown["repeats"], shown["rates"]) == ({}, {}, {})
    assert shown["rate_per_second"] is None
    assert shown["policy_in_force"]["quiet_hours"] == {
        "from": "21:00", "to": "08:00", "action": "defer",
    }  # fmt: skip
    assert shown["policy_in_force"]["caps"] == {"day": 10}


@pytest.mark.row("A7")
def test_each_part_is_changed_alone_and_the_rest_stays(api: Api, subtests: pytest.Subtests) -> None:
    parts: dict[str, Any] = {
        "name": "Salon Eve",
        "time_zone": "America/New_York",
        "locale": "de-AT",
        "repeats": {"busy": [300, 900]},
        "policy": {"quiet_hours": {"from": "20:00"}, "caps": {}},
        "rate_per_second": 80.5,
        "rates": {"nurture": 5.0},
    }
    for name, value in parts.items():
        with subtests.test(name):
            before = api.read(ORGANIZATION)
            shown = change(api, **{name: value})
            follows = {"policy_in_force"} if name == "policy" else set()

            assert shown[name] == value
            differs = {key for key in before if before[key] != shown[key]}
            assert differs == {name} | follows
            assert api.read(ORGANIZATION) == shown


@pytest.mark.row("C1")
def test_its_rules_hold_for_bookings_that_bring_none(api: Api) -> None:
    shown = change(api, reminders=[RULE])
    made = api.book(reminders=..., starts_at=soon(days=2))

    assert shown["reminders"] == [
        {"kind": "before", "minutes": 90, "to": "contact", "channels": [
            {"channel": "whatsapp", "unless": "delivered", "within_minutes": 60},
            {"channel": "sms"},
        ]},
    ]  # fmt: skip
    assert change(api, reminders=shown["reminders"])["reminders"] == shown["reminders"]
    assert [one["channel"] for one in made["reminders"]] == ["whatsapp"]


@pytest.mark.row("A7")
def test_a_limit_is_set_and_taken_away(api: Api) -> None:
    change(api, rate_per_second=80, rates={"nurture": 5, "dunning": 2})
    change(api, rates={"dunning": None})

    assert api.read(ORGANIZATION)["rates"] == {"nurture": 5.0}
    with base.connection():
        mine = {row.id: row.rate_per_second for row in Rate.select()}
    scope = organization_scope(api.account.organization_id)
    assert mine == {scope: 80.0, f"{scope}|nurture": 5.0}
    assert change(api, rate_per_second=None)["rate_per_second"] is None


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "body"),
    "an unknown field": ({"colour": "red"}, "colour"),
    "an empty name": ({"name": " "}, "name"),
    "zone": ({"time_zone": "EST"}, "time_zone"),
    "locale": ({"locale": "xx"}, "locale"),
    "a moment": ({"reminders": [{"kind": "at", "at": soon(days=1)}]}, "reminders.0.kind"),
    "a rule twice": ({"reminders": [RULE, RULE]}, "reminders"),
    "a rule's channel": ({"reminders": [{**RULE, "channels": ["fax"]}]},
                         "reminders.0.channels.0.channel"),
    "a rule's template": (
        {"reminders": [{**RULE, "template": "nope"}]}, "reminders.0.template",
    ),
    "repeats": ({"repeats": {"busy": [0]}}, "repeats"),
    "policy": ({"policy": {"gap_seconds": -1}}, "policy.gap_seconds"),
    "a rate of nothing": ({"rate_per_second": 0}, "rate_per_second"),
    "a rate in words": ({"rate_per_second": "80"}, "rate_per_second"),
    "a rate of truth": ({"rate_per_second": True}, "rate_per_second"),
    "an unknown kind of work": ({"rates": {"gossip": 1}}, "rates.gossip"),
    "a rate of a kind": ({"rates": {"nurture": -1}}, "rates.nurture"),
}  # fmt: skip


def test_a_change_that_can_not_be_is_a_422_and_changes_nothing(
    api: Api, subtests: pytest.Subtests
) -> None:
    before = api.read(ORGANIZATION)
    for name, (body, at_fault) in REFUSED.items():
        with subtests.test(name):
            answer = api.patch(
                ORGANIZATION, {**body, **({"name": "X"} if body and "name" not in body else {})}
            )

            assert answer.status_code == 422, answer.text
            assert fields_at_fault(answer) == [at_fault]
    assert api.read(ORGANIZATION) == before


def test_a_name_that_another_organization_has_is_a_409(
    api: Api, new_api: Callable[[str], Api]
) -> None:
    new_api("Another salon")

    answer = api.patch(ORGANIZATION, {"name": "Another salon", "locale": "fr"})

    assert (answer.status_code, fields_at_fault(answer)) == (409, ["name"])
    assert api.read(ORGANIZATION)["locale"] == "en"
    assert change(api, name="Salon Berlin")["name"] == "Salon Berlin"


def test_a_change_touches_no_other_organization_and_is_on_record(
    api: Api, new_api: Callable[[str], Api]
) -> None:
    other = new_api("Another salon")
    before = other.read(ORGANIZATION)

    change(api, policy={"strict": True}, rate_per_second=1, rates={"reminder": 1})

    assert other.read(ORGANIZATION) == before
    with base.connection():
        (entry,) = AuditEntry.select()
    assert (entry.action, entry.organization_id) == (
        "change-organization", api.account.organization_id,
    )  # fmt: skip
    assert entry.objects == ["policy", "rate_per_second", "rates"]

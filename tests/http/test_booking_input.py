"""Bookings and calls that can't be, one row a case (reliability.md 3.1 to 3.3)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.http.stage import (
    BOOKINGS,
    CALLS,
    EVENTS,
    OTHER_PHONE,
    PHONE,
    Api,
    booking,
    fields_at_fault,
    soon,
)

Row = tuple[dict[str, Any], str]
NEXT = datetime.now(UTC).year + 1
NEW_YORK = {"time_zone": "America/New_York"}


def second_sunday(month: int, year: int) -> str:
    """The day on which New York's clocks go forward (March) or, a week before, back (November)."""
    first = datetime(year, month, 1, tzinfo=UTC).weekday()
    return f"{year}-{month:02}-{(6 - first) % 7 + 8:02}"


def first_sunday(month: int, year: int) -> str:
    first = datetime(year, month, 1, tzinfo=UTC).weekday()
    return f"{year}-{month:02}-{(6 - first) % 7 + 1:02}"


STARTS: dict[str, Row] = {
    "B041 neither offset nor zone": ({"starts_at": f"{NEXT}-01-05T10:00:00"}, "starts_at"),
    "B042 offset and zone disagree": (
        {"starts_at": f"{NEXT}-01-05T10:00:00+02:00", "time_zone": "Europe/Berlin"}, "starts_at",
    ),
    "B043 in the hour that is skipped": (
        {"starts_at": f"{second_sunday(3, NEXT)}T02:30:00", **NEW_YORK}, "starts_at",
    ),
    "B044 in the hour that comes twice": (
        {"starts_at": f"{first_sunday(11, NEXT)}T01:30:00", **NEW_YORK}, "starts_at",
    ),
    "B046 week date": ({"starts_at": f"{NEXT}-W07-6"}, "starts_at"),
    "B046 date only": ({"starts_at": f"{NEXT}-01-05"}, "starts_at"),
    "B046 basic form": ({"starts_at": f"{NEXT}0105T100000Z"}, "starts_at"),
    "B046 a space for the T": ({"starts_at": f"{NEXT}-01-05 10:00:00Z"}, "starts_at"),
    "B046 seconds in the offset": ({"starts_at": f"{NEXT}-01-05T10:00:00+00:00:01"}, "starts_at"),
    "B046 digits of another script": ({"starts_at": f"{NEXT}-01-05T1٠:00:00Z"}, "starts_at"),
    "B046 no such day": ({"starts_at": f"{NEXT}-02-30T10:00:00Z"}, "starts_at"),
    "B046 hour 24": ({"starts_at": f"{NEXT}-02-20T24:00:00Z"}, "starts_at"),
    "B047 the first year": ({"starts_at": "0001-01-01T00:00:00+05:00"}, "starts_at"),
    "B047 the last year": ({"starts_at": "9999-12-31T23:59:00-05:00"}, "starts_at"),
    "B047 six minutes ago": ({"starts_at": soon(minutes=-6)}, "starts_at"),
    "B047 over two years ahead": ({"starts_at": soon(days=740)}, "starts_at"),
    "a number": ({"starts_at": 1_800_000_000}, "starts_at"),
    "null": ({"starts_at": None}, "starts_at"),
    "absent": ({"starts_at": ...}, "starts_at"),
}  # fmt: skip
ZONES = {
    f"B049 {name}": ({"time_zone": name}, "time_zone")
    for name in (
        "america/new_york", "GMT-5", "EST", "US/Eastern", "Factory", "localtime", "posix/UTC",
        "right/UTC", "", "../../etc/passwd", "Europe/Nowhere", "posixrules", "Etc/GMT+5",
    )
}  # fmt: skip
PHONES = {
    f"{case} {number!r}": ({"contact": {"phone": number}}, "contact.phone")
    for case, number in {
        "B059 no plus": "4915112345678",
        "B059 national": "015112345678",
        "B059 00 for plus": "004915112345678",
        "B060 words": "+49 call me",
        "B060 extension": "+4915112345678;ext=1",
        "B060 link": "tel:+4915112345678",
        "B061 full-width": "＋4915112345678",
        "B061 Arabic digits": "+٤٩١٥١١٢٣٤٥٦٧٨",
        "B062 too short": "+4912",
        "B062 too long": "+49151123456789012345",
        "B062 no such country": "+999123456789",
        "B063 emergency": "+1911",
        "B063 112": "112",
        "B063 with country": "+49112",
        "premium rate": "+499001234567",
        "empty": "",
        "spaces": "   ",
        "two numbers": "+4915112345678,+4915112345679",
        "line break": "+4915112345678\n",
    }.items()
}
RULES: dict[str, Row] = {
    name: ({"reminders": [rule]}, f"reminders.0{'.' if at_fault else ''}{at_fault}")
    for name, rule, at_fault in (
        ("unknown kind", {"kind": "after", "minutes": 5}, "kind"),
        ("no kind", {"minutes": 5}, "kind"),
        ("zero minutes", {"kind": "before", "minutes": 0}, "minutes"),
        ("negative", {"kind": "every", "minutes": -5}, "minutes"),
        ("too many minutes", {"kind": "before", "minutes": 1_051_201}, "minutes"),
        ("every, too many", {"kind": "every", "minutes": 525_601}, "minutes"),
        ("B019 true", {"kind": "before", "minutes": True}, "minutes"),
        ("B019 text", {"kind": "before", "minutes": "60"}, "minutes"),
        ("B019 a fraction", {"kind": "before", "minutes": 60.5}, "minutes"),
        ("no minutes", {"kind": "before"}, "minutes"),
        ("no moment", {"kind": "at"}, "at"),
        ("a local moment", {"kind": "at", "at": f"{NEXT}-01-05T10:00:00"}, "at"),
        ("a moment that is none", {"kind": "at", "at": "tomorrow"}, "at"),
        ("a moment after the start", {"kind": "at", "at": soon(days=30)}, "at"),
        ("a moment for before", {"kind": "before", "minutes": 5, "at": soon()}, "at"),
        ("minutes for at", {"kind": "at", "at": soon(days=1), "minutes": 5}, "minutes"),
        (
            "a stretch for before",
            {"kind": "before", "minutes": 5, "within_minutes": 60}, "within_minutes",
        ),
        ("over a thousand", {"kind": "every", "minutes": 1}, ""),
        ("unknown channel", {"kind": "before", "minutes": 5, "channel": "fax"}, "channel"),
        ("unknown receiver", {"kind": "before", "minutes": 5, "to": "boss"}, "to"),
        ("text for voice", {"kind": "before", "minutes": 5, "text": "Hi"}, "text"),
        ("no such template", {"kind": "before", "minutes": 5, "template": "x"}, "template"),
        (
            "variables without a template",
            {"kind": "before", "minutes": 5, "variables": {}}, "variables",
        ),
        ("nothing to say", {"kind": "before", "minutes": 5, "say": " "}, "say"),
        ("too much to say", {"kind": "before", "minutes": 5, "say": "x" * 2001}, "say"),
        ("unknown field", {"kind": "before", "minutes": 5, "colour": "red"}, "colour"),
    )
}  # fmt: skip
FIELDS: dict[str, Row] = {
    "no contact": ({"contact": ...}, "contact"),
    "contact without phone": ({"contact": {"name": "Ada"}}, "contact.phone"),
    "contact is text": ({"contact": "Ada"}, "contact"),
    "e-mail": ({"contact": {"phone": PHONE, "email": "ada@"}}, "contact.email"),
    "e-mail, too long": (
        {"contact": {"phone": PHONE, "email": f"{'a' * 60}@{'b' * 270}.com"}}, "contact.email",
    ),
    "locale": ({"contact": {"phone": PHONE, "locale": "de_DE"}}, "contact.locale"),
    "long locale": ({"contact": {"phone": PHONE, "locale": "de" + "-a1" * 12}}, "contact.locale"),
    "zone of the contact": ({"contact": {"phone": PHONE, "time_zone": "EST"}}, "contact.time_zone"),
    "B020 one character too long": ({"external_id": "x" * 201}, "external_id"),
    "B020 empty": ({"external_id": ""}, "external_id"),
    "B020 only spaces": ({"external_id": "   "}, "external_id"),
    "B021 control character": ({"contact": {"phone": PHONE, "name": "A\x07"}}, "contact.name"),
    "B021 escape": ({"contact": {"phone": PHONE, "name": "\x1b[31mA"}}, "contact.name"),
    "B021 line break": ({"contact": {"phone": PHONE, "name": "A\nB"}}, "contact.name"),
    "B021 override": ({"contact": {"phone": PHONE, "name": "A\u202eB"}}, "contact.name"),
    "B021 isolate": ({"contact": {"phone": PHONE, "name": "A\u2066B"}}, "contact.name"),
    "B021 zero width": ({"contact": {"phone": PHONE, "name": "A\u200bB"}}, "contact.name"),
    "B019 duration is true": ({"duration_minutes": True}, "duration_minutes"),
    "B019 duration is text": ({"duration_minutes": "45"}, "duration_minutes"),
    "duration 0": ({"duration_minutes": 0}, "duration_minutes"),
    "duration over a week": ({"duration_minutes": 10_081}, "duration_minutes"),
    "service is a list": ({"service": []}, "service"),
    "price is a number": ({"service": {"price": 45}}, "service.price"),
    "staff with an unknown field": ({"staff": {"rank": 1}}, "staff.rank"),
    "metadata is a list": ({"metadata": []}, "metadata"),
    "metadata of 51 keys": ({"metadata": {str(n): n for n in range(51)}}, "metadata"),
    "metadata over 8 kB": ({"metadata": {"a": "x" * 8200}}, "metadata"),
    "reminders is an object": ({"reminders": {}}, "reminders"),
    "51 rules": (
        {"reminders": [{"kind": "before", "minutes": n} for n in range(1, 52)]}, "reminders",
    ),
    "the same rule twice": ({"reminders": [{"kind": "before", "minutes": 5}] * 2}, "reminders"),
    "staff to be reminded is missing": (
        {"reminders": [{"kind": "before", "minutes": 5, "to": "staff"}]}, "staff.phone",
    ),
    "staff to be reminded has no phone": (
        {"reminders": [{"kind": "before", "minutes": 5, "to": "staff"}], "staff": {"id": "m"}},
        "staff.phone",
    ),
    "state is not for making": ({"state": "confirmed"}, "state"),
}  # fmt: skip


@pytest.mark.row("A7")
@pytest.mark.parametrize(
    "table", [STARTS, ZONES, PHONES, RULES, FIELDS], ids=["start", "zone", "phone", "rule", "field"]
)
def test_a_booking_that_can_not_be_is_a_422_that_names_the_field(
    api: Api, subtests: pytest.Subtests, table: dict[str, Row]
) -> None:
    for name, (changes, at_fault) in table.items():
        with subtests.test(name):
            answer = api.post(BOOKINGS, booking(**changes))

            assert answer.status_code == 422, answer.text
            assert set(fields_at_fault(answer)) == {at_fault}
    assert api.booked() == 0


CALL = {"to": PHONE, "say": "Your table is ready."}
BAD_CALLS: dict[str, Row] = {
    "no number": ({"to": ...}, "to"),
    "a number that is none": ({"to": "12345"}, "to"),
    "nothing to say": ({"say": ...}, "say"),
    "too much to say": ({"say": "x" * 2001}, "say"),
    "locale": ({"locale": "klingon!"}, "locale"),
    "local time": ({"send_at": f"{NEXT}-01-05T10:00:00"}, "send_at"),
    "past": ({"send_at": soon(minutes=-10)}, "send_at"),
    "far ahead": ({"send_at": soon(days=740)}, "send_at"),
    "over before it begins": (
        {"send_at": soon(hours=2), "expires_at": soon(hours=1)}, "expires_at",
    ),
    "expired": ({"expires_at": soon(hours=-1)}, "expires_at"),
    "metadata": ({"metadata": "x"}, "metadata"),
    "unknown field": ({"from": OTHER_PHONE}, "from"),
}  # fmt: skip


def test_a_call_that_can_not_be_is_a_422_that_names_the_field(
    api: Api, subtests: pytest.Subtests
) -> None:
    for name, (changes, at_fault) in BAD_CALLS.items():
        with subtests.test(name):
            merged = {**CALL, **changes}
            body = {key: value for key, value in merged.items() if value is not ...}
            answer = api.post(CALLS, body)

            assert answer.status_code == 422, answer.text
            assert set(fields_at_fault(answer)) == {at_fault}
    assert api.read(EVENTS)["data"] == []


def test_every_field_at_fault_is_told_at_once(api: Api) -> None:
    answer = api.post(
        BOOKINGS,
        {
            "starts_at": 1,
            "contact": {"phone": "1"},
            "reminders": [{"kind": "before", "minutes": 5}, {"kind": "x"}],
        },
    )

    assert fields_at_fault(answer) == ["contact.phone", "reminders.1.kind", "starts_at"]

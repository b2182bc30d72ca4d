"""What a contact usually books, as answers show it."""

from typing import Any

from marshmallow import Schema, fields

from gateway.domain.preferences import FACETS, WEEKDAYS
from gateway.http.answers import text, when, whole
from gateway.usecases.preferences import Usual


class Chosen(Schema):
    """How often something was chosen, and the latest start of an appointment with it."""

    count = whole()
    last = when()


class ServiceChosen(Chosen):
    """A service, by its id or else its name; its name is the latest one."""

    id = text(null=True)
    name = text(null=True)


class StaffChosen(Chosen):
    """A staff member."""

    id = text("yours, as a booking's `staff.id`", null=True)
    name = text(null=True)
    contact_id = text()


class WeekdayChosen(Chosen):
    """A day of the week."""

    weekday = text(enum=list(WEEKDAYS))


class HourChosen(Chosen):
    """An hour of the day, 0 to 23."""

    hour = whole()


def _favourite(schema: type[Schema]) -> fields.Nested:
    described = {"description": "the favourite: the first of `counts`"}
    return fields.Nested(schema, required=True, allow_none=True, metadata=described)


def _counts(schema: type[Schema]) -> fields.Field[Any]:
    return fields.List(fields.Nested(schema), required=True)


class CountsAnswer(Schema):
    """Everything that was chosen, by how often."""

    service = _counts(ServiceChosen)
    staff = _counts(StaffChosen)
    weekday = _counts(WeekdayChosen)
    hour = _counts(HourChosen)


class PreferencesAnswer(Schema):
    """What a contact usually books, counted over `bookings` appointments that were not canceled.
    Weekday and hour are local to each appointment."""

    contact_id = text()
    bookings = whole()
    service = _favourite(ServiceChosen)
    staff = _favourite(StaffChosen)
    weekday = _favourite(WeekdayChosen)
    hour = _favourite(HourChosen)
    counts = fields.Nested(CountsAnswer, required=True)


def preferences_answer(contact_id: str, usual: Usual) -> dict[str, Any]:
    """The favourites, and the counts that they come from."""
    counts = {
        facet: [_chosen(facet, one, usual) for one in usual.counts[facet]] for facet in FACETS
    }
    favourites = {facet: next(iter(found), None) for facet, found in counts.items()}
    return {"contact_id": contact_id, "bookings": usual.bookings, **favourites, "counts": counts}


def _chosen(facet: str, one: dict[str, Any], usual: Usual) -> dict[str, Any]:
    counted = {"count": one["count"], "last": one["last"]}
    if facet == "service":
        return {"id": one["id"], "name": one["name"], **counted}
    if facet == "staff":
        known = usual.staff.get(one["value"])
        who = {"id": known.external_id, "name": known.name} if known else {"id": None, "name": None}
        return {**who, "contact_id": one["value"], **counted}
    return {facet: one["value"], **counted}

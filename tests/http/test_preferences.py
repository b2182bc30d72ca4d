"""What customers usually book, read over HTTP, computed by the job as a worker does it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.models import base, job_claims
from gateway.models.job import Job
from gateway.models.preference import Preference
from gateway.usecases import job_runs, preferences
from tests.http.stage import BOOKINGS, OTHER_PHONE, PHONE, Api

CONTACTS = "/api/v1/contacts"
LEASE = timedelta(seconds=15)
UTC_FORM = "%Y-%m-%dT%H:%M:%SZ"
CUT, DYE = {"id": "cut", "name": "Haircut"}, {"id": "dye", "name": "Dyeing"}
EVE = {"id": "m-1", "name": "Eve", "phone": "+4915112345670"}
ADA = {"external_id": "c-ada", "name": "Ada", "phone": PHONE}


@pytest.fixture
def monday() -> datetime:
    """A Monday half an hour after ten in Berlin, some weeks ahead."""
    ahead = datetime.now(UTC) + timedelta(days=21)
    return (ahead - timedelta(days=ahead.weekday())).replace(
        hour=9, minute=30, second=0, microsecond=0
    )


def work() -> int:
    """Do all jobs that are due; how many there were."""
    now, done = datetime.now(UTC), 0
    with base.connection():
        while claimed := job_claims.claim_due("background:9", now, 50, LEASE):
            for job_id, claim in claimed:
                job_runs.perform(job_id, claim, lambda: now, LEASE)
                done += 1
        assert not Job.select().where(Job.state == "failed").exists()
    return done


def kept() -> list[tuple[Any, ...]]:
    """Every row as it stands in the database."""
    with base.connection():
        found: Any = Preference.select().order_by(Preference.id).tuples()
        return list(found)


def book(api: Api, at: datetime, **more: Any) -> dict[str, Any]:
    given = {"contact": ADA, "service": CUT, "staff": EVE, "reminders": [], **more}
    return api.book(starts_at=at.strftime(UTC_FORM), time_zone="Europe/Berlin", **given)


def usual(api: Api, made: dict[str, Any]) -> dict[str, Any]:
    """The preferences of a booking's contact, once all jobs are done."""
    work()
    return api.read(f"{CONTACTS}/{made['contact']['id']}/preferences")


@pytest.mark.row("B4")
def test_favourites_follow_every_change_of_a_booking(api: Api, monday: datetime) -> None:
    first = book(api, monday)
    assert usual(api, first)["service"]["name"] == "Haircut"
    second = book(api, monday + timedelta(days=1), service=DYE)
    third = book(api, monday + timedelta(days=8), service=DYE, staff=None)

    found = usual(api, first)
    assert (found["bookings"], found["service"]["id"], found["service"]["count"]) == (3, "dye", 2)
    assert (found["staff"]["id"], found["staff"]["name"], found["staff"]["count"]) == (
        "m-1", "Eve", 2,
    )  # fmt: skip
    assert (found["weekday"]["weekday"], found["weekday"]["count"]) == ("tuesday", 2)
    assert len(found["counts"]["weekday"]) == 2

    api.delete(f"{BOOKINGS}/{second['id']}")
    moved = (monday + timedelta(hours=3)).strftime(UTC_FORM)
    api.patch(f"{BOOKINGS}/{third['id']}", {"starts_at": moved, "service": CUT})
    found = usual(api, first)
    assert (found["bookings"], found["service"]["id"], found["service"]["count"]) == (2, "cut", 2)
    assert [one["count"] for one in found["counts"]["hour"]] == [1, 1]
    assert found["weekday"]["weekday"] == "monday"


@pytest.mark.row("B4")
def test_computing_all_from_scratch_gives_the_same_rows(api: Api, monday: datetime) -> None:
    for day in range(4):
        book(api, monday + timedelta(days=day), service=CUT if day % 2 else DYE)
        book(api, monday + timedelta(days=day), contact={"phone": OTHER_PHONE}, staff=None)
    gone = book(api, monday, contact={"phone": "+4915112345677"})
    work()
    api.delete(f"{BOOKINGS}/{gone['id']}")
    work()
    before = kept()
    assert len(before) == 2
    with base.connection():
        Preference.update(bookings=99).execute()
        assert preferences.recompute(api.account.organization_id, "test") == 3
    assert kept() == before


def test_a_booking_given_to_somebody_else_counts_for_them(api: Api, monday: datetime) -> None:
    made = book(api, monday)
    bobs = {"external_id": "c-bob", "name": "Bob", "phone": OTHER_PHONE}
    assert usual(api, made)["bookings"] == 1
    given = api.patch(f"{BOOKINGS}/{made['id']}", {"contact": bobs})
    assert given.json is not None
    assert usual(api, made)["bookings"] == 0
    assert usual(api, given.json)["bookings"] == 1


def test_contacts_without_an_id_and_with_one_number_are_one_customer(
    api: Api, monday: datetime
) -> None:
    plain = book(api, monday, contact={"phone": PHONE})
    named = book(api, monday + timedelta(days=1), contact={"phone": PHONE, "name": "Ada"})
    known = book(api, monday + timedelta(days=2), contact=ADA)
    assert plain["contact"]["id"] != named["contact"]["id"]
    assert usual(api, plain)["bookings"] == usual(api, named)["bookings"] == 2
    assert usual(api, known)["bookings"] == 1
    path = f"{CONTACTS}/{named['contact']['id']}"
    api.patch(path, {"phone": OTHER_PHONE})
    assert usual(api, plain)["bookings"] == usual(api, named)["bookings"] == 1


def test_nothing_is_known_of_a_contact_before_the_first_booking(api: Api, monday: datetime) -> None:
    made = book(api, monday)
    staff = made["staff"]["id"]
    empty = api.read(f"{CONTACTS}/{made['contact']['id']}/preferences")
    assert (empty["bookings"], empty["service"], empty["hour"]) == (0, None, None)
    assert empty["counts"] == {"service": [], "staff": [], "weekday": [], "hour": []}
    assert staff == "m-1"


def test_preferences_need_the_scope_and_are_shown_to_their_owner_alone(
    api: Api, new_api: Callable[[str], Api], monday: datetime
) -> None:
    path = f"{CONTACTS}/{book(api, monday)['contact']['id']}/preferences"
    assert new_api("Salon Bonn").get(path).status_code == 404
    assert api.get(f"{path}?limit=1").status_code == 422
    assert api.with_key(None).get(path).status_code == 401
    assert api.with_key(api.account.live_key).get(path).status_code == 404


def test_many_changes_of_one_customer_are_one_job(api: Api, monday: datetime) -> None:
    made = book(api, monday)
    for hour in range(1, 4):
        moved = (monday + timedelta(hours=hour)).strftime(UTC_FORM)
        api.patch(f"{BOOKINGS}/{made['id']}", {"starts_at": moved})
    assert work() == 1

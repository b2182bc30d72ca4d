"""What is counted of a customer's appointments, and how well an appointment fits it."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.lifecycle import BookingState
from gateway.domain.preferences import COUNTED, Visit, counts, score

TUESDAY = datetime(2026, 6, 2, 8, 30, tzinfo=UTC)  # 10:30 in Berlin
CUT, DYE = {"id": "cut", "name": "Haircut"}, {"id": "dye", "name": "Dyeing"}


def visit(weeks: float = 0, zone: str = "Europe/Berlin", **more: object) -> Visit:
    return Visit(TUESDAY + timedelta(weeks=weeks), zone, **more)  # type: ignore[arg-type]


def favourites(*visits: Visit) -> dict[str, object]:
    return {name: found[0]["value"] if found else None for name, found in counts(visits).items()}


@pytest.mark.row("B4")
def test_what_was_chosen_most_often_comes_first_with_its_count() -> None:
    cut = visit(0, service=CUT, staff="ct_eve")
    again, dye = visit(1, service=CUT, staff="ct_eve"), visit(2, service=DYE, staff="ct_bob")
    found = counts([cut, again, dye])
    assert [(one["value"], one["count"]) for one in found["service"]] == [
        ("id:cut", 2), ("id:dye", 1),
    ]  # fmt: skip
    assert [one["value"] for one in found["staff"]] == ["ct_eve", "ct_bob"]
    assert [(one["value"], one["count"]) for one in found["weekday"]] == [("tuesday", 3)]
    assert [(one["value"], one["count"]) for one in found["hour"]] == [(10, 3)]


def test_among_equals_the_one_of_the_latest_appointment_comes_first_then_the_name() -> None:
    assert favourites(visit(0, service=CUT), visit(1, service=DYE))["service"] == "id:dye"
    assert favourites(visit(1, service=CUT), visit(0, service=DYE))["service"] == "id:cut"
    assert favourites(visit(0, service=CUT), visit(0, service=DYE))["service"] == "id:dye"


def test_weekday_and_hour_are_those_on_the_wall_where_the_appointment_is() -> None:
    late = datetime(2026, 6, 1, 23, 15, tzinfo=UTC)
    assert favourites(Visit(late, "Europe/Berlin"))["weekday"] == "tuesday"
    assert favourites(Visit(late, "America/New_York"))["weekday"] == "monday"
    assert favourites(Visit(late, "America/New_York"))["hour"] == 19


def test_the_hour_stays_the_same_when_the_clocks_change() -> None:
    winter = Visit(datetime(2026, 10, 27, 9, 30, tzinfo=UTC), "Europe/Berlin")
    summer = Visit(datetime(2026, 10, 20, 8, 30, tzinfo=UTC), "Europe/Berlin")
    assert [one["count"] for one in counts([winter, summer])["hour"]] == [2]


def test_a_service_goes_by_its_id_and_its_latest_name() -> None:
    named = visit(0, service={"id": "cut", "name": "Cut"})
    renamed = visit(1, service=CUT)
    nameless = visit(2, service={"name": "Cut"})
    found = counts([renamed, named, nameless])["service"]
    assert [(one["value"], one["name"], one["count"]) for one in found] == [
        ("id:cut", "Haircut", 2), ("name:Cut", "Cut", 1),
    ]  # fmt: skip


def test_what_was_not_said_is_not_counted() -> None:
    assert favourites(visit(service=None), visit(1, service={"id": None, "name": None})) == {
        "service": None, "staff": None, "weekday": "tuesday", "hour": 10,
    }  # fmt: skip


def test_only_a_canceled_appointment_does_not_count() -> None:
    assert set(BookingState) - COUNTED == {BookingState.CANCELED}


@given(
    st.lists(
        st.builds(
            visit,
            st.sampled_from([0, 0.5, 1, 2]),
            st.sampled_from(["Europe/Berlin", "America/New_York"]),
            service=st.sampled_from(
                [CUT, DYE, {"id": "cut", "name": "Cut"}, {"name": "Cut"}, None]
            ),
            staff=st.sampled_from(["ct_eve", "ct_bob", None]),
        ),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_the_same_appointments_count_the_same_in_any_order(
    visits: list[Visit], random: Random
) -> None:
    found = counts(visits)
    shuffled = list(visits)
    random.shuffle(shuffled)
    assert counts(shuffled) == found
    assert sum(one["count"] for one in found["hour"]) == len(visits)


def test_an_appointment_like_all_before_it_scores_highest_and_a_strange_one_nothing() -> None:
    made = [visit(weeks, service=CUT, staff="ct_eve") for weeks in range(3)]
    known = counts(made)
    assert score(known, 3, visit(9, service=CUT, staff="ct_eve")) == 4000
    assert score(known, 3, visit(9, service=DYE, staff="ct_eve")) == 3000
    stranger = Visit(TUESDAY + timedelta(days=1, hours=3), "Europe/Berlin", DYE, "ct_bob")
    assert score(known, 3, stranger) == 0
    assert score(counts([]), 0, made[0]) == 0


def test_half_of_the_appointments_are_half_of_the_score() -> None:
    made = [visit(0, service=CUT), visit(1, service=DYE)]
    assert score(counts(made), 2, visit(5, service=CUT)) == 500 + 2000

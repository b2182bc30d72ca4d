"""Many clients at the very same moment, over HTTP."""

import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.client import Api
from tests.conftest import StartStack
from tests.stack import Stack, special
from tests.together import together

CROWD = 50
PHONE = special("0470")
RULES = [{"kind": "before", "minutes": minutes, "channel": "voice"} for minutes in (60, 180, 1440)]


@pytest.fixture
def stack(start_stack: StartStack) -> Stack:
    """Web alone, wide enough for the crowd."""
    return start_stack(parts=(), DATABASE_CONNECTIONS="64")


def at_once(stack: Stack, ask: Callable[[Api, int], requests.Response]) -> list[requests.Response]:
    """The answers to one request of each of fifty clients with connections of their own, all of
    whom are patient: so many may find the database busy."""
    clients = [Api(stack.web.url, stack.account.test_key) for _ in range(CROWD)]
    return together(CROWD, lambda number: until_taken(lambda: ask(clients[number], number)))


def until_taken(ask: Callable[[], requests.Response]) -> requests.Response:
    """The first answer that is not 503: whoever is told that nothing was done asks again."""
    while (answer := ask()).status_code == 503:
        pass
    return answer


def day(number: int) -> datetime:
    """A start some days ahead, another one for each number."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return noon + timedelta(days=10, minutes=number)


@pytest.mark.row("A3")
def test_of_fifty_clients_that_reschedule_one_booking_one_wins_each_round(stack: Stack) -> None:
    booking = stack.api.book(PHONE, starts_at=day(0).isoformat(), reminders=RULES)
    for step in range(3):
        version, first = booking["version"], 100 * (step + 1)

        def move(api: Api, number: int) -> requests.Response:
            body = {"starts_at": day(first + number).isoformat(), "version": version}  # noqa: B023
            return api.ask("PATCH", f"/bookings/{booking['id']}", json=body)  # noqa: B023

        answers = at_once(stack, move)
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: CROWD - 1}
        (won,) = [answer.json() for answer in answers if answer.ok]
        booking = stack.api.take("GET", f"/bookings/{booking['id']}")
        assert (booking["version"], booking["starts_at"]) == (version + 1, won["starts_at"])
        _one_plan(booking)


@pytest.mark.row("A3")
def test_fifty_clients_that_name_no_version_all_reschedule_one_after_the_other(
    stack: Stack,
) -> None:
    booking = stack.api.book(PHONE, starts_at=day(0).isoformat(), reminders=RULES)
    path = f"/bookings/{booking['id']}"

    def move(api: Api, number: int) -> requests.Response:
        body = {"starts_at": day(1 + number).isoformat(), "contact": {"name": f"N{number}"}}
        return api.ask("PATCH", path, json=body)

    answers = at_once(stack, move)
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.json()["version"] for answer in answers) == list(range(2, CROWD + 2))
    _one_plan(stack.api.take("GET", path))


@pytest.mark.row("A3")
def test_of_fifty_clients_half_of_whom_cancel_all_agree_on_the_end(stack: Stack) -> None:
    booking = stack.api.book(PHONE, starts_at=day(0).isoformat(), reminders=RULES)
    path = f"/bookings/{booking['id']}"

    def act(api: Api, number: int) -> requests.Response:
        if number % 2:
            return api.ask("DELETE", path)
        return api.ask("PATCH", path, json={"starts_at": day(number).isoformat()})

    answers = at_once(stack, act)
    assert {answer.status_code for answer in answers[::2]} <= {200, 409}
    assert {answer.status_code for answer in answers[1::2]} == {200}
    booking = stack.api.take("GET", path)
    assert booking["state"] == "canceled"
    assert {one["state"] for one in booking["reminders"]} == {"canceled"}


@pytest.mark.row("A4")
@pytest.mark.parametrize("named", [False, True])
def test_fifty_equal_posts_with_one_key_are_one_booking(stack: Stack, named: bool) -> None:
    body: dict[str, Any] = {
        "starts_at": day(0).isoformat(), "contact": {"phone": PHONE}, "reminders": RULES,
    }  # fmt: skip
    if named:
        body["external_id"] = "bk-1"
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    answers = at_once(
        stack, lambda api, _: api.ask("POST", "/bookings", json=body, headers=headers)
    )
    taken = [answer for answer in answers if answer.status_code == 201]
    busy = [answer for answer in answers if answer.status_code == 409]
    assert len(taken) + len(busy) == CROWD
    assert all("Retry-After" in answer.headers for answer in busy)
    assert len({answer.json()["id"] for answer in taken}) == 1
    fresh = [answer for answer in taken if "Idempotent-Replayed" not in answer.headers]
    assert len(fresh) == 1
    (booking,) = stack.api.take("GET", "/bookings")["data"]
    _one_plan(stack.api.take("GET", f"/bookings/{booking['id']}"))


def _one_plan(booking: dict[str, Any]) -> None:
    """Exactly one pending reminder of each rule, at its moment before the present start."""
    start = datetime.fromisoformat(booking["starts_at"])
    pending = [one for one in booking["reminders"] if one["state"] == "scheduled"]
    assert sorted(datetime.fromisoformat(one["due_at"]) for one in pending) == sorted(
        start - timedelta(minutes=minutes) for minutes in (60, 180, 1440)
    )
    assert {one["state"] for one in booking["reminders"]} <= {"scheduled", "canceled"}

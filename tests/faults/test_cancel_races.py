"""A cancel and a reschedule that land at every point of a send (reliability.md 5e), over HTTP while
the worker stands still right there."""

import os
import signal
from datetime import UTC, datetime, timedelta

import pytest

from tasks import broker
from tests.client import Api
from tests.faults.conftest import Scene, SetScene
from tests.faults.races import (
    CANCELED,
    CANCELED_AND_KILLED,
    MORTAL,
    PATIENT,
    RINGING,
    Race,
    frozen,
    row,
)
from tests.stack import special
from tests.waiting import until

HOUR = timedelta(hours=1)
# Rescheduled: what is known to be at the provider is told as it was, all else is taken back.
RESCHEDULED = {
    point: (200, placed, "sending" if point == "worker.after_result_commit" else outcome)
    for point, (_, placed, outcome) in CANCELED.items()
}


def book(scene: Scene, phone: str, due_in: float = 0.2) -> tuple[str, str]:
    """Book with one reminder that falls due in a moment; the ids of both."""
    made = scene.stack.api.book(
        phone,
        starts_at=(datetime.now(UTC) + HOUR + timedelta(seconds=due_in)).isoformat(),
        reminders=[{"kind": "before", "minutes": 60, "channel": "voice"}],
    )
    return made["id"], made["reminders"][0]["id"]


def cancel(api: Api, booking: str) -> int:
    """Cancel a booking; the status of the answer."""
    return api.ask("DELETE", f"/bookings/{booking}").status_code


@pytest.mark.row("A3")
def test_a_cancel_at_every_point_of_a_send_has_one_right_end(set_scene: SetScene) -> None:
    race = Race(set_scene(sandbox=RINGING, **PATIENT), book)
    assert {point: race.at(point, cancel) for point in CANCELED} == CANCELED


@pytest.mark.row("A3")
def test_a_cancel_at_every_point_of_a_send_whose_worker_then_dies_has_one_right_end(
    set_scene: SetScene,
) -> None:
    race = Race(set_scene(sandbox=RINGING, **MORTAL), book)
    found = {point: race.at(point, cancel, kill=True) for point in CANCELED_AND_KILLED}
    assert found == CANCELED_AND_KILLED


@pytest.mark.row("A3")
def test_a_reschedule_at_every_point_of_a_send_lets_no_stale_reminder_leave(
    set_scene: SetScene,
) -> None:
    race = Race(set_scene(sandbox=RINGING, **PATIENT), book)
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    change = {"starts_at": later, "version": 1}

    def move(api: Api, booking: str) -> int:
        return api.ask("PATCH", f"/bookings/{booking}", json=change).status_code

    found = {point: race.at(point, move) for point in RESCHEDULED}
    assert found == RESCHEDULED
    for booking in race.scene.stack.api.take("GET", "/bookings")["data"]:
        states = [one["state"] for one in race.scene.stack.api.reminders(booking["id"])]
        assert states[1:] == ["scheduled"], "one reminder of the plan in force"


@pytest.mark.row("A3")
@pytest.mark.parametrize("point", ["clock.after_lease", "clock.after_enqueue"])
def test_a_cancel_while_a_clock_hands_the_reminder_out_leaves_nothing_to_place(
    scene: Scene, point: str
) -> None:
    phone = special("0450")
    clock = scene.crew.start("clock", fp=f"{point}:1:stop")
    booking, reminder = book(scene, phone)
    until(lambda: frozen(clock), "the stop")
    answer = scene.stack.api.ask("DELETE", f"/bookings/{booking}")
    os.kill(clock, signal.SIGCONT)
    scene.crew.start("worker")
    assert (answer.status_code, scene.stack.outcome(reminder)) == (200, "canceled")
    until(lambda: not broker.backlog("voice"), "no more work")
    assert scene.stack.sandbox.look("requests") == []


@pytest.mark.row("A3")
def test_a_cancel_before_the_moment_is_a_200_and_places_nothing(scene: Scene) -> None:
    scene.crew.start("worker", "clock")
    booking, reminder = book(scene, special("0451"), due_in=4)
    answer = scene.stack.api.ask("DELETE", f"/bookings/{booking}")
    assert (answer.status_code, row(reminder).state) == (200, "canceled")
    kept = row(reminder)
    until(lambda: datetime.now(UTC) > kept.due_at + timedelta(seconds=0.3), "the moment")
    assert scene.stack.sandbox.look("requests") == []


@pytest.mark.row("A3")
def test_a_cancel_while_somebody_is_spoken_with_ends_as_what_it_was(set_scene: SetScene) -> None:
    scene = set_scene(sandbox={"talk_seconds": 60.0})
    scene.crew.start("worker", "clock")
    booking, reminder = book(scene, special("0452"))
    until(lambda: "in-progress" in _calls(scene, reminder), "the answer")
    answer = scene.stack.api.ask("DELETE", f"/bookings/{booking}")
    assert (answer.status_code, scene.stack.outcome(reminder)) == (202, "reached")
    assert row(reminder).cancel_requested_at is not None
    assert scene.stack.api.ask("DELETE", f"/bookings/{booking}").status_code == 200
    assert len(scene.stack.sandbox.placed()) == 1


@pytest.mark.row("A3")
def test_a_cancel_after_the_call_is_a_200_and_changes_nothing_of_it(scene: Scene) -> None:
    scene.crew.start("worker", "clock")
    booking, reminder = book(scene, special("0453"))
    assert scene.stack.outcome(reminder) == "reached"
    answer = scene.stack.api.ask("DELETE", f"/bookings/{booking}")
    assert (answer.status_code, row(reminder).state) == (200, "reached")
    assert row(reminder).cancel_requested_at is None


def _calls(scene: Scene, reminder: str) -> list[str]:
    return [str(call["state"]) for call in scene.stack.api.attempts(reminder)]

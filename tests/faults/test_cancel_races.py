"""A cancel and a reschedule that land at every point of a send (reliability.md 5e), over HTTP while
the worker stands still right there."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.models import base
from gateway.models.notification import Notification
from tasks import broker
from tests.faults.conftest import Scene, SetScene
from tests.stack import special
from tests.waiting import until

HOUR = timedelta(hours=1)
# A worker may stand still for as long as the test needs: neither lease nor deadline runs out.
PATIENT = {"SENDING_LEASE_SECONDS": "30", "PROVIDER_DEADLINE_SECONDS": "10"}
RINGING = {"ring_seconds": 60.0}

# Where the worker stood when the booking was canceled: the answer, how many calls the provider got
# to see, and the outcome. Whatever was placed is ended there.
CANCELED = {
    "worker.before_claim_commit": (200, 0, "canceled"),
    "worker.after_claim_commit": (202, 0, "canceled"),
    "worker.before_connect": (202, 1, "canceled"),
    "worker.after_send": (202, 1, "canceled"),
    "worker.after_response": (202, 1, "canceled"),
    "worker.before_result_commit": (202, 1, "canceled"),
    "worker.after_result_commit": (202, 1, "canceled"),
}
# The same when the worker never wakes again.
CANCELED_AND_KILLED = CANCELED | {"worker.before_connect": (202, 0, "canceled")}
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


def frozen(pid: int) -> bool:
    """Whether this process stands still."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def row(notification_id: str) -> Notification:
    """The notification as the database has it."""
    with base.connection():
        found: Notification = Notification.get_by_id(notification_id)
    return found


def states_at_provider(scene: Scene, phone: str) -> list[str]:
    """The states in which the provider has the calls to this number."""
    shared = scene.stack.settings.sandbox_credentials
    sid = shared["account_sid"]
    listed = requests.get(
        f"{scene.stack.settings.sandbox_url}/2010-04-01/Accounts/{sid}/Calls.json",
        params={"To": phone}, auth=(sid, shared["auth_token"]), timeout=10,
    )  # fmt: skip
    return [str(call["status"]) for call in listed.json()["calls"]]


class Race:
    """One stack in which a worker is brought to a stop at one point after the other."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        scene.crew.start("clock")
        scene.crew.start("worker", queues=["events", "background"])
        self.numbers: Iterator[str] = (special(f"04{number:02d}") for number in range(100))

    def at(self, point: str, method: str, kill: bool = False, **body: Any) -> tuple[int, int, str]:
        """Book, let a worker stop at the point, send the request, let the worker go on (or not).
        The answer's status, the number of calls placed, and where the notification stands."""
        phone, crew, api = next(self.numbers), self.scene.crew, self.scene.stack.api
        worker = crew.start("worker", fp=f"{point}:1:stop", queues=["voice"])
        booking, reminder = book(self.scene, phone)
        until(lambda: frozen(worker), f"a stop at {point}")
        answer = api.ask(method, f"/bookings/{booking}", **body)
        if kill:
            crew.end(worker)
            worker = crew.start("worker", queues=["voice"])
        else:
            os.kill(worker, signal.SIGCONT)
        until(lambda: self._settled(reminder, phone), f"an end after {point}", 30)
        until(lambda: not broker.backlog("voice"), "no more work")
        crew.end(worker, signal.SIGTERM)
        self._one_ending(reminder)
        placed = len(self.scene.stack.sandbox.placed(phone))
        return answer.status_code, placed, str(row(reminder).state)

    def _settled(self, reminder: str, phone: str) -> bool:
        kept = row(reminder)
        if kept.state == "sending" and kept.cancel_requested_at is None:
            return kept.lease_until is None
        ended = all(state == "canceled" for state in states_at_provider(self.scene, phone))
        return kept.finished_at is not None and ended

    def _one_ending(self, reminder: str) -> None:
        moves = self.scene.stack.api.moves(reminder)
        assert moves.count("canceled") <= 1
        assert not {"reached", "not_reached", "expired"} & set(moves)


@pytest.mark.row("A3")
def test_a_cancel_at_every_point_of_a_send_has_one_right_end(set_scene: SetScene) -> None:
    race = Race(set_scene(sandbox=RINGING, **PATIENT))
    assert {point: race.at(point, "DELETE") for point in CANCELED} == CANCELED


@pytest.mark.row("A3")
def test_a_cancel_at_every_point_of_a_send_whose_worker_then_dies_has_one_right_end(
    set_scene: SetScene,
) -> None:
    race = Race(set_scene(sandbox=RINGING))
    found = {point: race.at(point, "DELETE", kill=True) for point in CANCELED_AND_KILLED}
    assert found == CANCELED_AND_KILLED


@pytest.mark.row("A3")
def test_a_reschedule_at_every_point_of_a_send_lets_no_stale_reminder_leave(
    set_scene: SetScene,
) -> None:
    race = Race(set_scene(sandbox=RINGING, **PATIENT))
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    change = {"starts_at": later, "version": 1}
    found = {point: race.at(point, "PATCH", json=change) for point in RESCHEDULED}
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
    booking, reminder = book(scene, special("0451"), due_in=0.8)
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

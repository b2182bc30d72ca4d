"""A process killed at each named point: after a restart there is one outcome, and never a second
call."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import requests

from gateway.domain.lanes import QUEUES
from tasks import broker
from tests.databases import ON_POSTGRESQL, ON_SQLITE
from tests.faults.conftest import Scene
from tests.stack import FINAL, special
from tests.waiting import until

PHONE = special("0141")
STEPS = {"initiated", "ringing", "in-progress", "completed"}
# What became of the call when the worker was killed there: its outcome, and how many were placed.
WORKER = {
    "worker.before_claim_commit": ("reached", 1),
    "worker.after_claim_commit": ("unknown", 0),
    "worker.before_connect": ("unknown", 0),
    "worker.after_send": ("reached", 1),
    "worker.after_response": ("reached", 1),
    "worker.before_result_commit": ("reached", 1),
    "worker.after_result_commit": ("reached", 1),
    "inbox.mid_apply": ("reached", 1),
}


def check(scene: Scene, notification_id: str, outcome: str, placed: int) -> None:
    """One outcome, so many placements, also once everything that was queued has been worked off."""
    assert scene.stack.outcome(notification_id) == outcome
    until(lambda: not any(map(broker.backlog, QUEUES)), "empty queues")
    assert len(scene.stack.sandbox.placed()) == placed
    told = [outcome] if outcome != "unknown" else []

    def ends() -> list[str]:
        moves = scene.stack.api.moves(notification_id)
        return [state for state in moves if state in FINAL - {"unknown"}]

    # The feed keeps an entry back while an older transaction is open, a killed worker's it may be.
    until(lambda: len(ends()) >= len(told), "the feed")
    assert ends() == told
    calls = scene.stack.api.attempts(notification_id)
    assert len({call["external_id"] for call in calls if call["external_id"]}) == placed


@pytest.mark.row("A4")
@pytest.mark.parametrize("point", WORKER)
def test_a_worker_killed_at_any_point_leaves_one_outcome_and_no_second_call(
    scene: Scene, point: str
) -> None:
    scene.crew.start("clock")
    made = scene.stack.api.call(PHONE)
    scene.crew.killed(scene.crew.start("worker", fp=f"{point}:kill"))
    scene.crew.start("worker")
    check(scene, made["id"], *WORKER[point])


@ON_POSTGRESQL
@pytest.mark.row("A4")
@pytest.mark.parametrize("point", ["clock.after_lease", "clock.after_enqueue"])
def test_a_clock_killed_between_claim_and_message_loses_and_doubles_nothing(
    scene: Scene, point: str
) -> None:
    due = datetime.now(UTC) + timedelta(seconds=0.3)
    made = scene.stack.api.call(PHONE, send_at=due.isoformat())
    until(lambda: datetime.now(UTC) > due, "the moment")
    scene.crew.killed(scene.crew.start("clock", fp=f"{point}:kill"))
    scene.crew.start("worker")
    scene.crew.start("clock")
    check(scene, made["id"], "reached", 1)


@ON_POSTGRESQL
@pytest.mark.row("F3")
@pytest.mark.parametrize("point", ["hook.after_verify", "hook.before_commit", "hook.after_commit"])
def test_a_web_killed_while_it_takes_a_callback_loses_and_doubles_nothing(
    scene: Scene, point: str
) -> None:
    scene.crew.start("worker", "clock")
    made = scene.stack.api.call(PHONE)
    scene.stack.web.stop()
    web = scene.crew.start("web", port=scene.stack.web.port, fp=f"{point}:kill")
    scene.crew.killed(web)
    scene.stack.web.start()
    check(scene, made["id"], "reached", 1)
    (call,) = scene.stack.api.attempts(made["id"])

    def told() -> list[str]:
        heard = scene.stack.api.show(call["id"])["events"]
        return [event["status"] for event in heard if event["source"] == "webhook"]

    until(lambda: set(told()) >= STEPS, "every step of the call")
    assert all(told().count(step) == 1 for step in STEPS)


@ON_SQLITE
@pytest.mark.row("A4")
@pytest.mark.parametrize("point", ["api.after_key_insert", "api.before_commit", "api.after_commit"])
def test_a_web_killed_while_it_books_makes_one_booking_for_the_client_that_asks_again(
    scene: Scene, point: str
) -> None:
    stack = scene.stack
    stack.web.stop()
    web = scene.crew.start("web", port=stack.web.port, fp=f"{point}:kill")
    body = {
        "starts_at": (datetime.now(UTC) + timedelta(hours=1, seconds=1)).isoformat(),
        "contact": {"phone": PHONE},
        "reminders": [{"kind": "before", "minutes": 60, "channel": "voice"}],
    }
    key = {"Idempotency-Key": uuid.uuid4().hex}

    def refused() -> bool:
        try:
            stack.api.ask("POST", "/bookings", json=body, headers=key)
        except requests.ConnectionError:
            return scene.crew.status(web) is not None
        raise AssertionError("the web was not killed")

    until(refused, "the end of the web")
    stack.web.start()
    answer = stack.api.ask("POST", "/bookings", json=body, headers=key)
    assert answer.status_code == 201
    assert (answer.headers.get("Idempotent-Replayed") == "true") == (point == "api.after_commit")
    assert len(stack.api.take("GET", "/bookings")["data"]) == 1
    scene.crew.start("worker", "clock")
    (reminder,) = answer.json()["reminders"]
    check(scene, reminder["id"], "reached", 1)

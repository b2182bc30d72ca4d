"""A request that lands at every point of a send, while the worker stands still right there."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import requests

from gateway.models import base
from gateway.models.notification import Notification
from tasks import broker
from tests.client import Api
from tests.faults.conftest import Scene
from tests.stack import special
from tests.waiting import until

# A worker may stand still for as long as the test needs: neither lease nor deadline runs out.
PATIENT = {"SENDING_LEASE_SECONDS": "30", "PROVIDER_DEADLINE_SECONDS": "10"}
# A worker that will be killed is given up soon, and not before the request came.
MORTAL = {"SENDING_LEASE_SECONDS": "4"}
RINGING = {"ring_seconds": 60.0}

# Where the worker stood when the request came: its answer, how many calls the provider got to see,
# and the outcome. Whatever was placed is ended there.
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

# Makes something to be told to a number in a moment: the id of what it is about, and of its
# notification.
Begin = Callable[[Scene, str], tuple[str, str]]
# Asks for what races with the send; the status of the answer.
Act = Callable[[Api, str], int]


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

    def __init__(self, scene: Scene, begin: Begin) -> None:
        self.scene, self._begin = scene, begin
        scene.crew.start("clock")
        scene.crew.start("worker", queues=["timers", "events", "background"])
        self.numbers: Iterator[str] = (special(f"04{number:02d}") for number in range(100))

    def at(self, point: str, act: Act, kill: bool = False) -> tuple[int, int, str]:
        """Have something told, let a worker stop at the point, send the request, let the worker go
        on (or not). The answer's status, the number of calls placed, and where the notification
        stands."""
        phone, crew, api = next(self.numbers), self.scene.crew, self.scene.stack.api
        worker = crew.start("worker", fp=f"{point}:1:stop", queues=["voice"])
        subject, notification = self._begin(self.scene, phone)
        until(lambda: frozen(worker), f"a stop at {point}", 40)
        status = act(api, subject)
        if kill:
            crew.end(worker)
            worker = crew.start("worker", queues=["voice"])
        else:
            os.kill(worker, signal.SIGCONT)
        until(lambda: self._settled(notification, phone), f"an end after {point}", 60)
        until(lambda: not broker.backlog("voice"), "no more work")
        crew.end(worker, signal.SIGTERM)
        self._one_ending(notification)
        placed = len(self.scene.stack.sandbox.placed(phone))
        return status, placed, str(row(notification).state)

    def _settled(self, notification: str, phone: str) -> bool:
        kept = row(notification)
        if kept.state == "sending" and kept.cancel_requested_at is None:
            return kept.lease_until is None
        ended = all(state == "canceled" for state in states_at_provider(self.scene, phone))
        return kept.finished_at is not None and ended

    def _one_ending(self, notification: str) -> None:
        moves = self.scene.stack.api.moves(notification)
        assert moves.count("canceled") <= 1
        assert not {"reached", "not_reached", "expired"} & set(moves)

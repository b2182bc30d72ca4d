"""How the callbacks of one call leave: in order, thrice, backwards, at once, or not at all."""

from collections.abc import Callable
from time import sleep

from gateway.sandbox.behaviour import Delivery
from gateway.sandbox.delivery import Callback, Postman
from gateway.sandbox.schedule import Job, Lane

COPIES = 3
LATE_SECONDS = 5.0


class Outbox:
    """Takes the callbacks of a call as they come about and sends them the way its fate asks for."""

    def __init__(
        self, delivery: Delivery, lane: Lane, postman: Postman, late_seconds: float = LATE_SECONDS
    ) -> None:
        """`late_seconds` is how late callbacks come that come late."""
        self._delivery = delivery
        self._lane = lane
        self._postman = postman
        self._late_seconds = late_seconds
        self._held: list[Callback] = []
        self._holding = delivery is Delivery.REVERSED
        self._inline = delivery is Delivery.EARLY

    def put(self, callback: Callback) -> None:
        """Send this callback after the earlier ones; while inline, return when it is delivered."""
        if self._delivery is Delivery.LOST:
            return
        if self._holding:
            self._held.append(callback)
            return
        if self._delivery is Delivery.LATE:
            self._lane.push_after(self._late_seconds, self._postman.errand(callback))
            return
        copies = COPIES if self._delivery is Delivery.TRIPLE else 1
        for _ in range(copies):
            self.run(self._postman.errand(callback))

    def run(self, job: Job) -> None:
        """Do something in the same order as the callbacks."""
        if not self._inline:
            self._lane.push(job)
            return
        while (wait := job()) is not None:
            sleep(wait)

    def release(self) -> None:
        """The call is over: what was held back goes out, the last first."""
        self._holding = False
        held, self._held = self._held, []
        for callback in reversed(held):
            self.put(callback)

    def go_on_later(self) -> None:
        """The create request is about to be answered: from now on nothing is sent inline."""
        self._inline = False


def once(action: Callable[[], None]) -> Job:
    """A job that never asks to be run again."""

    def run() -> float | None:
        action()
        return None

    return run

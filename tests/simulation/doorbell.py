"""A broker that can't be relied on: it loses messages, brings them twice or late, forgets all that
it holds, and is away for a while."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.world import World

Message = tuple[str, tuple[Any, ...]]
MISHAPS = {"message lost": 0.015, "message twice": 0.02, "message late": 0.02}
REDELIVERED = 15.0  # seconds until a dead worker's messages go to another one
SLOTS = 8


class Doorbell:
    """Messages on their way to workers, `SLOTS` of which are worked on at a time."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.waiting: list[Message] = []
        self.busy = 0
        self.epoch = 0  # counts how often everything was forgotten
        self.lost_claims = 0  # so many messages of each notification never come
        self._emptied = False

    @property
    def away(self) -> bool:
        """Whether it can't be reached now."""
        return self.world.episodes.on("broker away")

    def forget(self) -> None:
        """Lose everything that is not being worked on."""
        self.epoch, self._emptied = self.epoch + 1, True
        self.waiting.clear()

    def emptied(self) -> bool:
        """True once after it forgot everything."""
        emptied, self._emptied = self._emptied, False
        return emptied

    def room(self) -> int:
        """How many more messages a clock may bring."""
        return max(0, 50 - len(self.waiting))

    def ring(self, job: str, *args: Any) -> bool:
        """Hand a job to the workers, best effort; False when the broker is away."""
        if self.away:
            return False
        name = self.world.workers.label(job, args)
        mishap = self.world.fault(name, MISHAPS)
        if mishap == "message lost":
            return True
        delay = self.world.dice.uniform(f"ring {name}", 0.003, 0.08)
        if mishap == "message late":
            delay = self.world.dice.uniform(f"late {name}", 5, 200)
        self._send(delay, (job, args))
        if mishap == "message twice":
            self._send(delay * self.world.dice.uniform(f"again {name}", 1, 400), (job, args))
        return True

    def again(self, message: Message) -> None:
        """The worker that had this message died."""
        self._send(REDELIVERED, message)

    def _send(self, delay: float, message: Message) -> None:
        epoch = self.epoch

        def arrive() -> None:
            if epoch == self.epoch and not self._lost(message):
                self.waiting.append(message)
                self.next()

        self.world.timeline.after(delay, arrive)

    def _lost(self, message: Message) -> bool:
        job, args = message
        return job == "place_call" and bool(args[1] <= self.lost_claims)

    def next(self) -> None:
        """Give waiting messages to workers that are free."""
        while self.waiting and self.busy < SLOTS:
            if self.away:
                back = self.world.episodes.until("broker away") + timedelta(seconds=0.01)
                self.world.timeline.at(back, self.next)
                return
            self.busy += 1
            message = self.waiting.pop(0)
            self.world.workers.take(message, self._done)

    def _done(self) -> None:
        self.busy -= 1
        self.world.timeline.after(0, self.next)

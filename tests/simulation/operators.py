"""The person at the command line: freezes everything, and thaws it again."""

from typing import TYPE_CHECKING

from gateway.domain.provider import LookupFailed
from gateway.usecases import catching_up, freezing
from gateway.usecases.adoption import Changed
from tests.simulation.processes import alive

if TYPE_CHECKING:
    from tests.simulation.world import World

AGAIN = 20.0


class Operator:
    """Types a command until it succeeds."""

    def __init__(self, world: "World") -> None:
        self.world = world

    def freeze(self) -> None:
        """`python3 -m gateway freeze`."""
        self.world.timeline.spawn("freeze", self._freeze)

    def thaw(self) -> None:
        """`python3 -m gateway thaw`."""
        self.world.timeline.spawn("thaw", self._thaw)

    def _freeze(self) -> None:
        def work() -> None:
            freezing.freeze("simulation", self.world.timeline.now)
            self.world.placements.frozen_at = self.world.timeline.now

        if not alive(self.world, work):
            self.world.timeline.after(AGAIN, self.freeze)

    def _thaw(self) -> None:
        done: list[bool] = []

        def work() -> None:
            hold = freezing.present()
            if hold is not None:
                try:
                    catching_up.run(hold, self.world.timeline.now)
                except (LookupFailed, Changed):
                    return
                self.world.placements.frozen_at = None
                freezing.lift(hold, self.world.timeline.now)
            done.append(True)
            self.world.clocks.notice()

        if not alive(self.world, work) or not done:
            self.world.timeline.after(AGAIN, self.thaw)

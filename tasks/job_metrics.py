"""What workers count, written down while they work."""

from typing import Any

import dramatiq

from gateway.usecases.tallies import Keeper


class Tallies(dramatiq.Middleware):
    """Writes the counts of a worker process down, every few seconds and when it ends. What is
    counted of each job stands in gateway/job_lines.py."""

    def __init__(self) -> None:
        self._keeper = Keeper()

    def after_worker_boot(self, broker: dramatiq.Broker, worker: Any) -> None:
        self._keeper.start()

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: Any) -> None:
        self._keeper.stop()

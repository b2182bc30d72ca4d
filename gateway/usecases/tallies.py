"""Writing down what the processes counted, so that whoever is asked can tell for all of them."""

import threading

import structlog

from gateway import metrics
from gateway.domain.errors import StoreUnavailable
from gateway.metrics import Series
from gateway.models.base import connection
from gateway.models.tally import Tally

log = structlog.get_logger(__name__)

EVERY = 5.0  # seconds between two writings of a process
LAST = 3.0  # seconds that the last writing may take: a platform does not wait for long
TIDY = 12  # writings between two looks whether there are rows to be put together


def write() -> None:
    """Write down what this process counted since the last time, over the connection that is open.
    What can't be written is kept for the next time."""
    counted = metrics.take()
    if not counted:
        return
    try:
        Tally.add(counted)
    except Exception:
        metrics.put_back(counted)
        raise


def totals() -> dict[Series, float]:
    """What all processes counted so far. Never less than anybody was told before."""
    write()
    return Tally.totals()


class Keeper:
    """Writes in a thread of its own, every few seconds, as long as it runs and once more at its
    end. A process that is killed loses the last few seconds of its counts, and nothing else."""

    def __init__(self, every: float = EVERY) -> None:
        self._every = every
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in the process that is to be counted: threads don't survive a fork."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="tallies", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write what is left and end."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join(LAST)
            self._thread = None

    def _run(self) -> None:
        turn = 0
        while not self._stop.wait(self._every):
            turn += 1
            self._write(tidy=turn % TIDY == 0)
        self._write(tidy=False)

    def _write(self, *, tidy: bool) -> None:
        try:
            with connection():
                write()
                if tidy:
                    Tally.put_together()
        except StoreUnavailable:
            pass  # said by everything else; what was counted is kept
        except Exception as error:  # noqa: BLE001 - counting must never end a process
            log.warning("counts not written", error=type(error).__name__)

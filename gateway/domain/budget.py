"""How many further tries an ailing carrier is asked to bear."""

import threading
from datetime import datetime


class RetryBudget:
    """A stock of further tries at one account, as one process keeps it: each first try adds a share
    of one, each second adds `per_second` (so that a lone one always goes soon), and never more
    than `stock` are saved up. It begins full. Safe to share between threads."""

    def __init__(self, share: float, per_second: float, stock: float) -> None:
        self._share, self._per_second, self._stock = share, per_second, stock
        self._left = stock
        self._at: datetime | None = None
        self._lock = threading.Lock()

    def earn(self) -> None:
        """Note a first try."""
        with self._lock:
            self._left = min(self._stock, self._left + self._share)

    def spend(self, now: datetime) -> bool:
        """Take one further try out of the stock; False when there is none left."""
        with self._lock:
            # A clock that was set back adds nothing, and takes nothing away.
            passed = (now - self._at).total_seconds() if self._at else 0.0
            self._left = min(self._stock, self._left + max(0.0, passed) * self._per_second)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True

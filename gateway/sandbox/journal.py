"""What was asked of the sandbox and what it sent: bounded memories for tests to look at."""

from collections import deque
from datetime import datetime
from threading import Lock
from typing import Any

from gateway.sandbox.wallclock import iso_micro

KEPT = 10_000


class Journal:
    """The last 10,000 placement requests and the last 10,000 callbacks, oldest first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._callbacks: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def note_request(self, now: datetime, **request: Any) -> None:
        """Remember a placement request; `status` is None where no status line was sent."""
        with self._lock:
            self._requests.append({"at": iso_micro(now), **request})

    def note_callback(self, now: datetime, **callback: Any) -> None:
        """Remember one attempt to deliver a callback; `status` is None if nothing came back."""
        with self._lock:
            self._callbacks.append({"at": iso_micro(now), **callback})

    def requests(self) -> list[dict[str, Any]]:
        """Placement requests in order of arrival."""
        with self._lock:
            return list(self._requests)

    def callbacks(self) -> list[dict[str, Any]]:
        """Callback attempts in the order in which they ended."""
        with self._lock:
            return list(self._callbacks)

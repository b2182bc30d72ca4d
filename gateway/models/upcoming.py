"""The earliest moment at which something falls due that this thread wrote: whoever wrote it can
tell whether a sleeping clock has to be woken."""

import threading
from datetime import datetime

_thread = threading.local()


def wrote(due: datetime | None) -> None:
    """A row was written that falls due then; None is no moment."""
    if due is not None:
        known = soonest()
        _thread.due = due if known is None else min(known, due)


def soonest() -> datetime | None:
    """The earliest moment since the last `forget`; None when there was none."""
    return getattr(_thread, "due", None)


def forget() -> None:
    """Begin anew, for this thread's next request or job."""
    _thread.due = None

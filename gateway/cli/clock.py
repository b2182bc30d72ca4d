"""The clock process: finds what is due and rings for it."""

import argparse
import signal
import threading
from types import FrameType

from gateway import boot
from gateway.cli import broker_check
from gateway.usecases import tallies


def run(args: argparse.Namespace) -> int:
    """Find what is due until SIGTERM or SIGINT; a fault that escapes ends it with status 1."""
    from tasks import clock

    broker_check.before_work()
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        # In a thread: a handler must not touch the lock that the clock may hold while it waits.
        threading.Thread(target=stop.set).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    boot.start()
    keeper = tallies.Keeper()
    keeper.start()
    clock.run(stop)
    keeper.stop()
    return 0

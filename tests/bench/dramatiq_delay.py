"""Dramatiq's own delay as a yardstick: `dramatiq_delay.py REDIS_URL N SECONDS OTHERS`.

N messages that are delayed to moments spread over some seconds, behind OTHERS that are delayed by
hours; a worker of eight threads with everything as Dramatiq has it. Prints one JSON object: how
many came, and how late, in milliseconds.
"""

import json
import sys
import threading
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker

LONGEST = 20.0  # seconds after the last one is due


def main() -> None:
    """Measure once."""
    url, count, seconds, others = sys.argv[1], *map(float, sys.argv[2:5])
    late: list[float] = []
    done = threading.Event()
    broker = RedisBroker(url=url, namespace="delays")  # type: ignore[no-untyped-call]

    @dramatiq.actor(broker=broker)
    def fire(due: float) -> None:
        late.append(time.time() * 1000 - due)
        if len(late) == count:
            done.set()

    for number in range(int(others)):
        fire.send_with_options(args=(0,), delay=7_200_000 + number)
    start = time.time() * 1000 + max(5000, count)
    for number in range(int(count)):
        due = start + number * seconds * 1000 / count
        fire.send_with_options(args=(due,), delay=int(due - time.time() * 1000) + 1)
    worker = dramatiq.Worker(broker, worker_threads=8)
    worker.start()
    done.wait(max(0.0, start / 1000 - time.time()) + seconds + LONGEST)
    found = sorted(late) or [float("nan")]
    figures = {f"p{cut}": found[int(cut / 100 * (len(found) - 1))] for cut in (50, 99)}
    print(json.dumps({"done": len(late), **figures, "max": found[-1]}), flush=True)
    worker.stop(timeout=1000)


if __name__ == "__main__":
    main()

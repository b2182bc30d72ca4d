"""A process that has everything imported and forks workers, clocks and webs on demand, so that each
one that a test kills costs milliseconds and not a second. Orders come as JSON lines on stdin:
{"roles": [...], "queues": [...], "fp": ..., "fp_n": ..., "port": ...} is answered by the process
id, {"poll": pid} by the status that process ended with (minus the signal), or null while it runs.
"""

import json
import os
import signal
import sys
import threading
from dataclasses import replace
from typing import Any

import dramatiq
from werkzeug.serving import make_server

from gateway import boot, settings
from gateway.http import create_app
from tasks import clock
from tasks.actors import events, voice  # noqa: F401 - a worker serves the actors it knows
from tasks.broker import broker


def _live(order: dict[str, Any]) -> None:
    """Be what was ordered until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=stop.set).start())
    chosen = replace(settings.current(), fp=order.get("fp"), fp_n=order.get("fp_n"))
    boot.start(chosen)
    roles = order["roles"]
    queues = set(order["queues"]) if "queues" in order else None
    worker = dramatiq.Worker(broker, queues=queues, worker_timeout=20, worker_threads=2)
    if "web" in roles:
        server = make_server("127.0.0.1", order["port"], create_app(chosen), threaded=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    if "worker" in roles:
        worker.start()
    ticking = threading.Thread(target=clock.run, args=(stop,), daemon=True)
    if "clock" in roles:
        ticking.start()
    stop.wait()
    if "worker" in roles:
        worker.stop(timeout=20_000)


def main() -> None:
    """Serve orders until stdin ends."""
    for line in sys.stdin:
        order = json.loads(line)
        answer: int | None
        if "poll" in order:
            pid, status = os.waitpid(order["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if answer == 0:
                os.close(0)
                _live(order)
                os._exit(0)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

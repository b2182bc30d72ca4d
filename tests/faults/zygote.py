"""A process that has everything imported and forks workers, clocks and webs on demand, so that each
one that a test kills costs milliseconds and not a second. Orders come as JSON lines on stdin:
{"roles": [...], "queues": [...], "fp": ..., "fp_n": ..., "port": ..., "log": ...} is answered by
the process id, {"poll": pid} by the status that process ended with (minus the signal), or null
while it runs, {"organization": name} by the ids and the test key of an organization made for it.
Any number of webs may share one port.
"""

import importlib
import json
import os
import signal
import socket
import sys
import threading
import uuid
from dataclasses import replace
from typing import Any

import dramatiq
from werkzeug.serving import BaseWSGIServer, make_server

from gateway import boot, settings, wallclock
from gateway.cli.children import end_with_parent
from gateway.cli.worker import MODULES
from gateway.http import create_app
from gateway.models import base
from gateway.usecases import accounts
from tasks import clock
from tasks.broker import broker
from tests import hours

for module in MODULES:
    importlib.import_module(module)  # a worker serves the actors it knows


def _live(order: dict[str, Any]) -> None:
    """Be what was ordered until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=stop.set).start())
    chosen = replace(settings.current(), fp=order.get("fp"), fp_n=order.get("fp_n"))
    if "log" in order:
        os.dup2(os.open(order["log"], os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600), 2)
        chosen = replace(chosen, log_level="INFO")
    boot.start(chosen)
    broker.broker_id = str(uuid.uuid4())  # as a process has that was not forked
    roles = order["roles"]
    queues = set(order["queues"]) if "queues" in order else None
    worker = dramatiq.Worker(broker, queues=queues, worker_timeout=20, worker_threads=2)
    if "web" in roles:
        server = _serve(order["port"], create_app(chosen))
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    if "worker" in roles:
        worker.start()
    ticking = threading.Thread(target=clock.run, args=(stop,), daemon=True)
    if "clock" in roles:
        ticking.start()
    while not stop.wait(0.5):
        pass  # a signal that another thread took is handled when this one next runs
    if "worker" in roles:
        worker.stop(timeout=20_000)


def _serve(port: int, app: Any) -> BaseWSGIServer:
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    own.bind(("127.0.0.1", port))
    own.listen(128)
    return make_server("127.0.0.1", port, app, threaded=True, fd=own.detach())


def _account(name: str) -> dict[str, str]:
    """Made by a child, so that the zygote itself never connects."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(theirs, json.dumps(_open_account(name)).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    made: dict[str, str] = json.loads(text or "{}")
    return made


def _open_account(name: str) -> dict[str, str]:
    boot.start(settings.current())
    with base.connection():
        now = wallclock.now()
        row = accounts.create_organization(name, "UTC", now)
        hours.none_are_quiet(row.id)
        scopes = list(accounts.SCOPES)
        return {
            "id": row.id,
            "key": accounts.create_key(row.id, "Fault suite", "test", scopes, now)[1],
        }


def main() -> None:
    """Serve orders until stdin ends."""
    for line in sys.stdin:
        order = json.loads(line)
        answer: int | dict[str, str] | None
        if "organization" in order:
            answer = _account(order["organization"])
        elif "poll" in order:
            pid, status = os.waitpid(order["poll"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if answer == 0:
                os.close(0)
                end_with_parent()
                _live(order)
                os._exit(0)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

"""Named places where a test may kill, stop, slow or break a process.

Armed only with GATEWAY_TESTING=1, by FP (`name[:nth]:kill|stop|exit|raise|sleep=SECONDS`, several
separated by commas) or FP_N (kill at the Nth failpoint hit of the process, whichever it is).
Unarmed, a hit costs one comparison.
"""

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


class Failed(RuntimeError):
    """What the action `raise` raises."""


@dataclass
class _Armed:
    actions: dict[str, list[tuple[int, str]]]
    kill_at: int | None
    observer: Callable[[str], None] | None = None
    hits: Counter[str] = field(default_factory=Counter)
    total: int = 0


_armed: _Armed | None = None


def arm(spec: str | None, kill_at: int | None = None) -> None:
    """Arm the failpoints named by FP and FP_N; with neither, disarm all."""
    global _armed
    actions: dict[str, list[tuple[int, str]]] = {}
    for item in filter(None, (spec or "").split(",")):
        name, *rest = item.strip().split(":")
        nth = int(rest.pop(0)) if len(rest) == 2 else 0
        actions.setdefault(name, []).append((nth, rest[0]))
    _armed = _Armed(actions, kill_at) if actions or kill_at else None


def observe(observer: Callable[[str], None] | None) -> None:
    """Have every failpoint of this process call `observer` with its name, which may raise what
    stands for the end of the process; None disarms all."""
    global _armed
    _armed = _Armed({}, None, observer) if observer else None


def hit(name: str) -> None:
    """Pass the failpoint `name`."""
    if _armed is None:
        return
    if _armed.observer is not None:
        _armed.observer(name)
        return
    _armed.hits[name] += 1
    _armed.total += 1
    if _armed.total == _armed.kill_at:
        sys.stderr.write(f"failpoint {name}\n")
        os.kill(os.getpid(), signal.SIGKILL)
    for nth, action in _armed.actions.get(name, ()):
        if nth in (0, _armed.hits[name]):
            _act(name, action)


def _act(name: str, action: str) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "stop":
        # To this very thread: sent to the process, another thread might take it a moment later.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
    elif action == "exit":
        os._exit(1)
    elif action == "raise":
        raise Failed(f"failpoint {name}")
    elif action.startswith("sleep="):
        time.sleep(float(action.removeprefix("sleep=")))

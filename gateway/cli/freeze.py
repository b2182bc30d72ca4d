"""`freeze` and `thaw`: holding everything that would leave, above all after a restore."""

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from gateway import wallclock
from gateway.cli import local_stack
from gateway.cli.main import Stopped
from gateway.domain.errors import NoProvider
from gateway.domain.provider import LookupFailed
from gateway.models import schema
from gateway.models.base import connection
from gateway.models.hold import Hold
from gateway.usecases import catching_up, freezing
from gateway.usecases.adoption import Changed

_ROUNDS = 3  # when processes work on the same rows meanwhile


def run(args: argparse.Namespace) -> int:
    """Freeze or thaw. Both may be repeated, whatever became of the time before."""
    local_stack.start(args.data)
    with connection():
        if schema.pending():
            raise Stopped("migrations are pending: run `python3 -m gateway migrate` first")
        return _freeze(args) if args.command == "freeze" else _thaw(args)


def _freeze(args: argparse.Namespace) -> int:
    hold, begun = freezing.freeze(args.reason, wallclock.now(), again=args.again)
    fields = _told(hold) | {"begun": begun}
    text = f"frozen since {fields['since']} ({hold.reason}): nothing leaves until `thaw`"
    text += f"\nThe last that this database knows of is of {fields['known_until']}."
    if not begun:
        text += "\nIt was frozen before. If you have just restored it: `freeze --again`."
    _show(args, fields, text)
    return 0


def _thaw(args: argparse.Namespace) -> int:
    hold = freezing.present()
    if hold is None:
        _show(args, {"frozen": False}, "nothing is frozen")
        return 0
    if args.without_catch_up:
        if not args.yes:
            raise Stopped("--without-catch-up may call people twice after a restore: add --yes", 2)
        freezing.lift(hold, wallclock.now())
        _show(args, {"frozen": False}, "thawed, without a look at what the providers have")
        return 0
    done = asdict(_caught_up(hold, dry=args.dry_run))
    counts = ", ".join(f"{name} {count}" for name, count in done.items())
    if args.dry_run:
        _show(args, _told(hold) | done, f"would be: {counts}; still frozen")
        return 0
    freezing.lift(hold, wallclock.now())
    _show(args, {"frozen": False} | done, f"thawed: {counts}")
    return 0


def _caught_up(hold: Hold, *, dry: bool) -> catching_up.CaughtUp:
    print("asking the providers what they have", file=sys.stderr, flush=True)
    for _ in range(_ROUNDS):
        try:
            return catching_up.run(hold, wallclock.now(), dry=dry)
        except LookupFailed as fault:
            raise Stopped(f"still frozen, nothing leaves: {fault}. Run `thaw` again") from None
        except NoProvider as fault:
            raise Stopped(f"still frozen, nothing leaves: {fault.detail}") from None
        except Changed:
            continue
    raise Stopped("still frozen: rows change all the time. Stop the workers and run `thaw` again")


def _told(hold: Hold) -> dict[str, Any]:
    return {
        "frozen": True,
        "since": hold.since.isoformat(timespec="seconds"),
        "reason": hold.reason,
        "known_until": (hold.known_until or hold.since).isoformat(timespec="seconds"),
    }


def _show(args: argparse.Namespace, fields: dict[str, Any], text: str) -> None:
    print(json.dumps(fields) if args.json else text)

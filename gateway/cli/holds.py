"""`holds`: what keeps calls back, and ending it by hand."""

import argparse
import json

from gateway.cli import local_stack
from gateway.models.base import connection
from gateway.usecases import holds

_BY_NAME = {"sender": "busy", "channel": "channel_unusable"}  # no holds, but what rows wait for


def run(args: argparse.Namespace) -> int:
    """List what holds calls back, with how many wait for it, or lift one hold."""
    local_stack.start(args.data)
    with connection():
        return _lift(args) if args.action == "lift" else _list(args)


def _list(args: argparse.Namespace) -> int:
    rows, waiting = holds.listed(), holds.rows_held()
    held = {row.scope: row for row in rows}
    for scope in [*held, *(scope for scope in waiting if scope not in held)]:
        row, count = held.get(scope), waiting.get(scope, 0)
        fields = {
            "scope": scope,
            "reason": row.reason if row else _BY_NAME.get(scope.partition("|")[0], "ended"),
            "since": row.since if row else None,
            "until": row.until if row else None,
            "asked_at": row.check_at if row else None,
            "waiting": count,
        }
        line = f"{scope}  {fields['reason']}  {count} waiting"
        if row is not None:
            line += f"  since {row.since:%Y-%m-%d %H:%M:%S} UTC"
            line += f", until {row.until:%H:%M:%S}" if row.until else ", until it is lifted"
        print(json.dumps(fields, default=str) if args.json else line)
    return 0


def _lift(args: argparse.Namespace) -> int:
    holds.lift(args.scope)
    print(json.dumps({"scope": args.scope, "lifted": True}) if args.json else "lifted")
    return 0

"""`cron`: what comes by the clock, for all organizations."""

import argparse
from typing import Any

from gateway import wallclock
from gateway.cli import by_hand, local_stack
from gateway.cli.main import Stopped
from gateway.http.admin_cron import cron_answer
from gateway.models.base import connection
from gateway.models.cron_job import CronJob
from gateway.usecases import cron, operators

OWN = "own"


def run(args: argparse.Namespace) -> int:
    """Do what `cron ACTION` asks. Works on the database itself."""
    changes = _changes(args)
    if args.action == "set" and not changes:
        raise Stopped("set needs --expression or --time-zone", 2)
    local_stack.start(args.data)
    now = wallclock.now()
    with connection():
        operator = operators.at_the_console(None, None)
        if args.action == "run":
            planned = cron.run_now(operator, args.name, now)
            told = {"name": args.name, "jobs": planned}
            by_hand.show(args, told, f"{args.name}: {planned} jobs planned")
            return 0
        if changes:
            cron.change(operator, args.name, now, **changes)
        for row in [cron.of(args.name, now)] if changes else cron.listed(now):
            _show(args, row)
    return 0


def _changes(args: argparse.Namespace) -> dict[str, Any]:
    if args.action in ("on", "off"):
        return {"enabled": args.action == "on"}
    found: dict[str, Any] = {}
    if args.action == "set" and args.expression is not None:
        found["expression"] = args.expression
    if args.action == "set" and args.time_zone is not None:
        found["time_zone"] = None if args.time_zone == OWN else args.time_zone
    return found


def _show(args: argparse.Namespace, row: CronJob) -> None:
    told = cron_answer(row, wallclock.now())
    last = f"last {told['last_run_at'] or '-'} {told['last_result'] or '-'}"
    following = f"next {told['next_run_at'] or 'never: it is off'}"
    left = f"{told['waiting']} waiting  {told['failed']} failed"
    words = (row.name, row.expression, row.time_zone or OWN, last, following, left)
    by_hand.show(args, told, "  ".join(words))

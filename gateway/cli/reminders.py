"""`reminders`: switching them off and on, and mending them, by hand."""

import argparse
from datetime import datetime, timedelta

from gateway import wallclock
from gateway.cli import by_hand, local_stack
from gateway.models.base import connection
from gateway.usecases import operators, rescan, switches
from gateway.usecases.operators import Operator
from gateway.usecases.rescan import Found


def run(args: argparse.Namespace) -> int:
    """Do what `reminders ACTION` asks. Works on the database itself."""
    local_stack.start(args.data)
    now = wallclock.now()
    with connection():
        operator = operators.at_the_console(by_hand.organization(args.organization), None)
        if args.action == "rescan":
            return _rescan(operator, args, now)
        if args.action == "reset":
            return _reset(operator, args, now)
        on = args.action == "on"
        changed = switches.reminders(operator, now, on=on)
        whose = "" if operator.reach.organization_id else " for all organizations"
        line = f"reminders are {args.action}{whose}"
        told = {"on": on, "changed": changed}
        by_hand.show(args, told, line if changed else f"{line}, as before")
    return 0


def _rescan(operator: Operator, args: argparse.Namespace, now: datetime) -> int:
    ahead = timedelta(minutes=args.ahead) if args.ahead else None
    total, part = Found(), Found(next=now)
    while part.next is not None:
        part = rescan.rescan(operator, now, dry_run=args.dry_run, since=part.next, ahead=ahead)
        total.bookings += part.bookings
        total.missing += part.missing
    told = {"dry_run": args.dry_run, "bookings": total.bookings, "missing": total.missing}
    what = "would be planned" if args.dry_run else "planned"
    by_hand.show(args, told, f"{total.bookings} bookings, {total.missing} reminders {what}")
    return 0


def _reset(operator: Operator, args: argparse.Namespace, now: datetime) -> int:
    done = rescan.reset(operator, now, dry_run=args.dry_run)
    told = {"dry_run": args.dry_run, **vars(done)}
    began = "would go on" if args.dry_run else "go on"
    line = f"{done.stalled} stalled, {done.waiting} waiting, {done.failed} failed: {began}"
    by_hand.show(args, told, line)
    return 0

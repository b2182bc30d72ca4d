"""`queues` and `kinds`: looking into the queues, pausing and clearing them."""

import argparse
from datetime import datetime
from typing import Any

from gateway import wallclock
from gateway.cli import by_hand, local_stack
from gateway.cli.main import Stopped
from gateway.http.job_answer import job_answer
from gateway.models.base import connection
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.usecases import accounts, dead_letters, operators, queues, switches
from gateway.usecases.accounts import Caller
from gateway.usecases.operators import Operator


def run(args: argparse.Namespace) -> int:
    """Do what `queues ACTION` or `kinds ACTION` asks. Works on the database itself."""
    if args.action in ("clear", "retry") and not (args.yes or args.dry_run):
        raise Stopped(f"{args.action} needs --yes (or --dry-run, to see what it would do)", 2)
    local_stack.start(args.data)
    now = wallclock.now()
    with connection():
        chosen = by_hand.organization(args.organization)
        operator = operators.at_the_console(chosen, args.mode)
        if args.action == "list":
            return _list(args, chosen, now)
        if args.action == "jobs":
            return _jobs(operator, args, now)
        if args.action in ("pause", "resume"):
            return _switch(operator, args, now)
        return _act(operator, args, now)


def _list(args: argparse.Namespace, chosen: str | None, now: datetime) -> int:
    part = "queues" if args.command == "queues" else "kinds"
    for organization in accounts.organizations():
        if chosen not in (None, organization.id):
            continue
        for mode in [args.mode] if args.mode else ("live", "test"):
            caller = Caller(organization, mode, frozenset(), "", operators.COMMAND_LINE)
            for row in queues.stats(caller, now)[part]:
                known = {"organization": organization.id, "mode": mode, **row}
                by_hand.show(args, known, _line(known, part[:-1]))
    return 0


def _line(row: dict[str, Any], name: str) -> str:
    words = ("waiting", "active", "delayed", "completed", "failed", "dead", "stalled")
    counts = "  ".join(f"{row[word]} {word}" for word in words if row[word])
    paused = "paused" if row["paused"] else "-"
    return f"{row['organization']}  {row['mode']:<4}  {row[name]:<12}  {paused:<6}  {counts}"


def _jobs(operator: Operator, args: argparse.Namespace, now: datetime) -> int:
    asked = {"queue": args.queue, "kind": args.kind, "state": args.state}
    filters = {name: value for name, value in asked.items() if value is not None}
    for row in queues.jobs(operator, filters, now, args.limit):
        told = {"organization": row.organization_id, "mode": row.mode, **job_answer(row)}
        by_hand.show(args, told, _job(row))
    return 0


def _job(row: Notification | Job) -> str:
    told = job_answer(row)
    tries = f"{told['attempts']} tries"
    words = (told["queue"], told["name"] or told["kind"], told["state"], tries, row.reason or "")
    return "  ".join((row.id, f"{row.due_at:%Y-%m-%d %H:%M}", *words, row.held_by or "")).rstrip()


def _switch(operator: Operator, args: argparse.Namespace, now: datetime) -> int:
    paused = args.action == "pause"
    switch = switches.pause_queue if args.command == "queues" else switches.pause_kind
    changed = switch(operator, args.name, now, paused=paused)
    told = {"name": args.name, "paused": paused, "changed": changed}
    whose = "" if operator.reach.organization_id else " for all organizations"
    line = f"{args.name} is {'paused' if paused else 'not paused'}{whose}"
    by_hand.show(args, told, line if changed else f"{line}, as before")
    return 0


def _act(operator: Operator, args: argparse.Namespace, now: datetime) -> int:
    if args.action == "retry":
        chosen = {"purpose": [switches.kind(args.name)]}
        done = operators.everything(
            dead_letters.replay, operator, chosen, now, dry_run=args.dry_run
        )
        by_hand.tell(args, done, "retry", "retried")
        return 0
    reach = operator.reach
    owners = [reach.organization_id] if reach.organization_id else _everybody()
    for owner in owners:
        its = operators.at_the_console(owner, reach.mode)
        done = queues.clear_all(its, args.name, now, dry_run=args.dry_run)
        by_hand.tell(args, done, "clear", "cleared")
    return 0


def _everybody() -> list[str]:
    return [str(row.id) for row in accounts.organizations()]

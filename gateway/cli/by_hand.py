"""What `dead-letters` and `parked-events` share: whom and what is meant, and what came of it."""

import argparse
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from gateway import wallclock
from gateway.cli import local_stack
from gateway.cli.main import Stopped
from gateway.domain import times
from gateway.domain.errors import Invalid
from gateway.http.admin_answer import tally
from gateway.models.base import connection
from gateway.usecases import accounts, operators
from gateway.usecases.operators import Operator, Tally

Work = Callable[..., Tally]
Look = Callable[[Operator, argparse.Namespace], int]


def run(args: argparse.Namespace, look: Mapping[str, Look], work: Mapping[str, Work]) -> int:
    """Look, or work on what is chosen. Raises Stopped and GatewayError."""
    if args.action in work:
        _one_choice(args)
    if args.action != "show":
        filters(args)  # before anything else: a slip of the hand needs no database
    local_stack.start(args.data)
    with connection():
        operator = operators.at_the_console(organization(args.organization), args.mode)
        if args.action in look:
            return look[args.action](operator, args)
        return _work(operator, args, work[args.action])


def filters(args: argparse.Namespace, *names: str) -> dict[str, Any]:
    """The filters among the options, as the use cases take them. Raises Stopped for a time that is
    none."""
    given: dict[str, Any] = {
        name: getattr(args, name) for name in names if getattr(args, name) is not None
    }
    for name in ("from_", "to"):
        if getattr(args, name) is not None:
            given[name] = _moment(getattr(args, name), "--" + name.rstrip("_"))
    if "from_" in given and "to" in given and given["from_"] > given["to"]:
        raise Stopped("--from must not lie after --to", 2)
    return given


def show(args: argparse.Namespace, row: Mapping[str, Any], line: str) -> None:
    """One row, for programs or for people."""
    print(json.dumps(row) if args.json else line)


def _named(args: argparse.Namespace) -> list[str]:
    names = ("object", "reason", "kind", "booking_id", "state", "provider", "from_", "to")
    return [name for name in names if getattr(args, name, None) is not None]


def _one_choice(args: argparse.Namespace) -> None:
    """Refuse to guess what is meant."""
    if args.all and not (args.yes or args.dry_run):
        raise Stopped("--all needs --yes (or --dry-run, to see what it would do)", 2)
    if sum((bool(args.ids), bool(_named(args)), args.all)) != 1:
        raise Stopped("name either ids, or filters such as --reason, or --all", 2)


def _work(operator: Operator, args: argparse.Namespace, work: Work) -> int:
    chosen = filters(args, *[name for name in _named(args) if name not in ("from_", "to")])
    if args.ids:
        chosen["ids"] = args.ids
    done = operators.everything(work, operator, chosen, wallclock.now(), dry_run=args.dry_run)
    tell(args, done, args.action, f"{args.action}ed")
    return 0


def tell(args: argparse.Namespace, done: Tally, doing: str, did: str) -> None:
    """What a replay, a discard or the like came to, or would come to."""
    began = f"would {doing}" if args.dry_run else did
    line = (
        f"{began} {done.notifications} notifications to {len(done.people)} people,"
        f" {done.events} events and {done.jobs} jobs; left alone: {done.expired} expired,"
        f" {done.skipped} skipped"
    )
    show(args, tally(done, dry_run=args.dry_run), line)


def _moment(text: str, option: str) -> datetime:
    try:
        return times.instant(text, None, option).at
    except Invalid as fault:
        raise Stopped(f"{option} {fault.detail}", 2) from None


def organization(asked: str | None) -> str | None:
    """The id of the organization named by id or name; None when none is named."""
    if asked is None:
        return None
    found = [row for row in accounts.organizations() if asked in (row.id, row.name)]
    if not found:
        raise Stopped("--organization takes an id or a name from `orgs list`", 2)
    return str(found[0].id)

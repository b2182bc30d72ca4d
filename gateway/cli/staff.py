"""`staff`: the people who sign in to the pages, from the command line."""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

from gateway import wallclock
from gateway.cli import accounts, local_stack
from gateway.cli.main import Stopped
from gateway.models.base import connection
from gateway.models.staff import Staff, StaffSession
from gateway.settings import Settings
from gateway.usecases import staff

MADE = "The password is shown this once."


def run(args: argparse.Namespace) -> int:
    """Do what `staff ACTION` asks. Works on the database itself."""
    password = _given(args)
    settings = local_stack.start(args.data)
    with connection():
        if args.action in ("add", "password"):
            return _with_password(args, password)
        if args.action == "sessions":
            return _sessions(args, settings)
        return _ACTIONS[args.action](args)


def _given(args: argparse.Namespace) -> str | None:
    """The password on stdin, where that is asked for; without its line's end."""
    if not getattr(args, "stdin", False):
        return None
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise Stopped("--stdin needs a password on stdin", 2)
    return line


def _with_password(args: argparse.Namespace, given: str | None) -> int:
    if args.action == "add":
        owner = accounts.find(args.organization) if args.organization else None
        wanted = staff.NewStaff(args.email, args.name, args.role, owner, given)
        row, password = staff.add(wanted, wallclock.now())
        told: dict[str, Any] = _told(row)
    else:
        password = staff.set_password(args.email, given)
        told = {"email": staff.find(args.email).email}
    line = told["email"] if given else f"{told['email']}  {password}\n{MADE}"
    _show(args, told if given else told | {"password": password}, line)
    return 0


def _list(args: argparse.Namespace) -> int:
    for row in Staff.listed():
        whose = row.organization.name if row.organization else "all organizations"
        state = f"disabled {row.disabled_at:%Y-%m-%d}" if row.disabled_at else "active"
        line = f"{row.email:<32}  {row.role:<8}  {state:<19}  {row.name}, {whose}"
        _show(args, _told(row), line)
    return 0


def _disable(args: argparse.Namespace) -> int:
    ended = staff.disable(args.email, wallclock.now())
    return _done(args, {"disabled": True, "sessions_ended": ended}, "disabled")


def _enable(args: argparse.Namespace) -> int:
    staff.enable(args.email)
    return _done(args, {"disabled": False}, "enabled")


def _set(args: argparse.Namespace) -> int:
    values = {name: getattr(args, name) for name in ("name", "role") if getattr(args, name)}
    if not values:
        raise Stopped("nothing to set: --name or --role is needed", 2)
    staff.change(args.email, values)
    return _done(args, values, "changed")


def _sessions(args: argparse.Namespace, settings: Settings) -> int:
    person, now = staff.find(args.email), wallclock.now()
    if args.end:
        ended = StaffSession.end_all(person.id)
        return _done(args, {"sessions_ended": ended}, f"{ended} sessions ended")
    since = now - wallclock.span(settings.staff_idle_seconds)
    for row in StaffSession.of(person.id, now, since):
        names = ("created_at", "seen_at", "ends_at")
        line = f"since {row.created_at:%Y-%m-%d %H:%M}, used {row.seen_at:%Y-%m-%d %H:%M} UTC"
        _show(args, {name: getattr(row, name) for name in names}, line)
    return 0


def _done(args: argparse.Namespace, told: Mapping[str, Any], line: str) -> int:
    email = staff.find(args.email).email
    _show(args, {"email": email, **told}, f"{email}: {line}")
    return 0


def _told(row: Staff) -> dict[str, Any]:
    names = ("id", "email", "name", "role", "organization_id", "created_at", "disabled_at")
    return {name: getattr(row, name) for name in names}


def _show(args: argparse.Namespace, row: Mapping[str, Any], line: str) -> None:
    print(json.dumps(row, default=str) if args.json else line)


_ACTIONS = {"list": _list, "disable": _disable, "enable": _enable, "set": _set}

"""The options of `staff`. Standard library only."""

import argparse

from gateway.cli import operator_arguments

ROLES = ("viewer", "support", "operator", "admin")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `staff` with its actions."""
    actions = commands.add_parser("staff", help="people who sign in to the pages").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    new = _of(actions, "add", "let somebody in; a password that is made is shown once")
    new.add_argument("--name", required=True, help="as the audit ledger names them")
    new.add_argument("--role", choices=ROLES, required=True)
    new.add_argument("--organization", metavar="ID|NAME", help="all of them without")
    change = _of(actions, "set", "another name or role; ends their sessions")
    change.add_argument("--name")
    change.add_argument("--role", choices=ROLES)
    password = _of(actions, "password", "another password; ends their sessions")
    for one in (new, password):
        one.add_argument("--stdin", action="store_true", help="read the password from stdin")
    sessions = _of(actions, "sessions", "where somebody is signed in")
    sessions.add_argument("--end", action="store_true", help="end all of them")
    every = (
        new, change, password, sessions,
        _of(actions, "disable", "keep somebody out; ends their sessions"),
        _of(actions, "enable", "let somebody in again"),
        actions.add_parser("list", help="all of them"),
    )  # fmt: skip
    for one in every:
        one.add_argument("--json", action="store_true", help="one JSON object a line")
        operator_arguments.of_a_stack(one)


def _of(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", action: str, told: str
) -> argparse.ArgumentParser:
    command = actions.add_parser(action, help=told)
    command.add_argument("email", metavar="EMAIL")
    return command

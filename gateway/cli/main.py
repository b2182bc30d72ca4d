"""Runs the command that was typed; each command's module is imported only when it is wanted."""

import argparse
import importlib
import sys

from gateway.domain.errors import GatewayError
from gateway.settings import InvalidSettings

MODULES = {
    "up": "gateway.cli.up",
    "demo": "gateway.cli.demo",
    "web": "gateway.cli.web",
    "worker": "gateway.cli.worker",
    "clock": "gateway.cli.clock",
    "sandbox": "gateway.cli.sandbox",
    "test": "gateway.cli.checks",
    "bench": "gateway.cli.measuring",
    "migrate": "gateway.cli.migrate",
    "doctor": "gateway.cli.doctor",
    "freeze": "gateway.cli.freeze",
    "thaw": "gateway.cli.freeze",
    "orgs": "gateway.cli.accounts",
    "keys": "gateway.cli.accounts",
    "staff": "gateway.cli.staff",
    "send-test": "gateway.cli.send_test",
    "holds": "gateway.cli.holds",
    "dead-letters": "gateway.cli.dead_letters",
    "parked-events": "gateway.cli.parked_events",
    "queues": "gateway.cli.queues",
    "kinds": "gateway.cli.queues",
    "reminders": "gateway.cli.reminders",
    "cron": "gateway.cli.cron",
}


class Stopped(Exception):
    """A command that can't go on: its text is for people, its status is the process's."""

    def __init__(self, reason: str, status: int = 1) -> None:
        super().__init__(reason)
        self.status = status


def run(args: argparse.Namespace) -> int:
    """Run the command. 2 when the settings or options can't be used, and why on stderr."""
    try:
        status: int = importlib.import_module(MODULES[args.command]).run(args)
    except InvalidSettings as error:
        return refuse(error)
    except GatewayError as error:
        print(f"ringback: {error.detail}", file=sys.stderr)
        return 2 if error.status == 422 else 1
    except Stopped as error:
        print(f"ringback: {error}", file=sys.stderr)
        return error.status
    return status


def refuse(error: InvalidSettings) -> int:
    """Print one line a variable, by name and never by value; the exit status is 2."""
    for name, why in sorted(error.problems.items()):
        print(f"{name} {why}", file=sys.stderr)
    return 2

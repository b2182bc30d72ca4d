"""The options of `doctor`. Standard library only."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from gateway.cli import operator_arguments


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `doctor` with its `--smoke`, and `doctor webhook`."""
    doctor = commands.add_parser("doctor", help="look for what is wrong and say what to do")
    doctor.add_argument("--smoke", action="store_true", help="then book, call and write for a test")
    doctor.add_argument("--url", metavar="URL", help="with --smoke: where the web is reached")
    doctor.add_argument("--organization", metavar="ID|NAME", help="with --smoke: on whose behalf")
    doctor.add_argument("--wait", type=float, default=60.0, metavar="SECONDS", help="at most (60)")
    webhook = doctor.add_subparsers(dest="action", metavar="ACTION").add_parser(
        "webhook", help="why a provider's callback was refused"
    )
    webhook.add_argument("--url", required=True, metavar="URL", help="the address it was sent to")
    webhook.add_argument("--signature", metavar="TEXT", help="what its header said")
    webhook.add_argument("--body", type=Path, metavar="FILE", help="its body; - is stdin")
    webhook.add_argument("--content-type", metavar="TYPE", help="what its header said")
    webhook.add_argument("--header", action="append", default=[], metavar="NAME:VALUE")
    webhook.add_argument("--at", type=_moment, metavar="TIME", help="when it came (now)")
    webhook.add_argument("--secret-file", type=Path, metavar="FILE", help="one more to try")
    for command in (doctor, webhook):
        command.add_argument("--json", action="store_true")
        operator_arguments.of_a_stack(command)


def _moment(raw: str) -> datetime:
    try:
        found = datetime.fromisoformat(raw)
    except ValueError:
        raise argparse.ArgumentTypeError("a time such as 2027-02-01T14:30:00Z is needed") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)

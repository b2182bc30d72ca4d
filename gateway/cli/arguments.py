"""What can be typed after `python3 -m gateway`. Standard library only: the bootstrap reads it
before anything is installed."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from gateway.cli import doctor_arguments, operator_arguments, staff_arguments


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command and its options; bad ones print the usage and end the process with status 2."""
    parser = build()
    args, rest = parser.parse_known_args(argv)
    if args.command == "test":
        args.pytest += rest
    elif args.command == "bench":
        args.options += rest
    elif rest:
        parser.error("unrecognized arguments: " + " ".join(rest))
    return args


def build() -> argparse.ArgumentParser:
    """The whole parser, one subcommand a process or task."""
    parser = argparse.ArgumentParser(
        prog="python3 -m gateway", description="Ringback: calls and messages for bookings."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _stack(commands)
    _processes(commands)
    _upkeep(commands)
    _freezing(commands)
    _accounts(commands)
    staff_arguments.add(commands)
    _send_test(commands)
    operator_arguments.add(commands)
    return parser


def _port(raw: str) -> int:
    if raw.isdecimal() and 1 <= int(raw) <= 65535:
        return int(raw)
    raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")


def _any_port(raw: str) -> int:
    return 0 if raw == "0" else _port(raw)


def _count(raw: str) -> int:
    if raw.isdecimal() and 1 <= int(raw) <= 256:
        return int(raw)
    raise argparse.ArgumentTypeError("a number from 1 to 256 is needed")


def _stack(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    up = commands.add_parser("up", help="run everything on this machine")
    demo = commands.add_parser("demo", help="run everything and watch a few bookings become calls")
    for command, data in ((up, "var"), (demo, None)):
        command.add_argument("--data", type=Path, default=data and Path(data), metavar="DIR")
        command.add_argument("--host", default="127.0.0.1", help="address the API listens on")
        command.add_argument("--port", type=_port, help="the API's port (PORT, else 8000)")
        command.add_argument("--sandbox-port", type=_port, help="the sandbox's port (8010)")
        command.add_argument("--smtp-port", type=_port, help="where its mail comes in (8025)")
        command.add_argument("--json", action="store_true", help="one JSON object a line")
    demo.add_argument("--once", action="store_true", help="end when the journey is complete")


def _processes(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    web = commands.add_parser("web", help="the API, webhooks and pages")
    web.add_argument("--host", help="address to listen on (0.0.0.0)")
    worker = commands.add_parser("worker", help="places calls, sends messages, applies events")
    worker.add_argument("--queues", metavar="A,B", help="only these queues")
    worker.add_argument("--threads", type=_count)
    worker.add_argument("--processes", type=_count)
    commands.add_parser("clock", help="finds what is due and rings for it")
    sandbox = commands.add_parser("sandbox", help="plays the providers, for tests and demos")
    sandbox.add_argument("--host", default="127.0.0.1")
    sandbox.add_argument("--port", type=_port)
    sandbox.add_argument("--smtp-port", type=_any_port, help="take mail there; 0: any free port")
    sandbox.add_argument("--ledger", type=Path, metavar="FILE", help="keep the ledger in a file")
    sandbox.add_argument("--ring-seconds", type=float)
    sandbox.add_argument("--talk-seconds", type=float)


def _upkeep(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    test = commands.add_parser("test", help="every check: format, lint, types, imports, tests")
    test.add_argument("pytest", nargs="*", metavar="PATH", help="what pytest gets; all without")
    test.add_argument("--coverage", action="store_true")
    test.add_argument("--fast", action="store_true", help="stop pytest at the first failure")
    _faults(test)
    bench = commands.add_parser("bench", help="measure it beside yardsticks", add_help=False)
    bench.add_argument("options", nargs=argparse.REMAINDER, metavar="NAME")
    migrate = commands.add_parser("migrate", help="bring the database up to date")
    migrate.add_argument("--to", metavar="NAME", help="up to this migration")
    migrate.add_argument("--down", action="store_true", help="with --to: back to that migration")
    migrate.add_argument("--status", action="store_true", help="list; status 1 if any is pending")
    operator_arguments.of_a_stack(migrate)
    doctor_arguments.add(commands)


def _faults(test: argparse.ArgumentParser) -> None:
    test.add_argument("--faults", nargs="*", metavar="NAME", help="the fault suite; all without")
    test.add_argument("--seed", type=int, default=1, help="decides every choice (1)")
    test.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    test.add_argument("--nemesis", type=float, metavar="SECONDS", help="kill everything so long")
    test.add_argument("--json", action="store_true", help="one JSON object a line")


def _freezing(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    freeze = commands.add_parser("freeze", help="hold back everything: first thing after a restore")
    freeze.add_argument("--reason", default="by hand", metavar="TEXT", help="up to 40 characters")
    freeze.add_argument("--again", action="store_true", help="frozen already: begin it anew")
    thaw = commands.add_parser("thaw", help="ask the providers what left already; let go the rest")
    thaw.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    thaw.add_argument("--without-catch-up", action="store_true", help="ask nobody; needs --yes")
    thaw.add_argument("--yes", action="store_true", help="yes, without")
    for command in (freeze, thaw):
        command.add_argument("--json", action="store_true")
        operator_arguments.of_a_stack(command)


def _send_test(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = commands.add_parser("send-test", help="send one message, or call; tell what became of it")
    one.add_argument("--channel", choices=("voice", "sms", "whatsapp", "email"), required=True)
    one.add_argument("--to", required=True, metavar="ADDRESS", help="E.164; by e-mail an address")
    one.add_argument("--text", default="This is a test.", help="what it says")
    one.add_argument("--organization", metavar="ID|NAME", help="not needed if there is one")
    one.add_argument("--mode", choices=("live", "test"), help="live, where that is set up")
    one.add_argument("--wait", type=float, default=60.0, metavar="SECONDS", help="at most (60)")
    one.add_argument("--json", action="store_true")
    operator_arguments.of_a_stack(one)


def _accounts(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    orgs = commands.add_parser("orgs", help="organizations").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    create = orgs.add_parser("create", help="make one")
    create.add_argument("name")
    create.add_argument("--time-zone", default="UTC", help="IANA name")
    change = orgs.add_parser("set", help="change one")
    change.add_argument("--organization", metavar="ID|NAME", help="not needed if there is one")
    change.add_argument(
        "--reminders", metavar="JSON", help="the rules of bookings without their own"
    )
    change.add_argument(
        "--repeats", metavar="JSON", help="when to call again who was busy or did not answer"
    )
    change.add_argument("--policy", metavar="JSON", help="quiet hours, caps and the like")
    change.add_argument("--locale", metavar="TAG", help="language of people of whom none is known")
    change.add_argument("--rate", metavar="N", help="at most so many a second; none: any number")
    keys = commands.add_parser("keys", help="API keys").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    make = keys.add_parser("create", help="make one; its secret is shown once")
    make.add_argument("--organization", metavar="ID|NAME", help="not needed if there is one")
    make.add_argument("--mode", choices=("live", "test"), required=True)
    make.add_argument("--name", default="command line")
    make.add_argument("--scopes", metavar="A,B", help="all but admin without")
    listing = keys.add_parser("list", help="all of them, without secrets")
    listing.add_argument("--organization", metavar="ID|NAME")
    revoke = keys.add_parser("revoke", help="end one at once")
    revoke.add_argument("id")
    every = (create, orgs.add_parser("list", help="all of them"), make, listing, revoke)
    for command in every:
        command.add_argument("--json", action="store_true")
    for command in (*every, change):
        operator_arguments.of_a_stack(command)

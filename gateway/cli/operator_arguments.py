"""The options of the commands that put things right by hand. Standard library only."""

import argparse
from pathlib import Path


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `holds`, `cron`, `queues`, `kinds`, `reminders`, `dead-letters`, `parked-events`."""
    _holds(commands)
    _cron(commands)
    _queues(commands)
    _reminders(commands)
    for command, what, show, act in (
        ("dead-letters", "what failed for good", "one, with its history", "send once more"),
        ("parked-events", "provider events not applied", "one", "try to apply once more"),
    ):
        actions = commands.add_parser(command, help=what).add_subparsers(
            dest="action", required=True, metavar="ACTION"
        )
        listing = actions.add_parser("list", help="all of them, newest first")
        single = actions.add_parser("show", help=show)
        single.add_argument("id")
        replay = actions.add_parser("replay", help=act)
        discard = actions.add_parser("discard", help="give up; it stays on record")
        if command == "dead-letters":
            listing.add_argument("--resolved", action="store_true", help="the closed ones instead")
        listing.add_argument("--limit", type=_limit, default=100, help="at most so many (100)")
        for one in (listing, replay, discard):
            _filters(one, command)
        for one in (replay, discard):
            one.add_argument("ids", nargs="*", metavar="ID")
            one.add_argument("--all", action="store_true", help="all there are; needs --yes")
            one.add_argument("--yes", action="store_true", help="yes, all of them")
            one.add_argument("--dry-run", action="store_true", help="only tell what would be done")
        for one in (listing, single, replay, discard):
            one.add_argument("--organization", metavar="ID|NAME", help="all of them without")
            one.add_argument("--mode", choices=("live", "test"), help="both without")
            one.add_argument("--json", action="store_true", help="one JSON object a line")
            of_a_stack(one)


def _holds(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    actions = commands.add_parser("holds", help="what keeps calls back").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    listing = actions.add_parser("list", help="all of them, and how many calls wait for each")
    lift = actions.add_parser("lift", help="end the hold on a provider account")
    lift.add_argument("scope", metavar="SCOPE", help="as `holds list` names it")
    for one in (listing, lift):
        one.add_argument("--json", action="store_true", help="one JSON object a line")
        of_a_stack(one)


def _cron(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    actions = commands.add_parser("cron", help="what comes by the clock").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    every = [actions.add_parser("list", help="all of them: last run, its result, next run")]
    every.append(_named(actions, "run", "do it now"))
    every.append(_named(actions, "on", "let it come; what was missed is not made up for"))
    every.append(_named(actions, "off", "let it rest"))
    change = _named(actions, "set", "another expression or time zone")
    change.add_argument("--expression", metavar="CRON", help="such as '0 1 * * *'")
    change.add_argument("--time-zone", metavar="ZONE", help="IANA, or `own`: each organization's")
    for one in (*every, change):
        one.add_argument("--json", action="store_true", help="one JSON object a line")
        of_a_stack(one)


def _queues(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for command, what in (("queues", "queue"), ("kinds", "kind of work")):
        actions = commands.add_parser(command, help=f"each {what}: counts, pauses").add_subparsers(
            dest="action", required=True, metavar="ACTION"
        )
        every = [actions.add_parser("list", help="counts of each, by organization and mode")]
        for action, told in (("pause", "hold it back"), ("resume", "let it go on")):
            every.append(_named(actions, action, told))
        if command == "queues":
            jobs = actions.add_parser("jobs", help="notifications and jobs, newest first")
            jobs.add_argument("--queue", choices=("voice", "messages", "timers", "background"))
            jobs.add_argument("--kind")
            jobs.add_argument("--state", help="waiting, active, delayed, completed, failed, dead …")
            jobs.add_argument("--limit", type=_limit, default=100, help="at most so many (100)")
            act = _named(actions, "clear", "discard its dead letters, hide what is finished")
            every.append(jobs)
        else:
            act = _named(actions, "retry", "replay its dead letters")
        act.add_argument("--yes", action="store_true", help="yes, all of them")
        act.add_argument("--dry-run", action="store_true", help="only tell what would be done")
        for one in [*every, act]:
            one.add_argument("--organization", metavar="ID|NAME", help="all of them without")
            switch = one.prog.endswith((" pause", " resume"))
            one.set_defaults(mode=None)
            if not switch:
                one.add_argument("--mode", choices=("live", "test"), help="both without")
            one.add_argument("--json", action="store_true", help="one JSON object a line")
            of_a_stack(one)


def _named(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", action: str, told: str
) -> argparse.ArgumentParser:
    command = actions.add_parser(action, help=told)
    command.add_argument("name", metavar="NAME")
    return command


def _reminders(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    actions = commands.add_parser("reminders", help="off and on; mend them").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    off = actions.add_parser("off", help="hold all reminders and nudges back")
    on = actions.add_parser("on", help="let them go on")
    rescan = actions.add_parser("rescan", help="plan what bookings ahead should have and have not")
    rescan.add_argument(
        "--ahead", type=_limit, metavar="MINUTES", help="bookings that start by then"
    )
    reset = actions.add_parser("reset", help="put back in line what is stuck")
    for one in (rescan, reset):
        one.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    for one in (off, on, rescan, reset):
        one.add_argument("--organization", metavar="ID|NAME", help="all of them without")
        one.add_argument("--json", action="store_true", help="one JSON object a line")
        of_a_stack(one)


def of_a_stack(command: argparse.ArgumentParser) -> None:
    """Let a command work on the stack that `up` runs in a folder."""
    command.add_argument(
        "--data", type=Path, metavar="DIR", help="the folder of the `up` to work on"
    )


def _filters(command: argparse.ArgumentParser, of: str) -> None:
    if of == "dead-letters":
        command.add_argument("--object", choices=("notification", "event", "job"))
        command.add_argument("--reason", help="why it failed")
        command.add_argument("--kind", help="of the notification, or the name of the job")
        command.add_argument("--booking-id", metavar="ID")
    else:
        command.add_argument("--state", choices=("parked", "dead", "unreadable"))
        command.add_argument("--provider")
    command.add_argument("--from", dest="from_", metavar="TIME", help="from this moment on")
    command.add_argument("--to", metavar="TIME", help="before this moment")


def _limit(raw: str) -> int:
    if raw.isdecimal() and 1 <= int(raw) <= 100_000:
        return int(raw)
    raise argparse.ArgumentTypeError("a number from 1 to 100000 is needed")

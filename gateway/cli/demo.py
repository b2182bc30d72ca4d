"""`demo`: a stack of its own, a few bookings, and the calls that come of them, line by line."""

import argparse
import shutil
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from gateway import wallclock
from gateway.cli.api import Api
from gateway.cli.credentials import Credentials
from gateway.cli.journey import Journey
from gateway.cli.main import Stopped
from gateway.cli.reporter import Reporter
from gateway.cli.salon_day import SalonDay
from gateway.cli.stack import Options, Stack
from gateway.cli.supervisor import Interrupted
from gateway.settings import environment

_JOURNEY_SECONDS = 120.0
_SETTLE_SECONDS = 1.0  # time for a call too many to show itself


def run(args: argparse.Namespace) -> int:
    """0 when the journey was complete and the provider was asked for exactly what was planned;
    Ctrl-C before that is 1, and so is anything missing after 120 s."""
    reporter = Reporter(args.json)
    data = args.data or _fresh_folder()
    done = False
    try:
        done = _play(args, data, reporter)
    finally:
        logs = data / "logs"
        if not done and logs.exists():
            reporter.note(f"the journey was not completed; the logs are in {logs}")
        elif args.data is None:
            shutil.rmtree(data, ignore_errors=True)
    return 0 if done else 1


def _fresh_folder() -> Path:
    Path("var").mkdir(mode=0o700, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="demo-", dir="var")).resolve()


def _play(args: argparse.Namespace, data: Path, reporter: Reporter) -> bool:
    given = environment()
    clock = None if given.get("DATABASE_URL") or given.get("GATEWAY_CLOCK_FILE") else data / "clock"
    extra = {"GATEWAY_TESTING": "1", "GATEWAY_CLOCK_FILE": str(clock)} if clock else {}
    options = Options(data, args.host, args.port, args.sandbox_port, args.smtp_port)
    stack = Stack(options, reporter, **extra)
    wallclock.follow(str(clock) if clock else given.get("GATEWAY_CLOCK_FILE"))
    done = False
    try:
        credentials = stack.start()
        _ready(stack, credentials)
        done = _follow(stack, credentials, clock, busy=not args.once)
        if not args.once:
            _where_to_look(stack, credentials)
            while True:
                stack.supervisor.tick()
    except Interrupted:
        reporter.note("stopping")
    finally:
        stack.stop()
    return done


def _ready(stack: Stack, credentials: Credentials) -> None:
    fields = {"api": stack.api, "sandbox": stack.sandbox, "key": credentials.test_key}
    text = f"\nRingback is ready: {stack.api}. Booking a few appointments:"
    stack.reporter.event("ready", text, **fields, organization=credentials.organization)


def _follow(stack: Stack, credentials: Credentials, clock: Path | None, busy: bool) -> bool:
    api = Api(stack.api, credentials.test_key, stack.http)
    journey = Journey(api, stack.sandbox, stack.reporter)
    begun = time.monotonic()
    journey.begin(wallclock.now(), busy)
    while not journey.complete:
        if time.monotonic() - begun > _JOURNEY_SECONDS:
            raise Stopped("not over after 120 s: " + ", ".join(journey.unfinished()))
        journey.step()
        if clock:
            _skip_waiting(journey, clock, stack.reporter)
        stack.supervisor.tick()
    settled = time.monotonic() + _SETTLE_SECONDS
    while time.monotonic() < settled:
        stack.supervisor.tick()
    wrong = journey.differences()
    if wrong:
        raise Stopped("the provider was not asked for what was planned: " + "; ".join(wrong))
    calls = len(journey.planned)
    stack.reporter.event("called", f"All {calls} calls are over, each placed once.", calls=calls)
    if clock:
        stack.reporter.note(
            "\nA day at a salon, at speed. Each line says what happened, in its time:"
        )
        day = SalonDay(api, stack.reporter, str(clock))
        day.play(begun + _JOURNEY_SECONDS, stack.supervisor.tick)
    seconds = round(time.monotonic() - begun, 1)
    text = f"The demo is complete, in {seconds} s."
    stack.reporter.event("complete", text, calls=calls, seconds=seconds)
    return True


def _skip_waiting(journey: Journey, clock: Path, reporter: Reporter) -> None:
    """When all that is left is far off, set the clock of the whole stack forward."""
    due, now = journey.next_due(), wallclock.now()
    if due and due - now > timedelta(seconds=15):
        wallclock.set_reading(str(clock), due - timedelta(seconds=2))
        reporter.note(f"  (setting the demo's clock forward by {(due - now).seconds - 2} s)")


def _where_to_look(stack: Stack, credentials: Credentials) -> None:
    key = f'-H "Authorization: Bearer {credentials.test_key}"'
    lines = (
        "",
        f"Everything keeps running. The API's reference, to try out: {stack.api}/docs",
        f"  curl {key} {stack.api}/api/v1/calls",
        f"  curl {key} {stack.api}/api/v1/bookings",
        f"  curl {key} -H 'Content-Type: application/json' \\",
        f"""       -d '{{"to": "+12025550100", "say": "Hello"}}' {stack.api}/api/v1/calls""",
        f"  curl {stack.sandbox}/sandbox/ledger      # what the provider was asked for",
        "Ctrl-C stops everything.",
    )
    stack.reporter.note("\n".join(lines))

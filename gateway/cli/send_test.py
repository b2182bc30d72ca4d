"""One message, or one call, the way that every other goes: through the clock, a worker and the
carrier."""

import argparse
import json
import sys
import time
from datetime import timedelta

from marshmallow import ValidationError, validate

from gateway import wallclock
from gateway.cli import local_stack
from gateway.cli.accounts import find
from gateway.cli.main import Stopped
from gateway.domain import phone
from gateway.domain.lifecycle import NotificationState
from gateway.models import attempts
from gateway.models.base import connection
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.usecases import readiness, requests
from gateway.usecases.accounts import Caller
from gateway.usecases.operators import COMMAND_LINE
from gateway.usecases.requests import Asked

SOON = timedelta(seconds=1)  # due in a moment, so that a clock finds it as it finds all others
PAUSE = 0.2


def run(args: argparse.Namespace) -> int:
    """Do what `send-test` asks; 0 when somebody was reached, 1 when not, or not in time."""
    local_stack.start(args.data)
    with connection():
        organization = Organization.get_by_id(find(args.organization))
        mode = args.mode or _mode(organization.id, args.channel)
        row = _request(args, organization, mode)
        print(f"{row.id}: by {args.channel}, in {mode} mode", file=sys.stderr)
        row = _wait(row, args.wait)
        told = _told(row)
    ended = row.finished_at is not None
    line = "  ".join(str(value) for value in told.values() if value is not None)
    print(json.dumps(told) if args.json else line)
    if not ended:
        print(f"not over after {args.wait:g} seconds", file=sys.stderr)
    return 0 if row.state == NotificationState.REACHED else 1


def _mode(organization_id: str, channel: str) -> str:
    return "live" if readiness.usable(organization_id, "live", channel) else "test"


def _request(args: argparse.Namespace, organization: Organization, mode: str) -> Notification:
    caller = Caller(organization, mode, frozenset(), COMMAND_LINE, COMMAND_LINE)
    now = wallclock.now()
    words = {"say" if args.channel == "voice" else "text": args.text}
    asked = Asked(channel=args.channel, to=_address(args, mode), words=words, send_at=now + SOON)
    return requests.request(caller, asked, now).notification


def _address(args: argparse.Namespace, mode: str) -> str:
    if args.channel != "email":
        return phone.e164(args.to, "to", test=mode == "test")
    try:
        return str(validate.Email()(args.to))
    except ValidationError:
        raise Stopped("--to must be an e-mail address for this channel", 2) from None


def _wait(row: Notification, seconds: float) -> Notification:
    """The row when it has an outcome, or when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        row = Notification.get_by_id(row.id)
        if row.finished_at is not None or time.monotonic() >= deadline:
            return row
        time.sleep(PAUSE)


def _told(row: Notification) -> dict[str, str | None]:
    made = attempts.latest(row)
    return {
        "notification": row.id,
        "state": str(row.state),
        "reason": str(row.reason) if row.reason else None,
        "attempt": made.id if made else None,
        "attempt_state": str(made.state) if made else None,
        "provider": made.provider if made else None,
        "provider_code": made.provider_code if made else None,
    }

"""`doctor --smoke`: after a deployment, one booking, one call and one message in test mode, the way
that all others go: HTTP, database, clock, Redis, worker, provider (the sandbox) and its callbacks.
"""

import argparse
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import requests

from gateway import wallclock
from gateway.cli.accounts import find
from gateway.cli.api import Api
from gateway.cli.broker_check import ERROR, OK, WARNING
from gateway.cli.main import Stopped
from gateway.domain.errors import GatewayError
from gateway.models.base import connection
from gateway.models.notification import Notification
from gateway.settings import Settings
from gateway.usecases import accounts

Step = tuple[str, str, str]
SCOPES = ("bookings:read", "bookings:write", "calls:read", "calls:write",
          "messages:read", "messages:write")  # fmt: skip
_NOT_OVER = ("placing", "queued", "initiated", "ringing", "in-progress", "sending", "sent",
             "unknown")  # fmt: skip
_PAUSE = 0.25


@dataclass(frozen=True)
class _Run:
    api: Api
    wait: float
    phone: str
    began: datetime


def steps(settings: Settings, args: argparse.Namespace) -> Iterator[Step]:
    """Each step and how it went; the first that fails is the last. The key that is made for it ends
    with it; the rows stay, in test mode, as those of every test do."""
    if not settings.sandbox_url:
        text = (
            "needs SANDBOX_URL; without a sandbox: `send-test --mode live` to a telephone of yours"
        )
        yield ERROR, "smoke", text
        return
    http = requests.Session()
    http.trust_env = False
    url = (args.url or settings.public_url).rstrip("/")
    done = _web(http, url)
    yield done
    if done[0] == ERROR:
        return
    now = wallclock.now()
    with connection():
        organization = find(args.organization)
        key, secret = accounts.create_key(organization, "smoke test", "test", SCOPES, now)
    try:
        phone = f"+120255501{random.randrange(45, 100)}"
        run = _Run(Api(url, secret, http), args.wait, phone, now)
        for name, step in (("booking", _booking), ("call", _call), ("message", _message)):
            done = _tried(name, step, run)
            yield done
            if done[0] == ERROR:
                return
    finally:
        with connection():
            accounts.revoke_key(key.id, wallclock.now())


def _tried(name: str, step: Callable[[_Run], tuple[str, str]], run: _Run) -> Step:
    begun = time.monotonic()
    try:
        level, text = step(run)
    except (Stopped, GatewayError) as fault:
        return ERROR, f"smoke {name}", str(fault)
    return level, f"smoke {name}", f"{text} ({time.monotonic() - begun:.1f} s)"


def _web(http: requests.Session, url: str) -> Step:
    try:
        said = http.get(f"{url}/health/ready", timeout=10).json()["status"]
    except (requests.RequestException, ValueError, KeyError, TypeError):
        return ERROR, "smoke web", f"no answer at {url}: name another address by --url"
    level = {"ok": OK, "degraded": WARNING}.get(said, ERROR)
    return level, "smoke web", f"{url}/health/ready says {said}"


def _booking(run: _Run) -> tuple[str, str]:
    """Booked, planned, canceled: nothing of it leaves."""
    starts = run.began + timedelta(days=3)
    made = run.api.post(
        "/api/v1/bookings",
        {
            "starts_at": _written(starts),
            "contact": {"name": "Smoke test", "phone": run.phone},
            "reminders": [{"kind": "before", "minutes": 60, "channel": "voice"}],
        },
    )
    states = {each["state"] for each in made["reminders"]}
    gone = run.api.delete(f"/api/v1/bookings/{made['id']}")
    if states != {"scheduled"} or gone["state"] != "canceled":
        return ERROR, f"{made['id']}: its reminder was {states}, it is {gone['state']}"
    return OK, f"{made['id']}: booked, reminder planned, canceled"


def _call(run: _Run) -> tuple[str, str]:
    asked = {"to": run.phone, "say": "This is a test."}
    return _followed(run, "calls", asked, "completed")


def _message(run: _Run) -> tuple[str, str]:
    asked = {"to": run.phone, "channel": "sms", "text": "This is a test."}
    return _followed(run, "messages", asked, "delivered")


def _followed(run: _Run, kind: str, asked: dict[str, Any], wanted: str) -> tuple[str, str]:
    """Ask for one and see it through; by callbacks, not by look-ups alone."""
    soon = {"send_at": _written(run.began + timedelta(seconds=1))}
    notification = run.api.post(f"/api/v1/{kind}", {**asked, **soon})["id"]
    row = _ended(run, kind, notification)
    if row is None:
        return ERROR, f"{notification}: {_why_nothing(notification)}"
    if row["state"] != wanted:
        why = f", {row['failure']['reason']}" if row.get("failure") else ""
        return ERROR, f"{row['id']}: {row['state']}{why} after {run.wait:g} s"
    told = run.api.get(f"/api/v1/{kind}/{row['id']}").get("events", [])
    if not any(event["source"] == "webhook" for event in told):
        text = "but no callback came: PUBLIC_BASE_URL is not where the provider reaches the web"
        return WARNING, f"{row['id']}: {wanted}, {text}"
    return OK, f"{row['id']}: {wanted}, told by {len(told)} callbacks"


def _why_nothing(notification: str) -> str:
    with connection():
        kept = Notification.get_by_id(notification)
    if kept.finished_at is not None:
        return f"{kept.state}, {kept.reason}: nothing left for it"
    return f"still {kept.state}: no worker or no clock runs, or it is held back (`holds list`)"


def _ended(run: _Run, kind: str, notification: str) -> dict[str, Any] | None:
    """Its call or message when that is over, or as it is when the time is."""
    deadline = time.monotonic() + run.wait
    path = f"/api/v1/{kind}?limit=50&phone={quote(run.phone)}"
    while True:
        rows = run.api.get(path)["data"]
        row = next((one for one in rows if one["notification_id"] == notification), None)
        if (row and row["state"] not in _NOT_OVER) or time.monotonic() >= deadline:
            return row
        time.sleep(_PAUSE)


def _written(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

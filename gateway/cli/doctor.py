"""`doctor`: looks at everything that Ringback needs and says what to do about what is wrong."""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

import requests

from gateway import boot
from gateway.cli import broker_check, clock_check, local_stack, smoke
from gateway.cli.broker_check import ERROR, OK, WARNING
from gateway.domain.errors import StoreUnavailable
from gateway.models import schema
from gateway.models.base import connection
from gateway.models.hold import EVERYTHING, Hold
from gateway.providers import all_providers, for_channel
from gateway.settings import InvalidSettings, Settings, current

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Finding:
    """One line: how bad, about what, and what to do. Never holds a secret."""

    level: str
    about: str
    text: str


def run(args: argparse.Namespace) -> int:
    """Print every finding; 1 if any is an error. Then, with `--smoke`, what it came to. `doctor
    webhook` is another matter."""
    if args.action == "webhook":
        from gateway.cli import doctor_webhook

        return doctor_webhook.run(args)
    worst = 0
    for finding in _everything(args):
        if args.json:
            print(json.dumps(asdict(finding)), flush=True)
        else:
            print(f"{finding.level:<8} {finding.about:<24} {finding.text}", flush=True)
        worst = max(worst, finding.level == ERROR)
    return int(worst)


def _everything(args: argparse.Namespace) -> Iterator[Finding]:
    sound = True
    for finding in examine(args.data):
        sound = sound and finding.level != ERROR
        yield finding
    if args.smoke and sound:
        for step in smoke.steps(current(), args):
            yield Finding(*step)
    elif args.smoke:
        yield Finding(ERROR, "smoke", "not begun: put right first what is wrong above")


def examine(data: Path | None = None) -> Iterator[Finding]:
    """Everything that can be found out from here, one after the other; of the `up` in this folder,
    if there is one named. Raises Stopped when none ran there."""
    try:
        settings = local_stack.start(data) if data else boot.start(Settings.from_env())
    except InvalidSettings as error:
        for name, why in sorted(error.problems.items()):
            yield Finding(ERROR, name, f"{why}; docs/settings.md explains it")
        yield Finding(WARNING, "all else", "is looked at once the settings are right")
        return
    yield Finding(OK, "settings", "can be used")
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _database,
        _redis,
        _clocks,
        _public_url,
        _providers,
        _sandbox,
    )
    for check in checks:
        yield from check(settings)


def _database(settings: Settings) -> Iterator[Finding]:
    kind = "PostgreSQL" if settings.database_url.startswith("postgresql") else "SQLite"
    try:
        with connection():
            pending = schema.pending()
    except StoreUnavailable:
        text = f"{kind} can't be reached: check DATABASE_URL and that the server runs"
        yield Finding(ERROR, "database", text)
        return
    if pending:
        text = f"{len(pending)} migrations are pending: run `python3 -m gateway migrate`"
        yield Finding(ERROR, "database", text)
        return
    yield Finding(OK, "database", f"{kind}, migrations up to date")
    if not settings.reminders_enabled:
        text = "is false: all reminders and nudges are held back, and go on when it is true"
        yield Finding(WARNING, "REMINDERS_ENABLED", text)
    with connection():
        holds = Hold.listed()
    for hold in holds:
        since = f"since {hold.since:%Y-%m-%d %H:%M} UTC ({hold.reason})"
        if hold.scope == EVERYTHING:
            text = f"frozen {since}: nothing leaves until `gateway thaw`"
            yield Finding(WARNING, "sending", text)
        else:
            text = f"held back {since}: nothing leaves there; see `gateway holds list`"
            yield Finding(WARNING, hold.scope, text)


def _redis(settings: Settings) -> Iterator[Finding]:
    for level, about, text in broker_check.findings(settings):
        yield Finding(level, about, text)


def _clocks(settings: Settings) -> Iterator[Finding]:
    for level, about, text in clock_check.findings(settings):
        yield Finding(level, about, text)


def _public_url(settings: Settings) -> Iterator[Finding]:
    host = urlsplit(settings.public_url).hostname
    live = any(
        provider.routes and any(provider.account("live", channel) for channel in provider.channels)
        for provider in all_providers()
    )
    named = (getattr(settings, each.name) for each in fields(settings) if _is_address(each.name))
    stand_in = any(url and urlsplit(url).hostname in _LOOPBACK for url in named)
    if host not in _LOOPBACK:
        yield Finding(OK, "PUBLIC_BASE_URL", f"providers call back to {host}")
    elif live and not stand_in:
        text = "is loopback, where no provider can call back: set your https:// address"
        yield Finding(ERROR, "PUBLIC_BASE_URL", text)
    else:
        yield Finding(OK, "PUBLIC_BASE_URL", "loopback, which does for the sandbox")


def _is_address(name: str) -> bool:
    """Whether this setting says where a carrier is, such as a stand-in on this machine."""
    return name.endswith(("_api_base_url", "_api_url"))


def _providers(settings: Settings) -> Iterator[Finding]:
    chosen = for_channel("voice")
    if not chosen.account("live"):
        text = f"{chosen.name} places live calls and is not configured: only test keys can call"
        yield Finding(WARNING, "VOICE_PROVIDER", text)
    elif not chosen.sender("live"):
        name = "TWILIO_FROM_NUMBER" if chosen.name == "twilio" else "VOICE_PROVIDER_FROM_NUMBER"
        yield Finding(ERROR, name, "is missing: live calls have no number to come from")
    # These have settings of their own to be chosen by; unset, nobody misses them.
    asked = {"whatsapp": settings.whatsapp_provider != "twilio", "email": settings.email_provider}
    for channel in (channel for channel, explicit in asked.items() if explicit):
        chosen = for_channel(channel)
        if not chosen.account("live", channel):
            text = f"{chosen.name} is chosen and not configured: only test keys can write"
            yield Finding(WARNING, f"{channel.upper()}_PROVIDER", text)
    for provider in all_providers():
        lines = [(mode, channel) for mode in ("live", "test") for channel in provider.channels]
        if not any(provider.account(*line) for line in lines):
            continue
        problem = provider.check()
        level = ERROR if problem else OK
        text = problem or "answers and takes our credentials"
        yield Finding(level, f"provider {provider.name}", text)


def _sandbox(settings: Settings) -> Iterator[Finding]:
    if not settings.sandbox_url:
        text = "is not set: test keys can't place anything (`python3 -m gateway sandbox`)"
        yield Finding(WARNING, "SANDBOX_URL", text)
        return
    session = requests.Session()
    session.trust_env = False
    try:
        session.get(f"{settings.sandbox_url}/sandbox/ledger", timeout=5).raise_for_status()
    except requests.RequestException:
        text = "does not answer: start `python3 -m gateway sandbox` or unset SANDBOX_URL"
        yield Finding(ERROR, "sandbox", text)
    else:
        yield Finding(OK, "sandbox", "answers")

"""`doctor`: looks at everything that Ringback needs and says what to do about what is wrong."""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from gateway import boot
from gateway.cli import broker_check, local_stack
from gateway.cli.broker_check import ERROR, OK, WARNING
from gateway.domain.errors import StoreUnavailable
from gateway.models import schema
from gateway.models.base import connection
from gateway.models.hold import EVERYTHING, Hold
from gateway.providers import all_providers
from gateway.settings import InvalidSettings, Settings

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Finding:
    """One line: how bad, about what, and what to do. Never holds a secret."""

    level: str
    about: str
    text: str


def run(args: argparse.Namespace) -> int:
    """Print every finding; 1 if any is an error."""
    worst = 0
    for finding in examine(args.data):
        if args.json:
            print(json.dumps(asdict(finding)), flush=True)
        else:
            print(f"{finding.level:<8} {finding.about:<24} {finding.text}", flush=True)
        worst = max(worst, finding.level == ERROR)
    return int(worst)


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


def _public_url(settings: Settings) -> Iterator[Finding]:
    host = urlsplit(settings.public_url).hostname
    live = settings.twilio_account_sid or settings.voice_provider_api_url
    stand_in = settings.twilio_api_base_url or settings.voice_provider_api_url
    if host not in _LOOPBACK:
        yield Finding(OK, "PUBLIC_BASE_URL", f"providers call back to {host}")
    elif live and urlsplit(stand_in or "").hostname not in _LOOPBACK:
        text = "is loopback, where no provider can call back: set your https:// address"
        yield Finding(ERROR, "PUBLIC_BASE_URL", text)
    else:
        yield Finding(OK, "PUBLIC_BASE_URL", "loopback, which does for the sandbox")


def _providers(settings: Settings) -> Iterator[Finding]:
    configured = {
        "twilio": settings.twilio_account_sid,
        "voice_api": settings.voice_provider_api_url,
    }
    sender = {
        "twilio": settings.twilio_from_number,
        "voice_api": settings.voice_provider_from_number,
    }
    chosen = settings.voice_provider
    if not configured.get(chosen):
        text = f"{chosen} places live calls and is not configured: only test keys can call"
        yield Finding(WARNING, "VOICE_PROVIDER", text)
    elif not sender.get(chosen):
        name = "TWILIO_FROM_NUMBER" if chosen == "twilio" else "VOICE_PROVIDER_FROM_NUMBER"
        yield Finding(ERROR, name, "is missing: live calls have no number to come from")
    for provider in all_providers():
        if not configured.get(provider.name) and provider.account("test") is None:
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

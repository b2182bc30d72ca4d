"""/health: up or not, in words that tell an outsider nothing else."""

import threading
import time
from typing import Any

import structlog
from flask import Response
from marshmallow import Schema, fields

from gateway import providers, wallclock
from gateway.domain.channel_plan import CHANNELS
from gateway.domain.errors import StoreUnavailable
from gateway.domain.provider import Provider
from gateway.http.answers import moment, send, text, when
from gateway.http.arguments import Blueprint
from gateway.models import schema
from gateway.models.base import connection
from gateway.models.hold import PROVIDER, Hold, provider_scope
from gateway.usecases import holds, readiness
from tasks import broker, redis_client

log = structlog.get_logger("gateway.http.health")

blueprint = Blueprint("health", __name__, url_prefix="/health", description="Is it up?")
KEPT_SECONDS = 15.0


class Alive(Schema):
    """The process answers."""

    status = text(enum=["ok"])


class Ready(Schema):
    """Whether bookings can be taken (database, migrations) and workers be woken (broker)."""

    status = text(enum=["ok", "degraded", "unavailable"])
    database = text(enum=["ok", "unreachable"])
    migrations = text(enum=["ok", "pending", "unknown"])
    broker = text(enum=["ok", "unreachable", "refusing"])


class AccountHealth(Schema):
    """One account of a provider, by what it is used for: its name is nobody's business here."""

    mode = text("null for one that only organizations' own senders use", null=True)
    channels = fields.List(fields.String(), required=True)
    hold = text(enum=["none", "breaker", "paused", "unknown"])
    since = when(null=True)
    until = when(null=True)


class ProviderHealth(Schema):
    """One provider."""

    name = text()
    status = text(enum=["ok", "held", "failing", "not-configured"])
    accounts = fields.List(fields.Nested(AccountHealth), required=True)


class ProvidersHealth(Schema):
    """Whether every configured provider is there, takes our credentials and may be used."""

    status = text(enum=["ok", "held", "failing", "not-configured"])
    providers = fields.List(fields.Nested(ProviderHealth), required=True)


@blueprint.route("", methods=["GET"])
@blueprint.doc(operationId="health", summary="Is the process up?", security=[])
@blueprint.response(200, Alive)
def alive() -> Response:
    """Asks nothing else: for a platform that restarts what does not answer."""
    return send(200, {"status": "ok"})


@blueprint.route("/ready", methods=["GET"])
@blueprint.doc(operationId="ready", summary="Can requests be taken?", security=[])
@blueprint.response(200, Ready)
@blueprint.alt_response(503, schema=Ready, description="The database or its schema is not ready")
def ready() -> Response:
    """An absent broker only degrades: bookings are taken all the same, and calls go out when it is
    back. `refusing`: it answers and takes nothing (full, a replica, a wrong password or
    certificate); `python -m gateway doctor` tells which."""
    database, migrations = _database()
    standing = redis_client.standing(broker.broker.client)
    works = (database, migrations) == ("ok", "ok")
    body = {
        "status": "unavailable" if not works else "ok" if standing == "ok" else "degraded",
        "database": database,
        "migrations": migrations,
        "broker": standing,
    }
    return send(200 if works else 503, body)


def _database() -> tuple[str, str]:
    try:
        with connection():
            return "ok", "pending" if schema.pending() else "ok"
    except StoreUnavailable:
        return "unreachable", "unknown"


@blueprint.route("/providers", methods=["GET"])
@blueprint.doc(operationId="providersHealth", summary="Are the providers there?", security=[])
@blueprint.response(200, ProvidersHealth)
@blueprint.alt_response(
    503, schema=ProvidersHealth, description="One fails or is held, or there is none"
)
def providers_health() -> Response:
    """Each is asked at most every 15 seconds, however often this is. `held`: it answers, and yet
    nothing leaves by one of its accounts: `breaker`, it failed again and again and is left alone
    until `until`, when the next one tries; `paused`, it refused our credentials."""
    over = _holds()
    found = [_provider(one, over) for one in providers.all_providers()]
    words = {one["status"] for one in found}
    overall = next((word for word in ("failing", "held", "ok") if word in words), "not-configured")
    return send(200 if overall == "ok" else 503, {"status": overall, "providers": found})


def _holds() -> list[Hold] | None:
    """The holds on accounts of providers, None when nobody can say."""
    try:
        with connection():
            return [hold for hold in holds.listed() if _matters(hold)]
    except StoreUnavailable:
        return None


def _matters(hold: Hold) -> bool:
    """Whether it is on an account of a provider that anything would be sent by now."""
    if not hold.scope.startswith(PROVIDER):
        return False
    _, name, account = hold.scope.split("|", 2)
    return readiness.in_use(name, account)


def _provider(provider: Provider, over: list[Hold] | None) -> dict[str, Any]:
    """One provider: what it says itself, and what holds each of its accounts back."""
    used: dict[str, tuple[str | None, list[str]]] = {}
    for mode in ("live", "test"):
        for channel in CHANNELS:
            account = provider.account(mode, channel) if channel in provider.channels else None
            if account is not None:
                used.setdefault(provider_scope(provider.name, account), (mode, []))[1].append(
                    channel
                )
    held = {hold.scope: hold for hold in over or ()}
    for scope in held:
        if scope.startswith(provider_scope(provider.name, "")):
            used.setdefault(scope, (None, []))
    status, now = _checks.status(provider), wallclock.now()
    if status == "ok" and any(scope in held and held[scope].blocks(now) for scope in used):
        status = "held"
    accounts = [
        {"mode": mode, "channels": channels, **_hold(held.get(scope), known=over is not None)}
        for scope, (mode, channels) in used.items()
    ]
    return {"name": provider.name, "status": status, "accounts": accounts}


def _hold(hold: Hold | None, *, known: bool) -> dict[str, Any]:
    word = "none" if known else "unknown"
    if hold is not None:
        word = "paused" if hold.until is None else "breaker"
    return {
        "hold": word,
        "since": moment(hold.since) if hold else None,
        "until": moment(hold.until) if hold else None,
    }


class _Checks:
    """The last answers of the providers, so that a public address can't be used to hammer them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Provider, float, str]] = {}

    def status(self, provider: Provider) -> str:
        """The provider's state, at most 15 seconds old; one thread asks while others wait."""
        with self._lock:
            known, asked, word = self._known.get(provider.name, (None, 0.0, ""))
            if known is not provider or time.monotonic() - asked >= KEPT_SECONDS:
                word = self._ask(provider)
                self._known[provider.name] = (provider, time.monotonic(), word)
            return word

    def _ask(self, provider: Provider) -> str:
        if provider.account("live") is None and provider.account("test") is None:
            return "not-configured"
        wrong = provider.check()
        if wrong is not None:
            log.warning("provider check failed", provider=provider.name, problem=wrong)
        return "ok" if wrong is None else "failing"


_checks = _Checks()

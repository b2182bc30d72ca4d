"""/health: up or not, in words that tell an outsider nothing else."""

import threading
import time

import structlog
from flask import Response
from marshmallow import Schema, fields

from gateway import providers
from gateway.domain.errors import StoreUnavailable
from gateway.domain.provider import Provider
from gateway.http.answers import send, text
from gateway.http.arguments import Blueprint
from gateway.models import schema
from gateway.models.base import connection
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


class ProviderHealth(Schema):
    """One provider."""

    name = text()
    status = text(enum=["ok", "failing", "not-configured"])


class ProvidersHealth(Schema):
    """Whether every configured provider is there and takes our credentials."""

    status = text(enum=["ok", "failing", "not-configured"])
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
@blueprint.alt_response(503, schema=ProvidersHealth, description="One fails, or there is none")
def providers_health() -> Response:
    """Each is asked at most every 15 seconds, however often this is."""
    found = [{"name": one.name, "status": _checks.status(one)} for one in providers.all_providers()]
    words = {one["status"] for one in found}
    overall = next((word for word in ("failing", "ok") if word in words), "not-configured")
    return send(200 if overall == "ok" else 503, {"status": overall, "providers": found})


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

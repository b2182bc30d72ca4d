"""/webhooks: what carriers report. Stored first, acknowledged second, applied by a worker."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from flask import Response, current_app, request
from werkzeug.exceptions import MethodNotAllowed

from gateway import metrics, providers, wallclock
from gateway.domain.callback import Callback, Forbidden, Malformed
from gateway.domain.errors import NotFound
from gateway.http import doorbell, traces
from gateway.http.answers import send
from gateway.http.arguments import Blueprint, raw_body
from gateway.http.config import settings
from gateway.http.errors import MalformedRequest, NotAuthentic, UnsupportedType
from gateway.models import origins
from gateway.models.base import connection
from gateway.usecases import intake
from gateway.usecases.intake import Kept
from gateway.usecases.webhook_doctor import Watch

log = structlog.get_logger("gateway.http.webhooks")

blueprint = Blueprint(
    "webhooks", __name__, url_prefix="/webhooks", description="What providers report"
)
MAX_BYTES = 1_000_000
ROUTE = "/webhooks/<path:path>"
FAULT = "ringback.fault"  # in the environment: why the callback could not be stored just now
_BODIES = {
    "required": True,
    "content": {
        "application/json": {"schema": {"type": "object"}},
        "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
    },
}
_EXPECTED = "Stored, now or before, for providers that expect a body"


@blueprint.route("/<path:path>", methods=["POST"])
@blueprint.doc(
    operationId="receiveCallback",
    summary="Report an event (providers)",
    security=[],
    requestBody=_BODIES,
)
@blueprint.response(204, description="Stored, now or before")
@blueprint.alt_response(
    200, schema={}, content_type="text/xml", success=True, description=_EXPECTED
)
@blueprint.alt_response(200, schema={"type": "object"}, success=True, description=_EXPECTED)
def receive(path: str) -> Response:
    """Authentic by the provider's own signature or secret. A 2xx means stored; a duplicate is a
    2xx without a second effect."""
    target = providers.route(path)
    if target is None:
        raise NotFound
    if request.mimetype not in target[1].content_types:
        raise UnsupportedType("this address takes " + ", ".join(target[1].content_types))
    callback = _callback(path)
    try:
        if FAULT in request.environ:
            raise request.environ[FAULT]
        with connection():
            kept = intake.keep(callback, wallclock.now())
            known = origins.of(kept.event_ids)
    except Forbidden as fault:
        metrics.count("signature_failures", target[0].name)
        log.warning("webhook invalid", path=path, problem=str(fault))
        _watch().refused(callback, settings(), wallclock.now())
        raise NotAuthentic from None
    except Malformed as fault:
        log.warning("webhook invalid", path=path, problem=str(fault))
        raise MalformedRequest(str(fault)) from None
    traces.join(known)
    stored(path, kept, known)
    return _acknowledged(kept)


@blueprint.before_app_request  # type: ignore[untyped-decorator]
def _greet() -> Response | None:
    """Answer a provider's own GET handshake. No rule of the router can: which addresses have one is
    only known to the providers, and all others are for POST alone."""
    refused = request.routing_exception
    path = request.path.removeprefix(f"{blueprint.url_prefix}/")
    if not isinstance(refused, MethodNotAllowed) or path == request.path:
        return None
    target = providers.route(path)
    if target is None or target[1].challenge is None:
        return None
    if request.method != "GET":
        refused.valid_methods = ["GET", "POST"]
        return None
    try:
        return Response(target[1].challenge(_callback(path)), content_type="text/plain")
    except Forbidden as fault:
        metrics.count("signature_failures", target[0].name)
        log.warning("webhook invalid", path=path, problem=str(fault))
        raise NotAuthentic from None


def _watch() -> Watch:
    """What this application remembers of the refusals that it explained."""
    found: Watch = current_app.extensions.setdefault("ringback-webhook-doctor", Watch())
    return found


def stored(path: str, kept: Kept, known: Mapping[str, str]) -> None:
    """Say so, and have what was stored applied."""
    if kept.known:
        log.info("webhook duplicate ignored", path=path)
    elif not kept.event_ids:
        log.info("webhook received", path=path, event_id=None)
    for event_id in kept.event_ids:
        log.info("webhook received", path=path, event_id=event_id)
    doorbell.ring_for_events(kept.event_ids, known)


def _acknowledged(kept: Kept) -> Response:
    said = kept.acknowledgement
    if said.xml is not None:
        return Response(said.xml, said.status, content_type="text/xml; charset=utf-8")
    return send(said.status, said.json) if said.json is not None else Response(status=said.status)


def _callback(path: str) -> Callback:
    headers = {name.lower(): value for name, value in request.headers.items()}
    body = raw_body(MAX_BYTES)
    return as_it_came(request.environ, path, settings().public_url, headers, body)


def as_it_came(
    environ: Mapping[str, Any], path: str, public_url: str, headers: Mapping[str, str], body: bytes
) -> Callback:
    """The request for a verifier: the configured public address with the path and query exactly as
    they were sent, whatever Host or forwarding headers say."""
    raw_path, query = _target(environ)
    url = public_url + raw_path + (f"?{query}" if query else "")
    return Callback(environ["REQUEST_METHOD"], path, url, query, headers, body)


def _target(environ: Mapping[str, Any]) -> tuple[str, str]:
    """Path and query as they were sent. WSGI itself only has the path decoded, so that a server
    that also tells the raw one (gunicorn, Werkzeug) is asked first."""
    raw = environ.get("RAW_URI", "")
    if raw.startswith("/"):
        path, _, query = raw.partition("?")
        return path, query
    if raw.startswith(("http://", "https://")):
        parts = urlsplit(raw)
        return parts.path, parts.query
    decoded = environ.get("PATH_INFO", "").encode("latin-1")
    return quote(decoded, safe="/:@!$&'()*+,;=~-._"), environ.get("QUERY_STRING", "")

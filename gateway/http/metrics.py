"""/metrics: what Prometheus asks for, answered by any web process for all processes."""

import hmac
import threading
import time

from flask import Blueprint, Flask, Response, current_app, g, request

from gateway import metrics, providers, wallclock
from gateway.domain.errors import StoreUnavailable, Unauthenticated
from gateway.http import metric_text
from gateway.http.config import settings
from gateway.metrics import Series
from gateway.models import base, store_figures
from gateway.usecases import figures, tallies
from gateway.usecases.figures import Figures
from tasks import broker_figures

blueprint = Blueprint("metrics", __name__)
KEPT = 2.0  # seconds for which one look serves everybody, at least
SHARE = 20  # … and so many times as long as it took, so that looking never takes all the time
LONGEST = 60.0
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
AREAS = ("api", "webhooks", "console", "admin", "health")


def install(app: Flask) -> None:
    """Count every answer of this application, and tell what was counted."""
    look_anew(app)
    app.after_request(_count)
    app.register_blueprint(blueprint)


def look_anew(app: Flask) -> None:
    """Forget the last look of an application."""
    app.extensions["figures"] = Looks()


@blueprint.route("/metrics", methods=["GET"])
def show() -> Response:
    """Guarded by METRICS_TOKEN where that is set. Raises Unauthenticated."""
    token = settings().metrics_token
    sent = request.headers.get("Authorization", "")
    if token and not hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
        raise Unauthenticated("the token of METRICS_TOKEN is needed")
    names = [provider.name for provider in providers.all_providers()]
    text = metric_text.text(look(), totals(), broker_figures.look(), names)
    return Response(text, content_type=metric_text.CONTENT_TYPE)


def look() -> Figures | None:
    """How everything stands, at most some seconds ago; None when the database is away."""
    looks: Looks = current_app.extensions["figures"]
    try:
        return looks.look()
    except StoreUnavailable:
        return None


def totals() -> dict[Series, float] | None:
    """What was counted, as of now: a counter that went back would be taken for one that began
    anew. None when the database is away."""
    try:
        with base.connection(), store_figures.reading():
            return tallies.totals()
    except StoreUnavailable:
        return None


class Looks:
    """The last look, so that no number of those who ask makes more of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: Figures | None = None
        self._until = 0.0

    def look(self) -> Figures:
        """One that is new enough. One thread looks while others wait. Raises StoreUnavailable."""
        with self._lock:
            if self._last is None or time.monotonic() >= self._until:
                self._last = None
                began = time.monotonic()
                with base.connection(), store_figures.reading():
                    self._last = figures.look(wallclock.now())
                ended = time.monotonic()
                self._until = ended + min(max(KEPT, SHARE * (ended - began)), LONGEST)
            return self._last


def answered(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answer, by the pattern of its route: an address itself can hold anything."""
    metrics.count("http", method, route[:100], str(status))
    area = route.split("/")[1] if route.startswith("/") else "none"
    metrics.observe("http_duration", area if area in AREAS else "other", seconds=seconds)


def _count(response: Response) -> Response:
    rule = request.url_rule.rule if request.url_rule else "none"
    method = request.method if request.method in METHODS else "other"
    answered(method, rule, response.status_code, time.perf_counter() - g.began)
    return response

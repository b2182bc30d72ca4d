"""What every answer carries: a request id, security headers, and one log line."""

import re
import secrets
import time

import structlog
from flask import Flask, Response, g, request

from gateway.http.config import settings

log = structlog.get_logger("gateway.http")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_STRICT = "default-src 'none'; frame-ancestors 'none'"


def install(app: Flask) -> None:
    """Add them to all answers of this application."""

    def begin() -> None:
        sent = request.headers.get("X-Request-Id", "")
        g.request_id = sent if _REQUEST_ID.fullmatch(sent) else f"req_{secrets.token_hex(12)}"
        g.began = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    def finish(response: Response) -> Response:
        headers = response.headers
        headers["X-Request-Id"] = g.request_id
        headers["X-Content-Type-Options"] = "nosniff"
        headers.setdefault("Referrer-Policy", "no-referrer")
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers.setdefault("Content-Security-Policy", _STRICT)
        headers.setdefault("Cache-Control", "no-store")
        if settings().public_url.startswith("https://"):
            headers["Strict-Transport-Security"] = "max-age=31536000"
        _record(response)
        return response

    app.before_request(begin)
    app.after_request(finish)


def _record(response: Response) -> None:
    """The route's pattern stands for the address: a real path or query can hold personal data."""
    caller = g.get("caller")
    log.info(
        "request",
        method=request.method if request.url_rule else "-",
        route=request.url_rule.rule if request.url_rule else "-",
        status=response.status_code,
        milliseconds=round((time.perf_counter() - g.began) * 1000, 1),
        key=caller.key_id if caller else None,
    )

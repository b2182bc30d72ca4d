"""What every answer carries: a request id, security headers, and one log line."""

import re
import secrets
import time

import structlog
from flask import Flask, Response, g, request

from gateway.http.config import settings
from gateway.settings import Settings

log = structlog.get_logger("gateway.http")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cache-Control", "no-store"),
)
_SECURE = ("Strict-Transport-Security", "max-age=31536000")


def always(settings: Settings) -> list[tuple[str, str]]:
    """The headers of every answer that does not have another value for them."""
    return [*_ALWAYS, *([_SECURE] if settings.public_url.startswith("https://") else [])]


def accept(sent: str) -> str:
    """The id of a request that begins, for its answer and all its log lines: the one that was sent
    along, if it is one."""
    request_id = sent if _REQUEST_ID.fullmatch(sent) else f"req_{secrets.token_hex(12)}"
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def install(app: Flask) -> None:
    """Add them to all answers of this application."""

    def begin() -> None:
        g.request_id = accept(request.headers.get("X-Request-Id", ""))
        g.began = time.perf_counter()

    def finish(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        known = {name.lower() for name, _ in response.headers}
        usual = always(settings())
        response.headers.extend([one for one in usual if one[0].lower() not in known])
        # The route's pattern stands for the address: a real path or query can hold personal data.
        rule, caller = request.url_rule, g.get("caller")
        method, route = (request.method, rule.rule) if rule else ("-", "-")
        seconds = time.perf_counter() - g.began
        record(method, route, response.status_code, seconds, caller.key_id if caller else None)
        return response

    app.before_request(begin)
    app.after_request(finish)


def record(method: str, route: str, status: int, seconds: float, key: str | None = None) -> None:
    """The one log line of a request."""
    milliseconds = round(seconds * 1000, 1)
    log.info(
        "request", method=method, route=route, status=status, milliseconds=milliseconds, key=key
    )

"""Every fault as RFC 9457 problem+json. What was sent is never repeated in an answer or a log."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, request
from marshmallow import Schema, ValidationError, fields
from werkzeug.exceptions import HTTPException

from gateway import error_reports
from gateway.domain.errors import GatewayError, Invalid, Unauthenticated
from gateway.logs import places

log = structlog.get_logger("gateway.http")

MAX_ERRORS = 100
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


class MalformedRequest(GatewayError):
    """The request can't be read at all."""

    status, slug, title = 400, "malformed-request", "The request can't be read"


class MalformedJson(MalformedRequest):
    """The body is not one JSON value in UTF-8, or not one that two readers would agree on."""

    slug, title = "malformed-json", "The body is not valid JSON"


class TooComplex(MalformedJson):
    """The JSON is nested too deeply or has too many values."""

    slug, title = "too-complex", "The JSON is nested too deeply or has too many values"


class InvalidCursor(GatewayError):
    """The cursor was not made by this gateway for this very list."""

    status, slug, title = 400, "invalid-cursor", "The cursor does not belong to this list"


class NotAuthentic(GatewayError):
    """A callback without a signature or secret that counts."""

    status, slug, title = 401, "not-authentic", "The callback is not authentic"


class TooLarge(GatewayError):
    """The body is over the limit of its route."""

    status, slug, title = 413, "too-large", "The body is too large"


class UnsupportedType(GatewayError):
    """The body has another media type than the route takes."""

    status, slug, title = 415, "unsupported-type", "The content type is not supported here"


class InvalidFields(Invalid):
    """Several fields are wrong at once: (dotted name, message) of each."""

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__("one or more fields are not valid")
        self.errors = errors[:MAX_ERRORS]


_HTTP_FAULTS = {
    400: ("malformed-request", "The request can't be read"),
    401: ("unauthenticated", "A valid API key is needed"),
    404: ("not-found", "No such resource"),
    405: ("method-not-allowed", "The method is not allowed here"),
    413: ("too-large", "The body is too large"),
    415: ("unsupported-type", "The content type is not supported here"),
}


class FieldError(Schema):
    """One input at fault."""

    field = fields.String(required=True, metadata={"description": "dotted name of the input"})
    message = fields.String(required=True)


class Problem(Schema):
    """RFC 9457 problem details."""

    type = fields.String(required=True, metadata={"example": "urn:ringback:problem:not-found"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    request_id = fields.String(required=True)
    reason = fields.String(metadata={"description": "what stands against it, in one word"})
    state = fields.String(metadata={"description": "how the thing in question stands"})
    errors = fields.List(fields.Nested(FieldError), metadata={"maxItems": MAX_ERRORS})


def flat(messages: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """marshmallow's nested messages as (dotted field, message). A name that is not a plain word
    is shown as `?`: it came from the client and could be anything."""
    if isinstance(messages, Mapping):
        for key, value in messages.items():
            if key in ("_schema", "value"):
                yield from flat(value, path)
            else:
                plain = isinstance(key, int) or _PLAIN_NAME.fullmatch(str(key))
                yield from flat(value, (*path, str(key) if plain else "?"))
    elif isinstance(messages, list):
        for message in messages:
            yield from flat(message, path)
    else:
        yield ".".join(path) or "body", str(messages)


def problem(
    status: int,
    slug: str,
    title: str,
    detail: str,
    errors: list[tuple[str, str]] | None = None,
    **more: str | None,
) -> Response:
    """A problem+json answer; `errors` are (field, message), `more` what else is known of it."""
    body: dict[str, Any] = {
        "type": f"urn:ringback:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": g.request_id,
    }
    body.update((name, value) for name, value in more.items() if value)
    if errors:
        body["errors"] = [{"field": name, "message": message} for name, message in errors]
    return Response(
        current_app.json.dumps(body) + "\n", status, content_type="application/problem+json"
    )


def _on_fault(fault: GatewayError) -> Response:
    errors = fault.errors if isinstance(fault, InvalidFields) else None
    if errors is None and fault.field:
        errors = [(fault.field, fault.detail)]
    known = {"reason": fault.reason, "state": fault.state}
    answer = problem(fault.status, fault.slug, fault.title, fault.detail, errors, **known)
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = str(max(1, round(fault.retry_after)))
    if isinstance(fault, Unauthenticated):
        answer.headers["WWW-Authenticate"] = "Bearer"
    if isinstance(fault, NotAuthentic):
        answer.headers["WWW-Authenticate"] = "Signature"
    if fault.status >= 500:
        log.warning("request failed", fault=fault.slug, route=_route())
    return answer


def _on_invalid(error: ValidationError) -> Response:
    messages = error.normalized_messages()  # type: ignore[no-untyped-call]
    return _on_fault(InvalidFields(sorted(flat(messages))))


def _on_http_exception(error: HTTPException) -> Response:
    status = error.code or 500
    slug, title = _HTTP_FAULTS.get(status, ("http-error", "The request was refused"))
    answer = problem(status, slug, title, title)
    if status == 405:
        answer.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return answer


def crashed(error: Exception) -> None:
    """Log a bug. Its message may hold what a person sent or a row of the database, so the log names
    the exception's type and the places it went through, and nothing it says."""
    log.error("request crashed", error=type(error).__name__, places=places(error), route=_route())


def _on_crash(error: Exception) -> Response:
    log.error("request crashed", error=type(error).__name__, places=places(error), route=_route())
    error_reports.report(error)
    fault = GatewayError()
    return problem(fault.status, fault.slug, fault.title, fault.title)


def _route() -> str:
    return request.url_rule.rule if request.url_rule else "-"


def install(app: Flask) -> None:
    """Answer every fault of this application as problem+json."""
    app.register_error_handler(GatewayError, _on_fault)
    app.register_error_handler(ValidationError, _on_invalid)
    app.register_error_handler(HTTPException, _on_http_exception)
    app.register_error_handler(Exception, _on_crash)

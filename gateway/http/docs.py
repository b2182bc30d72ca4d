"""/docs: the OpenAPI 3.1 description, and a page that shows it and loads nothing from elsewhere."""

import json
from pathlib import Path
from typing import Any

import flask_smorest
from flask import Flask, Response, send_from_directory

from gateway.http.errors import Problem

STATIC = Path(__file__).with_name("static")
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PROBLEM = "application/problem+json"
_REQUEST_ID = {
    "description": "The request's id: yours if you sent a usable one, else a new one",
    "schema": {"type": "string"},
}
_DESCRIPTION = (
    "Bookings in, calls out. Send `Authorization: Bearer <key>` with a key of your organization; "
    "a test key reaches only the sandbox. Times go in as RFC 3339 with an offset, or as local time "
    "beside an IANA `time_zone`, and come out in UTC. Errors are problem+json (RFC 9457)."
)


class Api(flask_smorest.Api):  # type: ignore[misc]
    """flask-smorest's registry of documented routes. Faults are answered by gateway.http.errors."""

    ERROR_SCHEMA = Problem

    def _register_error_handlers(self) -> None:
        pass

    def _register_responses(self) -> None:
        kept = self.DEFAULT_RESPONSE_CONTENT_TYPE
        self.DEFAULT_RESPONSE_CONTENT_TYPE = _PROBLEM
        try:
            super()._register_responses()
        finally:
            self.DEFAULT_RESPONSE_CONTENT_TYPE = kept

    def document(self) -> dict[str, Any]:
        """The whole description, with what holds for every answer added."""
        spec: dict[str, Any] = json.loads(json.dumps(self.spec.to_dict()))
        spec["components"].setdefault("headers", {})["X-Request-Id"] = _REQUEST_ID
        for operations in spec["paths"].values():
            for operation in operations.values():
                if isinstance(operation, dict) and "responses" in operation:
                    _complete(operation)
        for response in spec["components"].get("responses", {}).values():
            _identify(response)
        return spec


def _complete(operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        if "$ref" not in response:
            _identify(response)
        if status == "204":
            response.pop("content", None)


def _identify(response: dict[str, Any]) -> None:
    response.setdefault("headers", {})["X-Request-Id"] = {
        "$ref": "#/components/headers/X-Request-Id"
    }


def build(app: Flask) -> Api:
    """The registry for this application's blueprints."""
    app.config.update(
        API_TITLE="Ringback",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.1",
        API_SPEC_OPTIONS={
            "info": {"description": _DESCRIPTION},
            "security": [{"key": []}],
            "components": {
                "securitySchemes": {
                    "key": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "rb_live_… or rb_test_…; scopes are in `x-scopes`",
                    }
                }
            },
        },
    )
    return Api(app)


def install(app: Flask, api: Api) -> None:
    """Serve the description and its page. Call it once every blueprint is registered."""
    description = json.dumps(api.document(), indent=1)

    def openapi() -> Response:
        return Response(description, content_type="application/json")

    def page() -> Response:
        return _own("docs.html")

    def asset(name: str) -> Response:
        return _own(name)

    app.add_url_rule("/docs/openapi.json", "openapi", openapi)
    app.add_url_rule("/docs", "docs", page)
    app.add_url_rule("/docs/<any('docs.js', 'docs.css'):name>", "docs_asset", asset)


def _own(name: str) -> Response:
    answer = send_from_directory(STATIC, name, max_age=0)
    answer.headers["Content-Security-Policy"] = _PAGE_POLICY
    answer.headers["Cache-Control"] = "no-cache"
    return answer

"""/docs: the OpenAPI 3.1 description, and a page that shows it and loads nothing from elsewhere."""

import json
import threading
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
_SENT_REQUEST_ID = {
    "name": "X-Request-Id",
    "in": "header",
    "required": False,
    "description": "Your own id for this request: 1 to 64 letters, digits, dots, - and _",
    "schema": {"type": "string"},
}
_FAULTS = {
    "400": "The request can't be read, or the cursor is not of this list",
    "401": "No valid API key, or for a webhook no valid signature",
    "403": "The key lacks the scope",
    "404": "No such resource, or it belongs to somebody else",
    "409": "In conflict with the present state, or the first request still runs",
    "413": "The body is too large",
    "415": "The body is of another type",
    "422": "The input is not valid; `errors` names the fields",
    "503": "The database is not available; try again after `Retry-After`",
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

    def describe(self, blueprint: flask_smorest.Blueprint) -> None:
        """Add the routes of a blueprint that the application serves already."""
        name = blueprint.name
        blueprint.register_views_in_doc(self, self._app, self.spec, name=name, parameters=None)
        self.spec.tag({"name": name, "description": blueprint.description})

    def document(self) -> dict[str, Any]:
        """The whole description, with what holds for every answer added."""
        spec: dict[str, Any] = json.loads(json.dumps(self.spec.to_dict()))
        components = spec["components"]
        components["schemas"].pop("PaginationMetadata", None)  # of flask-smorest's own paging
        components["headers"] = {"X-Request-Id": _REQUEST_ID}
        components["parameters"] = {"X-Request-Id": _SENT_REQUEST_ID}
        components["responses"] = {"Problem": _problem("A fault")}
        for path, operations in spec["paths"].items():
            for operation in operations.values():
                if isinstance(operation, dict):
                    _complete(operation, named="{" in path)
        return spec


def _complete(operation: dict[str, Any], *, named: bool) -> None:
    """Tell every fault that the operation can answer with, and what each answer carries."""
    operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/X-Request-Id"})
    answers = operation["responses"]
    statuses = set() if operation.get("security") == [] else {"401", "403", "422", "503"}
    if "requestBody" in operation:
        statuses |= {"400", "401", "413", "415", "503"}
    if named:
        statuses.add("404")
    if "x-scopes" in operation and "query" in {p.get("in") for p in operation["parameters"]}:
        statuses.add("400")
    scopes = operation.get("x-scopes", ())
    writes = any(scope.endswith(":write") for scope in scopes)
    if writes or (scopes and "requestBody" in operation):
        statuses.add("409")
    answers.pop("422", None)
    for response in answers.values():
        _identify(response)
    answers |= {status: _problem(_FAULTS[status]) for status in statuses - answers.keys()}
    answers["default"] = {"$ref": "#/components/responses/Problem"}
    operation["responses"] = dict(sorted(answers.items()))


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    answer: dict[str, Any] = {"description": description, "content": {_PROBLEM: {"schema": schema}}}
    _identify(answer)
    return answer


def _identify(response: dict[str, Any]) -> None:
    response.setdefault("headers", {})["X-Request-Id"] = {
        "$ref": "#/components/headers/X-Request-Id"
    }


class Description:
    """The OpenAPI description of an application's blueprints, as text. It is made when somebody
    asks for it: that takes longer than all the rest of a process's start."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._blueprints: list[flask_smorest.Blueprint] = []
        self._making = threading.Lock()
        self._text = ""
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

    def register_blueprint(self, blueprint: flask_smorest.Blueprint) -> None:
        """Have the application serve a blueprint, and describe it."""
        self._app.register_blueprint(blueprint)
        self._blueprints.append(blueprint)

    def text(self) -> str:
        """The whole of it, as JSON."""
        with self._making:
            if not self._text:
                api = Api(self._app)
                for blueprint in self._blueprints:
                    api.describe(blueprint)
                self._text = json.dumps(api.document(), indent=1)
        return self._text


def install(app: Flask, description: Description) -> None:
    """Serve the description and its page."""

    def openapi() -> Response:
        return Response(description.text(), content_type="application/json")

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

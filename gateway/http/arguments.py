"""Reading a request: bodies by the strict JSON reader, parameters without any leniency."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, NoReturn, Protocol, TypeVar, cast
from urllib.parse import unquote_to_bytes

import flask_smorest
from flask import Request, Response, g, request
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser
from webargs.multidictproxy import MultiDictProxy

from gateway.domain.errors import NotFound
from gateway.http import strict_json
from gateway.http.errors import InvalidFields, MalformedJson, TooLarge, UnsupportedType, flat

_JSON = re.compile(r'application/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?', re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
_UNREADABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


View = TypeVar("View", bound=Callable[..., Response])


class Decorator(Protocol):
    """Takes a view and gives it back, documented or guarded."""

    def __call__(self, view: View, /) -> View: ...


class StrictParser(FlaskParser):
    """Refuses what flask-smorest's own parser would let pass: other content types, parameters
    that are unknown or repeated, duplicate keys and the rest of strict_json."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE}

    def _get_schema(self, argmap: Any, req: Request) -> Schema:
        """Schemas keep nothing of what they load: one of each class serves all requests."""
        return _made(argmap) if isinstance(argmap, type) else super()._get_schema(argmap, req)

    def _raw_load_json(self, req: Request) -> Any:
        if not _JSON.fullmatch(req.headers.get("Content-Type", "").strip()):
            raise UnsupportedType("send application/json")
        if req.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise UnsupportedType("send the body without a content encoding")
        raw = req.get_data(cache=True)
        if not raw.strip():
            raise MalformedJson("the body is empty")
        g.body = strict_json.parse(raw)
        return g.body

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The query's parameters; one given twice, or one that is not text, is refused."""
        try:
            unquote_to_bytes(req.query_string).decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidFields([("query", "must be UTF-8")]) from None
        errors: list[tuple[str, str]] = []
        for name, values in req.args.lists():
            if len(values) > 1:
                errors += flat({name: ["must not be given twice"]})
            if any(_UNREADABLE.search(text) for text in (name, *values)):
                errors += flat({name: ["must be text without control characters"]})
        if errors:
            raise InvalidFields(errors)
        return MultiDictProxy(req.args, schema)

    def handle_error(
        self, error: ValidationError, req: Request, schema: Schema, **_: Any
    ) -> NoReturn:
        """Report every field at fault at once."""
        assert isinstance(error.messages, dict)
        messages = next(iter(error.messages.values()))
        raise InvalidFields(sorted(flat(messages)))


@cache
def _made(schema: type[Schema]) -> Schema:
    return schema()


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A documented group of routes that reads its requests strictly. flask-smorest's decorators,
    with the types that it does not tell."""

    ARGUMENTS_PARSER = StrictParser()

    def route(self, rule: str, **options: Any) -> Decorator:
        """As flask-smorest's."""
        return cast(Decorator, super().route(rule, **options))

    def doc(self, **documentation: Any) -> Decorator:
        """As flask-smorest's; the view's docstring is what the operation is described by."""

        def decorate(view: View) -> View:
            described = " ".join((view.__doc__ or "").split())
            add = flask_smorest.Blueprint.doc(description=described, **documentation)
            return cast(View, add(view))

        return decorate

    def arguments(self, schema: Any, **options: Any) -> Decorator:
        """As flask-smorest's."""
        return cast(Decorator, super().arguments(schema, **options))

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Decorator:
        """As flask-smorest's."""
        return cast(Decorator, super().response(status_code, schema, **options))

    def alt_response(self, status_code: int, response: Any = None, **options: Any) -> Decorator:
        """As flask-smorest's."""
        return cast(Decorator, super().alt_response(status_code, response, **options))


def raw_body(limit: int) -> bytes:
    """The body's bytes, kept for later reads. Raises TooLarge beyond `limit` bytes, also for a
    chunked body, which Werkzeug itself would cut at the limit without a word."""
    if (request.content_length or 0) > limit:
        raise TooLarge
    request.max_content_length = limit + 1
    raw = request.get_data(cache=True, parse_form_data=False)
    if len(raw) > limit:
        raise TooLarge
    return raw


def body() -> Any:
    """The parsed body of the request being handled, before any schema changed it."""
    return g.body if "body" in g else None


def opaque_id(text: str) -> str:
    """An id from an address. Raises NotFound for what can't be one, as for one that is unknown."""
    if not _ID.fullmatch(text):
        raise NotFound
    return text


def no_parameters() -> None:
    """Refuse a query on a route that takes none."""
    if request.args:
        raise InvalidFields(list(flat({name: ["Unknown field."] for name in request.args})))

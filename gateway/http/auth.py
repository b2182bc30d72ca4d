"""Who is asking: API keys, scopes, and the one database connection that a request holds."""

import re
from functools import wraps
from typing import Any, cast

from flask import Response, g, request

from gateway import wallclock
from gateway.domain.errors import NotAllowed, Unauthenticated
from gateway.http import doorbell
from gateway.http.arguments import Decorator, View, no_parameters, raw_body
from gateway.models.base import connection
from gateway.usecases import accounts
from gateway.usecases.accounts import Caller

MAX_API_BYTES = 64 * 1024
_BEARER = re.compile(r"bearer +(rb_(?:live|test)_[A-Za-z0-9_-]{1,200})", re.IGNORECASE | re.ASCII)


def caller() -> Caller:
    """The key's organization, mode and scopes, for the request being handled."""
    known: Caller = g.caller
    return known


def requires(*scopes: str, query: bool = False) -> Decorator:
    """Let a request through to the view only with a key that has all of these scopes, and, unless
    the view takes a `query`, without parameters.

    401 comes before 403, and both before anything that was sent is looked at. The body is taken
    in first and the doorbell is rung last, so that neither a slow sender nor a slow broker holds a
    database connection."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Response:
            raw_body(MAX_API_BYTES)
            with connection():
                g.caller = _authenticated()
                missing = [scope for scope in scopes if scope not in g.caller.scopes]
                if missing:
                    raise NotAllowed("the key lacks the scope " + ", ".join(missing))
                if not query:
                    no_parameters()
                answer = view(*args, **kwargs)
            doorbell.ring()
            return answer

        documented: Any = guarded
        documented._apidoc = dict(getattr(view, "_apidoc", {}))
        documented._apidoc["manual_doc"] = {
            **documented._apidoc.get("manual_doc", {}),
            "security": [{"key": []}],
            "x-scopes": list(scopes),
        }
        return cast(View, guarded)

    return decorate


def _authenticated() -> Caller:
    sent = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    if sent is None:
        raise Unauthenticated
    return accounts.authenticate(sent.group(1), wallclock.now())

"""The short way of a callback that is as usual: past Flask, which takes longer for its routing, its
context and its response than we for the signature. Whatever is not as usual goes the whole way."""

import io
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from flask import Flask

from gateway import providers, tracing, wallclock
from gateway.domain.callback import Callback
from gateway.http import config, headers, metrics, webhooks
from gateway.models.base import connection
from gateway.usecases import intake

log = structlog.get_logger("gateway.http")

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]
_BEGINNING = "/webhooks/"


def install(app: Flask) -> None:
    """Let callbacks of this application take it."""
    app.wsgi_app = ShortWay(app, app.wsgi_app)  # type: ignore[method-assign]


class ShortWay:
    """A WSGI application before that of Flask. It answers 204 for what was stored, now or before;
    with any fault Flask's answers, without trying again."""

    def __init__(self, app: Flask, whole: Application) -> None:
        self._app = app
        self._whole = whole

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        callback = self._usual(environ)
        if callback is None:
            return self._whole(environ, start_response)
        began = time.perf_counter()
        request_id = headers.accept(environ.get("HTTP_X_REQUEST_ID", ""))
        try:
            with connection():
                kept = intake.keep(callback, wallclock.now())
        except Exception as fault:  # noqa: BLE001 - told again where faults are answered
            environ[webhooks.FAULT] = fault
            return self._whole(environ, start_response)
        webhooks.stored(callback.path, kept, {})
        seconds = time.perf_counter() - began
        headers.record("POST", webhooks.ROUTE, 204, seconds)
        metrics.answered("POST", webhooks.ROUTE, 204, seconds)
        usual = headers.always(config.of(self._app))
        start_response("204 NO CONTENT", [*usual, ("X-Request-Id", request_id)])
        return ()

    def _usual(self, environ: Environ) -> Callback | None:
        """The callback of a request for an address that answers with 204 alone, of a type that it
        takes and of a length told beforehand; else None, and nothing of its body is lost."""
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] != "POST" or not path.startswith(_BEGINNING) or tracing.on():
            return None
        path = path.removeprefix(_BEGINNING)
        target = providers.route(path)
        if target is None:
            return None
        address, length = target[1], environ.get("CONTENT_LENGTH", "")
        said = address.acknowledgement
        kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if (said.status, said.json, said.xml) != (204, None, None):
            return None
        if kind not in address.content_types or "HTTP_TRANSFER_ENCODING" in environ:
            return None
        if not (length.isascii() and length.isdigit() and int(length) <= webhooks.MAX_BYTES):
            return None
        body = environ["wsgi.input"].read(int(length))
        environ["wsgi.input"] = io.BytesIO(body)
        if len(body) != int(length):
            return None
        public_url = config.of(self._app).public_url
        return webhooks.as_it_came(environ, path, public_url, _headers(environ), body)


def _headers(environ: Environ) -> dict[str, str]:
    told = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return told | {
        "content-type": environ["CONTENT_TYPE"], "content-length": environ["CONTENT_LENGTH"],
    }  # fmt: skip

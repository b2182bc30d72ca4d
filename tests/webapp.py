"""The web application, built once for a process: to describe the whole API takes longer than most
tests do."""

from typing import Any

from flask import Flask

from gateway import tracing
from gateway.http import config, create_app
from gateway.settings import Settings

_built: list[tuple[Flask, dict[str, Any]]] = []


def under(settings: Settings) -> Flask:
    """This process's application under these settings, as if it had just started; one at a time.
    Whoever changes it makes their own."""
    if tracing.on():
        return create_app(settings)  # with its hooks
    if not _built:
        app = create_app(settings)
        _built.append((app, dict(app.extensions)))
    from gateway.http import doorbell, metrics

    app, extensions = _built[0]
    app.extensions = dict(extensions)  # what requests left there is forgotten
    config.hold(app, settings)
    metrics.look_anew(app)
    doorbell.install()
    return app

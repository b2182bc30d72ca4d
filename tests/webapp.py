"""The web application, built once for a process: to describe the whole API takes longer than most
tests do."""

from flask import Flask

from gateway import tracing
from gateway.http import config, create_app
from gateway.settings import Settings

_built: list[Flask] = []


def under(settings: Settings) -> Flask:
    """This process's application under these settings, as if it had just started; one at a time.
    Whoever changes it makes their own."""
    if tracing.on():
        return create_app(settings)  # with its hooks
    if not _built:
        _built.append(create_app(settings))
    from gateway.http import doorbell, metrics

    config.hold(_built[0], settings)
    metrics.look_anew(_built[0])
    doorbell.install()
    return _built[0]

"""The Flask edge: the API, the webhooks, health and the documentation, as one application."""

from flask import Flask

from gateway.settings import Settings


def create_app(settings: Settings) -> Flask:
    """The WSGI application for these settings, which boot.start has put into force."""
    # The broker is built from the settings when the actors are imported: not before this call.
    from gateway.http import (
        bookings,
        calls,
        config,
        dead_letters,
        docs,
        doorbell,
        errors,
        events,
        headers,
        health,
        parked_events,
        queue,
        webhooks,
    )

    app = Flask(__name__, static_folder=None)
    app.config.update(PROVIDE_AUTOMATIC_OPTIONS=False)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.compact = True  # type: ignore[attr-defined]
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True
    config.hold(app, settings)
    headers.install(app, settings)
    errors.install(app)
    doorbell.install()
    api = docs.build(app)
    modules = (
        bookings, calls, dead_letters, events, health, parked_events, queue, webhooks,
    )  # fmt: skip
    for module in modules:
        api.register_blueprint(module.blueprint)
    docs.install(app, api)
    return app

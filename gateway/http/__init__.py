"""The Flask edge: the API, the webhooks, health and the documentation, as one application."""

from importlib import import_module
from types import ModuleType

from flask import Flask

from gateway.settings import Settings

RESOURCES = (
    "admin_cron",
    "admin_queues",
    "admin_reminders",
    "bookings",
    "calls",
    "contacts",
    "dead_letters",
    "enrolments",
    "events",
    "health",
    "health_work",
    "invoices",
    "messages",
    "offers",
    "organization",
    "parked_events",
    "plan",
    "queue",
    "sequence_enrolments",
    "sequence_segments",
    "sequences",
    "slots",
    "snapshots",
    "templates",
    "waitlist",
    "webhooks",
)


def create_app(settings: Settings) -> Flask:
    """The WSGI application for these settings, which boot.start has put into force."""
    from gateway.http import config, docs, doorbell, errors, headers, metrics, traces

    app = Flask(__name__, static_folder=None)
    app.config.update(PROVIDE_AUTOMATIC_OPTIONS=False)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.compact = True  # type: ignore[attr-defined]
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True
    config.hold(app, settings)
    headers.install(app)
    traces.install(app)
    errors.install(app)
    doorbell.install()
    description = docs.Description(app)
    for module in _described():
        description.register_blueprint(module.blueprint)
    _undescribed(app)
    docs.install(app, description)
    metrics.install(app)
    import_module("gateway.http.short_way").install(app)
    return app


def _described() -> list[ModuleType]:
    """The modules of the API's resources."""
    # The broker is built from the settings when the actors are imported: not before this call.
    return [import_module(f"gateway.http.{name}") for name in RESOURCES]


def _undescribed(app: Flask) -> None:
    """What people open, and no program."""
    from gateway.http import console, dashboard, staff_words, unsubscribe

    app.register_blueprint(unsubscribe.blueprint)
    staff_words.install(app)
    app.register_blueprint(console.blueprint)
    app.register_blueprint(dashboard.blueprint)

"""The provider simulator as a WSGI application of its own."""

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from gateway.sandbox import controls
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.meta import apps as meta_apps
from gateway.sandbox.meta.routes import meta, write
from gateway.sandbox.sendgrid import accounts as sendgrid_accounts
from gateway.sandbox.sendgrid.routes import sendgrid
from gateway.sandbox.smtp.desk import Desk
from gateway.sandbox.smtp.server import MailServer
from gateway.sandbox.stage import EXTENSION, Stage
from gateway.sandbox.twilio import resource
from gateway.sandbox.twilio.inbound_routes import inbound
from gateway.sandbox.twilio.message_routes import messages
from gateway.sandbox.twilio.routes import twilio
from gateway.sandbox.voice_api.routes import voice_api

MOST_BYTES = 1024 * 1024


def create_app(config: SandboxConfig) -> Flask:
    """Make the application. Its state is in memory: serve it with one process and many threads.

    No thread is started before the first call, but that of the SMTP server if there is one. Raises
    OSError if the ledger cannot be opened.
    """
    app = Flask("ringback-sandbox", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MOST_BYTES
    app.extensions[EXTENSION] = stage = Stage(config)
    if config.smtp is not None:
        server = MailServer(Desk(stage), config.smtp)
        server.start()
        stage.before_closing.append(server.stop)
    app.register_blueprint(twilio)
    app.register_blueprint(messages)
    app.register_blueprint(inbound)
    app.register_blueprint(voice_api)
    app.extensions[sendgrid_accounts.EXTENSION] = sendgrid_accounts.SendGrid(stage)
    app.register_blueprint(sendgrid)
    app.extensions[meta_apps.EXTENSION] = meta_apps.Meta(stage)
    app.register_blueprint(meta)
    stage.inbound["meta"] = write
    app.register_blueprint(controls.controls)
    app.register_error_handler(HTTPException, _refusal)
    return app


def _refusal(error: HTTPException) -> Response:
    """Unknown paths and the like, in the words of whoever was addressed."""
    status = error.code or 500
    if request.path.startswith(f"/{resource.VERSION}/"):
        return resource.problem(status, 20000 + status, error.name)
    return controls.problem(status, error.name, error.name)

"""SendGrid over HTTP: sending mail, the key's scopes, and where events go."""

import json
import secrets

from flask import Blueprint, Response, current_app, request

from gateway.sandbox import controls
from gateway.sandbox.account_webhook import is_web_address
from gateway.sandbox.answers import SILENT, Orderly, answer
from gateway.sandbox.behaviour import Answer, Behaviour
from gateway.sandbox.mailboxes import scenario
from gateway.sandbox.sendgrid.accounts import EXTENSION, PROVIDER, SendGrid, Tenant
from gateway.sandbox.sendgrid.events import story
from gateway.sandbox.sendgrid.orders import HELP, Mail, MailOrderError, read_mails
from gateway.sandbox.stage import Stage, on_stage
from gateway.sandbox.wallclock import now

sendgrid = Blueprint("sendgrid", __name__)
_DELIVERED = Behaviour("delivered")
_MODES = ("bounce", "complaint", "ooto", "unsubscribe", "temp", "twice", "early")
_OWN = {
    **{name: Behaviour(name) for name in _MODES},
    "timeout": Behaviour("timeout_accepted", answer=Answer.HANG),
    "drop": Behaviour("reset_not_accepted", answer=Answer.RESET, accepted=False),
}


def _desk() -> SendGrid:
    desk: SendGrid = current_app.extensions[EXTENSION]
    return desk


def _errors(status: int, message: str, field: str | None = None) -> Response:
    body = {"errors": [{"message": message, "field": field, "help": HELP if field else None}]}
    return Response(json.dumps(body), status, content_type="application/json")


def _dialect(status: int, code: int, message: str) -> Response:
    """SendGrid has no codes of its own; too many requests name the moment to come again."""
    response = _errors(status, message.lower())
    if status == 429:
        headers = {"Limit": "600", "Remaining": "0", "Reset": str(int(now().timestamp()) + 1)}
        response.headers.extend({f"X-RateLimit-{name}": text for name, text in headers.items()})
    return response


def _tenant() -> Tenant | None:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return _desk().tenant(key) if scheme == "Bearer" else None


@sendgrid.get("/v3/scopes")
def read_scopes() -> Response:
    """What a key may do; 401 for one that nobody knows."""
    if _tenant() is None:
        return _errors(401, "authorization required")
    return controls.shown({"scopes": ["mail.send"]})


@sendgrid.post("/v3/mail/send")
def send_mail() -> Response:
    """202 without a body, the message's id in X-Message-Id; 401, or 400 naming the field."""
    stage, tenant = on_stage(), _tenant()
    if tenant is None:
        refusal = _errors(401, "The provided authorization grant is invalid, expired, or revoked")
        return _noted(stage, refusal, "bad_credentials")
    try:
        mails = read_mails(request.get_json(silent=True))
    except MailOrderError as error:
        return _noted(stage, _errors(400, error.message, error.field), "refused")
    behaviour = _behaviour(stage, mails)
    message_id = _place(stage, tenant, mails, behaviour) if behaviour.accepted else ""
    orderly = Orderly(b"", 202, (("X-Message-Id", message_id),))
    response = answer(behaviour, orderly, _dialect, stage.scheduler, stage.config.hang_seconds)
    return _noted(stage, response, behaviour.name, mails, message_id, behaviour)


def _behaviour(stage: Stage, mails: list[Mail]) -> Behaviour:
    """A fault in force, else what the first person's mailbox stands for."""
    own = _OWN.get(scenario(mails[0].to), _DELIVERED)
    fault = stage.faults.choose(PROVIDER, kind="message")
    return fault.laid_over(own) if fault is not None else own


def _place(stage: Stage, tenant: Tenant, mails: list[Mail], behaviour: Behaviour) -> str:
    """Write every message down and let its events happen; all of a request have one id."""
    message_id = secrets.token_urlsafe(16)
    for mail in mails:
        stage.enter(
            behaviour,
            kind="message",
            provider=PROVIDER,
            channel="email",
            to=mail.to,
            **{"from": mail.sender},
            subject=mail.subject,
            text=mail.text,
            unsubscribe_url=mail.unsubscribe_url,
            callback_url=_desk().event_url,
            external_id=message_id,
        )
    for mail in mails:
        moments = story(mail, message_id, behaviour, stage.pace, now())
        tenant.webhook.play(behaviour, moments)
    return message_id


def _noted(
    stage: Stage,
    response: Response,
    mode: str,
    mails: list[Mail] | None = None,
    message_id: str = "",
    behaviour: Behaviour | None = None,
) -> Response:
    silent = behaviour is not None and behaviour.answer in SILENT
    people = [(mail.to, mail.sender) for mail in mails] if mails else [("", "")]
    for to, sender in people:
        stage.journal.note_request(
            now(),
            provider=PROVIDER,
            to=to,
            **{"from": sender},
            status=None if silent else response.status_code,
            mode=mode,
            external_id=message_id,
        )
    return response


@sendgrid.get("/sandbox/sendgrid")
def read_settings() -> Response:
    """Where events go, and the keys that prove them, one for each account."""
    desk = _desk()
    keys = [tenant.signer.public_key for tenant in desk.tenants]
    return controls.shown({"event_url": desk.event_url, "public_keys": keys})


@sendgrid.post("/sandbox/sendgrid")
def change_settings() -> Response:
    """Change `event_url`; an empty one posts nothing. 422 for anything else."""
    body = request.get_json(silent=True)
    url = body.get("event_url") if isinstance(body, dict) and len(body) == 1 else None
    if not isinstance(url, str) or not (url == "" or is_web_address(url)):
        return controls.problem(422, "Unknown settings", "give event_url, a web address")
    _desk().event_url = url
    return read_settings()

"""Meta's Cloud API over HTTP: sending WhatsApp messages, the sender, and where webhooks go."""

import json
from typing import Any

from flask import Blueprint, Response, current_app, request

from gateway.sandbox import controls, numbers
from gateway.sandbox.account_webhook import is_web_address
from gateway.sandbox.answers import SILENT, Orderly, answer
from gateway.sandbox.behaviour import Answer, Behaviour
from gateway.sandbox.meta.apps import EXTENSION, PROVIDER, Meta, Tenant
from gateway.sandbox.meta.events import message_name, story
from gateway.sandbox.meta.orders import WhatsAppOrder, WhatsAppOrderError, read_order
from gateway.sandbox.meta.problems import dialect, problem
from gateway.sandbox.stage import Stage, on_stage
from gateway.sandbox.wallclock import now

meta = Blueprint("meta", __name__)
MOST_MEDIA = 10
_INBOUND = {"provider", "channel", "from", "to", "text", "media", "reply_to"}


def _desk() -> Meta:
    desk: Meta = current_app.extensions[EXTENSION]
    return desk


def _admitted(sender_id: str) -> tuple[Tenant | None, Response]:
    """The app of the request's token, if this is its sender; else the refusal."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    tenant = _desk().tenant(token) if scheme == "Bearer" else None
    if tenant is None:
        return None, problem(401, 190, "Invalid OAuth access token")
    if sender_id != tenant.app.phone_number_id:
        return None, problem(400, 100, "There is no object with this id", 33)
    return tenant, Response()


@meta.get("/v<int:version>.0/<sender_id>")
def read_sender(version: int, sender_id: str) -> Response:
    """The sender; 401 code 190 for a bad token, 400 code 100 for another's sender."""
    tenant, refusal = _admitted(sender_id)
    if tenant is None:
        return refusal
    number = tenant.app.number
    return controls.shown(
        {
            "verified_name": "Ringback sandbox",
            "display_phone_number": number,
            "quality_rating": "GREEN",
            "id": sender_id,
        }
    )


@meta.post("/v<int:version>.0/<sender_id>/messages")
def send_message(version: int, sender_id: str) -> Response:
    """200 with the message's id; 401 code 190, or 400 with the code that says what is wrong."""
    stage = on_stage()
    tenant, refusal = _admitted(sender_id)
    if tenant is None:
        return _noted(stage, refusal, "bad_credentials")
    body = request.get_json(silent=True)
    if isinstance(body, dict) and body.get("status") == "read":
        return controls.shown({"success": True})
    try:
        order = read_order(body, tenant.app.number)
    except WhatsAppOrderError as error:
        return _noted(stage, problem(error.status, error.code, error.details), "refused")
    behaviour = tenant.behaviour(stage, order)
    name = _place(stage, tenant, order, behaviour) if behaviour.accepted else ""
    shown = name
    if name:
        previous = tenant.swap_last_name(name)
        shown = previous if behaviour.answer is Answer.SAME_SID else name
    orderly = Orderly(_accepted(order, shown), 200)
    response = answer(behaviour, orderly, dialect, stage.scheduler, stage.config.hang_seconds)
    return _noted(stage, response, behaviour.name, order.to, name, behaviour, tenant.app.number)


def _accepted(order: WhatsAppOrder, name: str) -> bytes:
    message = {"id": name} | ({"message_status": "accepted"} if order.template else {})
    body = {
        "messaging_product": "whatsapp",
        "contacts": [{"input": order.asked, "wa_id": order.to.removeprefix("+")}],
        "messages": [message],
    }
    return json.dumps(body).encode()


def _place(stage: Stage, tenant: Tenant, order: WhatsAppOrder, behaviour: Behaviour) -> str:
    name = message_name(order.to)
    stage.enter(
        behaviour,
        kind="message",
        provider=PROVIDER,
        channel="whatsapp",
        to=order.to,
        **{"from": tenant.app.number},
        text=order.text,
        callback_url=_desk().webhook_url,
        external_id=name,
    )
    moments = story(order, name, behaviour, stage.pace, now())
    tenant.webhook.play(behaviour, moments)
    if behaviour.reply and moments:
        delay = stage.config.number_delay if behaviour.delayed else 0.0
        reply, last = behaviour.reply, moments[-1].seconds + stage.pace.talk_seconds
        webhook, to = tenant.webhook, order.to
        stage.scheduler.after(
            delay + last, lambda: webhook.tell(tenant.hear(to, reply, reply_to=name))
        )
    return name


def _noted(
    stage: Stage,
    response: Response,
    mode: str,
    to: str = "",
    name: str = "",
    behaviour: Behaviour | None = None,
    sender: str = "",
) -> Response:
    silent = behaviour is not None and behaviour.answer in SILENT
    stage.journal.note_request(
        now(),
        provider=PROVIDER,
        to=to,
        **{"from": sender},
        status=None if silent else response.status_code,
        mode=mode,
        external_id=name,
    )
    return response


@meta.get("/sandbox/meta")
def read_settings() -> Response:
    """Where webhooks go, and the senders."""
    senders = [
        {"phone_number_id": tenant.app.phone_number_id, "number": tenant.app.number}
        for tenant in _desk().tenants
    ]
    return controls.shown({"webhook_url": _desk().webhook_url, "senders": senders})


@meta.post("/sandbox/meta")
def change_settings() -> Response:
    """Change `webhook_url`, after Meta's handshake with it; an empty one posts nothing. 422 if that
    fails, and for anything else."""
    body = request.get_json(silent=True)
    url = body.get("webhook_url") if isinstance(body, dict) and len(body) == 1 else None
    if not isinstance(url, str) or not (url == "" or is_web_address(url)):
        return controls.problem(422, "Unknown settings", "give webhook_url, a web address")
    trouble = _desk().subscribe(url)
    if trouble is not None:
        return controls.problem(422, "The handshake failed", trouble)
    return read_settings()


def write(body: dict[str, Any]) -> Response:
    """Have a person write to a sender here: 201 once the gateway was told for the first time, with
    its answer; 422 if the description makes no sense."""
    wrong = _wrong(body)
    if wrong is not None:
        return controls.problem(422, "Unknown message", wrong)
    tenant = _desk().of_number(body.get("to", ""))
    if tenant is None:
        return controls.problem(422, "Unknown message", "to must be the number of a sender")
    sender, media = body["from"], body.get("media", 0)
    told = tenant.hear(sender, body.get("text", ""), media, body.get("reply_to", ""))
    status = tenant.webhook.tell_now(told, numbers.meaning(sender, "message").signing)
    answered = {
        "external_id": told[0].external_id,
        "account": tenant.app.phone_number_id,
        "url": _desk().webhook_url,
        "status": status,
    }
    return controls.shown(answered, 201)


def _is_number(text: object) -> bool:
    return isinstance(text, str) and numbers.is_e164(text)


def _wrong(body: dict[str, Any]) -> str | None:
    if not set(body) <= _INBOUND:
        return f"give a JSON object of {', '.join(sorted(_INBOUND))}"
    if body.get("channel", "whatsapp") != "whatsapp":
        return "channel must be whatsapp"
    if not _is_number(body.get("from")) or not (body.get("to", "") == "" or _is_number(body["to"])):
        return "from and to must be numbers as +12025550100"
    if not all(isinstance(body.get(name, ""), str) for name in ("text", "reply_to")):
        return "text and reply_to must be texts"
    media = body.get("media", 0)
    if isinstance(media, bool) or not isinstance(media, int) or not 0 <= media <= MOST_MEDIA:
        return f"media must be a count from 0 to {MOST_MEDIA}"
    return None

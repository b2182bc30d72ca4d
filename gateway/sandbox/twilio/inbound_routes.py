"""`POST /sandbox/inbound`: have a person write to a number of Twilio's."""

from typing import Any

from flask import Blueprint, Response, request

from gateway.sandbox.controls import problem, shown
from gateway.sandbox.numbers import is_e164
from gateway.sandbox.schedule import Lane
from gateway.sandbox.stage import Stage, on_stage
from gateway.sandbox.tenants import TwilioTenant
from gateway.sandbox.twilio.inbound import Inbound
from gateway.sandbox.twilio.message_orders import WHATSAPP, MessageOrder
from gateway.sandbox.twilio.orders import is_web_address

inbound = Blueprint("inbound", __name__, url_prefix="/sandbox")
MOST_MEDIA = 10
_FIELDS = {"provider", "from", "to", "text", "channel", "media", "opt_out_type", "url", "account"}


class _LetterError(ValueError):
    """What is wrong with the description of a message, for the 422 answer."""


@inbound.post("/inbound")
def write() -> Response:
    """201 once the gateway was told for the first time, with its answer; 422 if the description
    makes no sense. What the gateway did not take is repeated in the background."""
    stage = on_stage()
    body: Any = request.get_json(silent=True)
    elsewhere = stage.inbound.get(str(body.get("provider"))) if isinstance(body, dict) else None
    if elsewhere is not None:
        return elsewhere(body)
    try:
        order = _letter(body)
        tenant = _account(stage, body.get("account"), order.to)
    except _LetterError as error:
        return problem(422, "Unknown message", str(error))
    url = body.get("url") or tenant.inbound_url()
    letter = Inbound(stage, tenant, order, url, body.get("opt_out_type"))
    statuses: list[int] = []
    errand = letter.errand(lambda response: statuses.append(response.status_code))
    again = errand()
    if again is not None:
        Lane(stage.scheduler).push_after(again, errand)
    answer = {
        "external_id": letter.callback.external_id,
        "account": tenant.sid,
        "url": letter.callback.url,
        "status": statuses[0] if statuses else None,
    }
    return shown(answer, 201)


def _letter(body: Any) -> MessageOrder:
    if not isinstance(body, dict) or not set(body) <= _FIELDS:
        raise _LetterError(f"give a JSON object of {', '.join(sorted(_FIELDS))}")
    if body.get("provider", "twilio") != "twilio":
        raise _LetterError("provider must be twilio or meta")
    text, media = body.get("text", ""), body.get("media", 0)
    if not isinstance(text, str):
        raise _LetterError("text must be a text")
    if isinstance(media, bool) or not isinstance(media, int) or not 0 <= media <= MOST_MEDIA:
        raise _LetterError(f"media must be a count from 0 to {MOST_MEDIA}")
    if body.get("opt_out_type") not in (None, "STOP", "START", "HELP"):
        raise _LetterError("opt_out_type must be STOP, START or HELP")
    if body.get("url") is not None and not is_web_address(str(body["url"])):
        raise _LetterError("url must be a web address")
    sender, to = (_address(body, name) for name in ("from", "to"))
    files = tuple(f"https://api.twilio.com/sandbox/media/{index}" for index in range(media))
    return MessageOrder(to=to, from_=sender, body=text, media=files)


def _address(body: dict[str, Any], name: str) -> str:
    """The number, with `whatsapp:` in front if that is the channel."""
    given, channel = str(body.get(name, "")), body.get("channel")
    number = given.removeprefix(WHATSAPP)
    if channel not in (None, "sms", "whatsapp"):
        raise _LetterError("channel must be sms or whatsapp")
    if not is_e164(number):
        raise _LetterError(f"{name} must be a number as +12025550100")
    return f"{WHATSAPP}{number}" if channel == "whatsapp" else number if channel else given


def _account(stage: Stage, asked: Any, to: str) -> TwilioTenant:
    """The account asked for, else the one that last sent from this number, else the first."""
    if asked is not None:
        if asked not in stage.twilio:
            raise _LetterError("account must be the SID of an account of the sandbox")
        return stage.twilio[asked]
    return stage.senders.get(to) or next(iter(stage.twilio.values()))

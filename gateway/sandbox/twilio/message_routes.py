"""Twilio's REST resource for messages (twilio-subset.json), as far as the gateway uses it."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from flask import Blueprint, Response, request

from gateway.sandbox.answers import SILENT, answer
from gateway.sandbox.behaviour import Answer, Behaviour
from gateway.sandbox.stage import Stage, on_stage
from gateway.sandbox.tenants import TwilioTenant
from gateway.sandbox.twilio.door import (
    PROVIDER,
    authenticate,
    down,
    is_down,
    lookup_fault,
    noted,
    unknown,
)
from gateway.sandbox.twilio.message_orders import UNSUBSCRIBED, MessageOrder, read_message
from gateway.sandbox.twilio.message_playback import MessagePlayback, first_status
from gateway.sandbox.twilio.message_resource import encoded, message_json
from gateway.sandbox.twilio.messages import Message, MessageBook, MessageFilter
from gateway.sandbox.twilio.orders import OrderError
from gateway.sandbox.twilio.paging import asked_days, asked_page, page_of
from gateway.sandbox.twilio.resource import VERSION, problem
from gateway.sandbox.wallclock import now

messages = Blueprint("twilio_messages", __name__, url_prefix=f"/{VERSION}/Accounts/<account>")
messages.before_request(authenticate)


@messages.post("/Messages.json")
def create_message(account: str) -> Response:
    """201 with the message, or whatever the number and the faults in force have in store."""
    stage, moment = on_stage(), now()
    tenant = stage.twilio[account]
    try:
        order = read_message(request.form, moment)
        if tenant.messages.is_unsubscribed(order):
            raise OrderError(*UNSUBSCRIBED)
    except OrderError as refusal:
        return noted(problem(400, refusal.code, refusal.message), "refused")
    behaviour = stage.behaviour(PROVIDER, order.to, tenant.message_throttle, "message")
    behaviour = _in_window(behaviour, order, tenant.messages, moment)
    placed = _place(stage, tenant, order, behaviour, moment) if behaviour.accepted else None
    body = placed[1] if placed else b""
    response = answer(behaviour, body, problem, stage.scheduler, stage.config.hang_seconds)
    silent = behaviour.answer in SILENT
    return noted(response, behaviour.name, silent, placed[0].sid if placed else "")


def _in_window(
    behaviour: Behaviour, order: MessageOrder, book: MessageBook, moment: datetime
) -> Behaviour:
    """The number's behaviour, or an ordinary one where no window is asked for or it is open."""
    if not behaviour.windowed:
        return behaviour
    free = order.channel == "whatsapp" and not order.content_sid
    if free and not book.is_open(order, moment):
        return behaviour
    name = "delivered" if behaviour.name == "outside_window" else behaviour.name
    return replace(behaviour, name=name, outcome="delivered", error_code=None, windowed=False)


def _place(
    stage: Stage,
    tenant: TwilioTenant,
    order: MessageOrder,
    behaviour: Behaviour,
    moment: datetime,
) -> tuple[Message, bytes]:
    """Open the message, write it down, and let it play; the answer is worded before it plays."""
    message = tenant.messages.open(order, behaviour, moment, first_status(order))
    previous = tenant.messages.swap_last_sid(message.sid)
    body = encoded(message, previous if behaviour.answer is Answer.SAME_SID else None)
    tenant.learn(order.status_callback)
    stage.senders[order.from_] = tenant
    stage.enter(
        behaviour,
        kind="message",
        provider=PROVIDER,
        channel=order.channel,
        to=order.to,
        **{"from": order.from_},
        text=order.text,
        callback_url=order.status_callback,
        external_id=message.sid,
    )
    MessagePlayback(stage, tenant, message).begin(moment)
    return message, body


@messages.get("/Messages/<sid>.json")
def fetch_message(account: str, sid: str) -> Response:
    """The message as it is now."""
    if is_down(lookup_fault("message")):
        return down()
    message = on_stage().twilio[account].messages.get(sid)
    return _shown(message) if message else unknown()


@messages.post("/Messages/<sid>.json")
def update_message(account: str, sid: str) -> Response:
    """`Status=canceled` for one that is scheduled, else 30409; an empty `Body` takes the words out
    of one that is over, else 20009."""
    message = on_stage().twilio[account].messages.get(sid)
    if message is None:
        return unknown()
    if request.form.get("Status", "") == "canceled":
        cancel = message.cancel
        if cancel is None or not cancel():
            return problem(409, 30409, "The message can't be canceled any more")
        return _shown(message)
    if request.form.get("Body") != "":
        return problem(400, 20001, "Only Status=canceled or an empty Body is taken")
    if not message.is_over:
        return problem(400, 20009, "A message that is under way can't be changed")
    message.body, message.updated_at = "", now()
    return _shown(message)


@messages.delete("/Messages/<sid>.json")
def delete_message(account: str, sid: str) -> Response:
    """204; 20009 for a message that is not over."""
    shelf = on_stage().twilio[account].messages
    message = shelf.get(sid)
    if message is None:
        return unknown()
    if not message.is_over:
        return problem(400, 20009, "A message that is under way can't be removed")
    shelf.remove(message)
    return Response(status=204)


@messages.get("/Messages.json")
def list_messages(account: str) -> Response:
    """Newest first, both ways, by page; `DateSent` looks at the day only. With a list that lags,
    messages of its last seconds (5) are not there yet."""
    try:
        wanted = MessageFilter(
            to=request.args.get("To", ""),
            from_=request.args.get("From", ""),
            sent=asked_days("DateSent"),
        )
        wish = asked_page()
    except ValueError:
        return problem(400, 20001, "A parameter is not valid")
    fault = lookup_fault("message")
    if is_down(fault):
        return down()
    if fault is not None:
        wanted = replace(wanted, created_until=now() - timedelta(seconds=fault.seconds or 5.0))
    shelf = on_stage().twilio[account].messages
    found, more = shelf.page(wanted.admits, wanted.to, wish.size, wish.below)
    shown = [message_json(message) for message in found]
    return page_of(account, "Messages", shown, wish, found[-1].number if more else None)


def _shown(message: Message) -> Response:
    return Response(json.dumps(message_json(message)), content_type="application/json")

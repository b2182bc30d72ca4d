"""Twilio's REST resource for calls (twilio-subset.json), as far as the gateway uses it."""

import json
from dataclasses import replace
from datetime import timedelta

from flask import Blueprint, Response, request

from gateway.sandbox.answers import SILENT, answer
from gateway.sandbox.behaviour import Answer, Behaviour
from gateway.sandbox.stage import Stage, on_stage
from gateway.sandbox.tenants import TwilioTenant
from gateway.sandbox.twilio.calls import Call, CallFilter
from gateway.sandbox.twilio.door import (
    PROVIDER,
    authenticate,
    down,
    is_down,
    lookup_fault,
    noted,
    unknown,
)
from gateway.sandbox.twilio.orders import CallOrder, OrderError, read_order
from gateway.sandbox.twilio.paging import asked_days, asked_page, page_of
from gateway.sandbox.twilio.playback import Playback
from gateway.sandbox.twilio.resource import VERSION, call_json, encoded, problem
from gateway.sandbox.twilio.twiml import Script, read_script
from gateway.sandbox.wallclock import now

twilio = Blueprint("twilio", __name__, url_prefix=f"/{VERSION}/Accounts/<account>")
twilio.before_request(authenticate)


@twilio.post("/Calls.json")
def create_call(account: str) -> Response:
    """201 with the call, or whatever the number and the faults in force have in store."""
    stage = on_stage()
    tenant = stage.twilio[account]
    try:
        order = read_order(request.form)
    except OrderError as refusal:
        return noted(problem(400, refusal.code, refusal.message), "refused")
    behaviour = stage.behaviour(PROVIDER, order.to, tenant.throttle)
    call = _place(stage, tenant, order, behaviour) if behaviour.accepted else None
    body = call[1] if call else b""
    config = stage.config
    response = answer(behaviour, body, problem, stage.scheduler, config.hang_seconds)
    silent = behaviour.answer in SILENT
    return noted(response, behaviour.name, silent, call[0].sid if call else "")


def _place(
    stage: Stage, tenant: TwilioTenant, order: CallOrder, behaviour: Behaviour
) -> tuple[Call, bytes]:
    """Open the call, write it down, and let it play; the answer is worded before it plays."""
    script = read_script(order.twiml) if order.twiml else None
    call = tenant.calls.open(order, behaviour, now())
    previous = tenant.calls.swap_last_sid(call.sid)
    named = previous if behaviour.answer is Answer.SAME_SID else None
    body = encoded(call, named)
    stage.enter(
        behaviour,
        provider=PROVIDER,
        to=order.to,
        **{"from": order.from_},
        text=(script or Script()).spoken,
        callback_url=order.status_callback,
        external_id=call.sid,
    )
    tenant.learn(order.status_callback)
    Playback(stage, tenant.signer, call, script).begin()
    return call, body


@twilio.get("/Calls/<sid>.json")
def fetch_call(account: str, sid: str) -> Response:
    """The call as it is now."""
    if is_down(lookup_fault("call")):
        return down()
    call = on_stage().twilio[account].calls.get(sid)
    return _shown(call) if call else unknown()


@twilio.post("/Calls/<sid>.json")
def update_call(account: str, sid: str) -> Response:
    """`canceled` for calls not yet answered, `completed` for any that is not over; else 21220."""
    call = on_stage().twilio[account].calls.get(sid)
    if call is None:
        return unknown()
    wish = request.form.get("Status", "")
    if wish not in ("canceled", "completed"):
        return problem(400, 20001, "Status must be canceled or completed")
    with call.lock:
        waiting = call.status in ("queued", "ringing")
        if call.is_over or call.end is None or (wish == "canceled" and not waiting):
            return problem(400, 21220, "Invalid call state")
        call.end("canceled" if waiting else "completed")
    return _shown(call)


@twilio.delete("/Calls/<sid>.json")
def delete_call(account: str, sid: str) -> Response:
    """204; 21220 for a call that is not over."""
    calls = on_stage().twilio[account].calls
    call = calls.get(sid)
    if call is None:
        return unknown()
    if not call.is_over:
        return problem(400, 21220, "Invalid call state")
    calls.remove(call)
    return Response(status=204)


@twilio.get("/Calls.json")
def list_calls(account: str) -> Response:
    """Newest first, by page; `StartTime` looks at the day only. With a list that lags, calls placed
    in its last seconds (5) are not there yet."""
    try:
        wanted = CallFilter(
            to=request.args.get("To", ""),
            from_=request.args.get("From", ""),
            status=request.args.get("Status", ""),
            started=asked_days("StartTime"),
        )
        wish = asked_page()
    except ValueError:
        return problem(400, 20001, "A parameter is not valid")
    fault = lookup_fault("call")
    if is_down(fault):
        return down()
    if fault is not None:
        wanted = replace(wanted, created_until=now() - timedelta(seconds=fault.seconds or 5.0))
    shelf = on_stage().twilio[account].calls
    calls, more = shelf.page(wanted.admits, wanted.to, wish.size, wish.below)
    shown = [call_json(call) for call in calls]
    return page_of(account, "Calls", shown, wish, calls[-1].number if more else None)


def _shown(call: Call) -> Response:
    return Response(json.dumps(call_json(call)), content_type="application/json")

"""Twilio's REST resource for calls (twilio-subset.json), as far as the gateway uses it."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from gateway.sandbox.answers import SILENT, answer
from gateway.sandbox.behaviour import Answer, Behaviour
from gateway.sandbox.faults import Fault
from gateway.sandbox.stage import Stage, on_stage
from gateway.sandbox.tenants import TwilioTenant
from gateway.sandbox.twilio.calls import Call, CallFilter
from gateway.sandbox.twilio.orders import CallOrder, OrderError, read_order
from gateway.sandbox.twilio.playback import Playback
from gateway.sandbox.twilio.resource import VERSION, call_json, encoded, problem
from gateway.sandbox.twilio.twiml import Script, read_script
from gateway.sandbox.wallclock import now

PROVIDER = "twilio"
MOST_PER_PAGE = 1000

twilio = Blueprint("twilio", __name__, url_prefix=f"/{VERSION}/Accounts/<account>")


@twilio.before_request
def authenticate() -> Response | None:
    """Basic auth with an account's sid and token, else 401 code 20003; 404 for another's path."""
    given = request.authorization
    user = (given.username or "") if given is not None and given.type == "basic" else ""
    tenant = on_stage().twilio.get(user)
    if given is None or tenant is None or not tenant.knows(given.password or ""):
        return _noted(problem(401, 20003, "Authenticate"), "bad_credentials")
    if (request.view_args or {}).get("account") != user:
        return _noted(_unknown(), "unknown_account")
    return None


def _unknown() -> Response:
    return problem(404, 20404, "The requested resource was not found")


def _noted(response: Response, mode: str, silent: bool = False, sid: str = "") -> Response:
    """Put a placement request into the journal, with the status that it is answered with."""
    if request.endpoint == "twilio.create_call":
        on_stage().journal.note_request(
            now(),
            provider=PROVIDER,
            to=request.form.get("To", ""),
            **{"from": request.form.get("From", "")},
            status=None if silent else response.status_code,
            mode=mode,
            external_id=sid,
        )
    return response


@twilio.post("/Calls.json")
def create_call(account: str) -> Response:
    """201 with the call, or whatever the number and the faults in force have in store."""
    stage = on_stage()
    tenant = stage.twilio[account]
    try:
        order = read_order(request.form)
    except OrderError as refusal:
        return _noted(problem(400, refusal.code, refusal.message), "refused")
    behaviour = stage.behaviour(PROVIDER, order.to, tenant.throttle)
    call = _place(stage, tenant, order, behaviour) if behaviour.accepted else None
    body = call[1] if call else b""
    config = stage.config
    response = answer(behaviour, body, problem, stage.scheduler, config.hang_seconds)
    silent = behaviour.answer in SILENT
    return _noted(response, behaviour.name, silent, call[0].sid if call else "")


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
    Playback(stage, tenant.signer, call, script).begin()
    return call, body


@twilio.get("/Calls/<sid>.json")
def fetch_call(account: str, sid: str) -> Response:
    """The call as it is now."""
    if (fault := on_stage().faults.choose(PROVIDER, lookup=True)) and _is_down(fault):
        return problem(503, 20503, "Service unavailable")
    call = on_stage().twilio[account].calls.get(sid)
    return _shown(call) if call else _unknown()


@twilio.post("/Calls/<sid>.json")
def update_call(account: str, sid: str) -> Response:
    """`canceled` for calls not yet answered, `completed` for any that is not over; else 21220."""
    call = on_stage().twilio[account].calls.get(sid)
    if call is None:
        return _unknown()
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
        return _unknown()
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
            started_on=_day("StartTime"),
            started_until=_day("StartTime<"),
            started_since=_day("StartTime>"),
        )
        size = min(max(int(request.args.get("PageSize", "50")), 1), MOST_PER_PAGE)
        number = max(int(request.args.get("Page", "0")), 0)
        token = request.args.get("PageToken", "")
        below = int(token.removeprefix("PA"), 16) if token else None
    except ValueError:
        return problem(400, 20001, "A parameter is not valid")
    fault = on_stage().faults.choose(PROVIDER, lookup=True)
    if fault is not None and _is_down(fault):
        return problem(503, 20503, "Service unavailable")
    if fault is not None:
        wanted = replace(wanted, created_until=now() - timedelta(seconds=fault.seconds or 5.0))
    calls, more = on_stage().twilio[account].calls.page(wanted, size, below)
    return _page(account, calls, size, number, more)


def _is_down(fault: Fault) -> bool:
    return fault.behaviour == "lookup_503"


def _day(name: str) -> date | None:
    text = request.args.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(T.*)?", text):
        raise ValueError(name)
    return date.fromisoformat(text[:10])


def _page(account: str, calls: list[Call], size: int, number: int, more: bool) -> Response:
    path = f"/{VERSION}/Accounts/{account}/Calls.json"
    asked = {
        key: value
        for key, value in request.args.items()
        if key not in ("Page", "PageToken", "PageSize")
    } | {"PageSize": str(size)}
    after = {"Page": str(number + 1), "PageToken": f"PA{calls[-1].number:032x}"} if more else {}
    body = {
        "first_page_uri": f"{path}?{urlencode(asked | {'Page': '0'})}",
        "next_page_uri": f"{path}?{urlencode(asked | after)}" if more else None,
        "previous_page_uri": None,
        "uri": request.full_path.rstrip("?"),
        "page": number,
        "page_size": size,
        "start": number * size,
        "end": number * size + max(len(calls) - 1, 0),
        "calls": [call_json(call) for call in calls],
    }
    return Response(json.dumps(body), content_type="application/json")


def _shown(call: Call) -> Response:
    return Response(json.dumps(call_json(call)), content_type="application/json")

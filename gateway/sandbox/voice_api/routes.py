"""The generic voice provider: one POST to place a call."""

import json
from uuid import uuid4

from flask import Blueprint, Response, request

from gateway.sandbox.answers import SILENT, answer
from gateway.sandbox.behaviour import Answer, Behaviour
from gateway.sandbox.stage import Stage, on_stage
from gateway.sandbox.tenants import VoiceTenant
from gateway.sandbox.voice_api.orders import VoiceOrder, VoiceOrderError, read_voice_order
from gateway.sandbox.voice_api.playback import VoicePlayback
from gateway.sandbox.wallclock import now

PROVIDER = "voice_api"
SENDER = ""

voice_api = Blueprint("voice_api", __name__, url_prefix="/voice")


def problem(status: int, code: int, message: str) -> Response:
    """The provider's error body: `{"error": {"code", "message"}}`."""
    body = {"error": {"code": code, "message": message}}
    return Response(json.dumps(body), status, content_type="application/json")


@voice_api.post("/calls")
def place_call() -> Response:
    """201 `{call_id, status: "queued"}`, 401 for a wrong key, 400 no JSON, 422 bad fields."""
    stage = on_stage()
    key = request.headers.get("Authorization", "").removeprefix("Bearer ")
    tenant = stage.voice_tenant(key)
    if tenant is None:
        return _noted(stage, problem(401, 401, "The key is not valid"), "bad_credentials")
    body = request.get_json(silent=True)
    if body is None:
        return _noted(stage, problem(400, 400, "The body is not JSON"), "refused")
    try:
        order = read_voice_order(body)
    except VoiceOrderError as refusal:
        return _noted(stage, problem(422, 422, str(refusal)), "refused")
    behaviour = stage.behaviour(PROVIDER, order.phone_number, tenant.throttle)
    call_id = _place(stage, tenant, order, behaviour) if behaviour.accepted else ""
    named = call_id
    if call_id:
        previous = tenant.swap_last_call(call_id)
        named = previous if behaviour.answer is Answer.SAME_SID else call_id
    content = json.dumps({"call_id": named, "status": "queued"}).encode()
    hang_seconds = stage.config.hang_seconds
    response = answer(behaviour, content, problem, stage.scheduler, hang_seconds)
    return _noted(stage, response, behaviour.name, order.phone_number, call_id, behaviour)


def _place(stage: Stage, tenant: VoiceTenant, order: VoiceOrder, behaviour: Behaviour) -> str:
    call_id = f"call_{uuid4().hex}"
    stage.enter(
        behaviour,
        provider=PROVIDER,
        to=order.phone_number,
        **{"from": SENDER},
        text=order.message,
        callback_url=stage.config.gateway_url,
        external_id=call_id,
    )
    VoicePlayback(stage, tenant.signer, order, behaviour, call_id).begin()
    return call_id


def _noted(
    stage: Stage,
    response: Response,
    mode: str,
    to: str = "",
    call_id: str = "",
    behaviour: Behaviour | None = None,
) -> Response:
    silent = behaviour is not None and behaviour.answer in SILENT
    stage.journal.note_request(
        now(),
        provider=PROVIDER,
        to=to,
        **{"from": SENDER},
        status=None if silent else response.status_code,
        mode=mode,
        external_id=call_id,
    )
    return response

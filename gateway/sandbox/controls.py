"""The knobs and windows of the sandbox itself, for tests and for people who look."""

import json
from dataclasses import asdict, replace
from typing import Any

from flask import Blueprint, Response, request

from gateway.sandbox.faults import FaultError, read_fault
from gateway.sandbox.stage import on_stage

controls = Blueprint("controls", __name__, url_prefix="/sandbox")
SLOWEST_SECONDS = 3600


def shown(body: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(json.dumps(body), status, content_type="application/json")


def problem(status: int, title: str, detail: str) -> Response:
    """RFC 9457 problem details."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Response(json.dumps(body), status, content_type="application/problem+json")


@controls.get("/health")
def health() -> Response:
    """Alive."""
    return shown({"status": "ok"})


@controls.get("/ledger")
def read_ledger() -> Response:
    """What was really placed, in order; `?after=N` leaves out the first N."""
    after = request.args.get("after", "")
    return shown(on_stage().ledger.entries(int(after) if after.isdecimal() else 0))


@controls.delete("/ledger")
def clear_ledger() -> Response:
    """Empty the ledger."""
    on_stage().ledger.clear()
    return Response(status=204)


@controls.get("/requests")
def read_requests() -> Response:
    """The last 10,000 placement requests, refused ones too."""
    return shown(on_stage().journal.requests())


@controls.get("/callbacks")
def read_callbacks() -> Response:
    """The last 10,000 attempts to deliver a callback, with the status that came back."""
    return shown(on_stage().journal.callbacks())


@controls.get("/faults")
def read_faults() -> Response:
    """The faults in force."""
    return shown(on_stage().faults.active())


@controls.post("/faults")
def start_fault() -> Response:
    """Put a fault in force: 201, or 422 if its description makes no sense."""
    try:
        fault = read_fault(request.get_json(silent=True))
    except FaultError as error:
        return problem(422, "Unknown fault", str(error))
    on_stage().faults.start(fault)
    return shown(fault.as_json(), 201)


@controls.delete("/faults")
def end_faults() -> Response:
    """End every fault."""
    on_stage().faults.clear()
    return Response(status=204)


@controls.put("/pace")
def set_pace() -> Response:
    """Change `ring_seconds` and `talk_seconds` for the calls placed from now on."""
    body = request.get_json(silent=True)
    stage = on_stage()
    if not isinstance(body, dict) or not set(body) <= set(asdict(stage.pace)):
        return problem(422, "Unknown pace", "give ring_seconds and talk_seconds")
    for name, value in body.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= SLOWEST_SECONDS:
            return problem(422, "Unknown pace", f"{name} must be 0 to {SLOWEST_SECONDS} seconds")
    stage.pace = replace(stage.pace, **body)
    return shown(asdict(stage.pace))

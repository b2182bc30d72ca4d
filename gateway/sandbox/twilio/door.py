"""What every part of the simulated Twilio does at its door: who may enter, and what is noted."""

from flask import Response, request

from gateway.sandbox.faults import Fault
from gateway.sandbox.numbers import Kind
from gateway.sandbox.stage import on_stage
from gateway.sandbox.twilio.resource import problem
from gateway.sandbox.wallclock import now

PROVIDER = "twilio"


def authenticate() -> Response | None:
    """Basic auth with an account's sid and token, else 401 code 20003; 404 for another's path."""
    given = request.authorization
    user = (given.username or "") if given is not None and given.type == "basic" else ""
    tenant = on_stage().twilio.get(user)
    if given is None or tenant is None or not tenant.knows(given.password or ""):
        return noted(problem(401, 20003, "Authenticate"), "bad_credentials")
    if (request.view_args or {}).get("account") != user:
        return noted(unknown(), "unknown_account")
    return None


def unknown() -> Response:
    """Nothing of this name."""
    return problem(404, 20404, "The requested resource was not found")


def noted(response: Response, mode: str, silent: bool = False, sid: str = "") -> Response:
    """Put a placement request into the journal, with the status that it is answered with."""
    if request.method == "POST" and "sid" not in (request.view_args or {}):
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


def lookup_fault(kind: Kind) -> Fault | None:
    """The fault that befalls the look-up at hand."""
    return on_stage().faults.choose(PROVIDER, lookup=True, kind=kind)


def is_down(fault: Fault | None) -> bool:
    """Whether the look-up is to fail altogether."""
    return fault is not None and fault.behaviour == "lookup_503"


def down() -> Response:
    """What a look-up then gets."""
    return problem(503, 20503, "Service unavailable")

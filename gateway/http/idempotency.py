"""The Idempotency-Key of a POST: reading it, and answering the same request in the same way."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime

from flask import Response, request

from gateway import wallclock
from gateway.http import doorbell
from gateway.http.answers import send
from gateway.http.arguments import body
from gateway.http.auth import caller
from gateway.http.errors import MalformedRequest
from gateway.usecases import idempotency
from gateway.usecases.idempotency import Answer

_BARE = re.compile(r"[\x21\x23-\x7e]{1,255}", re.ASCII)
_QUOTED = re.compile(r'"((?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"', re.ASCII)

HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 255 visible ASCII characters, bare or quoted (RFC 8941). The same key and "
    "body within 24 hours replays the first answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 257},
}
REPLAYED = {
    "Idempotent-Replayed": {
        "description": "`true` when this is the stored answer to an earlier request",
        "schema": {"type": "string", "enum": ["true"]},
    }
}


def fingerprint(*context: str) -> str:
    """A hash of the body, whatever its spacing and order of keys, and of the context given."""
    canonical = json.dumps(body(), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256("\n".join((*context, canonical)).encode()).hexdigest()


def once(work: Callable[[datetime], Answer], *context: str) -> Response:
    """The answer of `work(now)`, done in one transaction, or the stored one of an earlier request
    with the same key and body, and the same `context` where something else counts too."""
    now = wallclock.now()
    key = _key()
    same = fingerprint(request.method, request.path, *context) if key else ""
    answer = idempotency.once(caller(), key, same, now, lambda: work(now))
    doorbell.later(answer.ring)
    response = send(answer.status, answer.body)
    if answer.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _key() -> str | None:
    sent = request.headers.get("Idempotency-Key")
    if sent is None:
        return None
    if _BARE.fullmatch(sent):
        return sent
    quoted = _QUOTED.fullmatch(sent)
    if quoted is None:
        raise MalformedRequest("must be 1 to 255 visible ASCII characters", "Idempotency-Key")
    return re.sub(r"\\(.)", r"\1", quoted[1])

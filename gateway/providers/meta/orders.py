"""What Meta is asked to send: free words, or a template that it approved
(https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages)."""

import re
from typing import Any

from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import MessageRequest
from gateway.providers.meta.accounts import Account
from gateway.providers.reading import clean

LONGEST_TEXT = 4096

_NUMBER = re.compile(r"\+[1-9][0-9]{5,14}")
_TEMPLATE = re.compile("([a-z0-9_]{1,512})(?::([A-Za-z]{2,3}(?:_[A-Za-z0-9]{2,8})*))?")


def objection(request: MessageRequest, account: Account) -> Failure | None:
    """Why this message can't be asked for at all; None where nothing is wrong with it."""
    text = clean(request.content.text).strip()
    if not _NUMBER.fullmatch(request.to):
        return Failure(FailureClass.PERMANENT, Reason.INVALID_NUMBER)
    if request.from_ != account.number:  # Meta knows a sender by its id alone
        return Failure(FailureClass.TECHNICAL, Reason.CONFIGURATION)
    chosen = request.content.content_id
    wrong_template = chosen is not None and not _TEMPLATE.fullmatch(chosen)
    if not text or wrong_template or (chosen is None and len(text) > LONGEST_TEXT):
        return Failure(FailureClass.TECHNICAL, Reason.TEMPLATE)
    return None


def order(request: MessageRequest) -> dict[str, Any]:
    """The JSON of one message. A content id is `name` or `name:language`; without a language it is
    the request's. The attempt comes back with every status."""
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": request.to,
        "biz_opaque_callback_data": request.attempt_id,
    }
    chosen = _TEMPLATE.fullmatch(request.content.content_id or "")
    if chosen is None:
        text = {"preview_url": False, "body": clean(request.content.text)}
        return {**body, "type": "text", "text": text}
    language = chosen.group(2) or request.locale.replace("-", "_")
    template: dict[str, Any] = {"name": chosen.group(1), "language": {"code": language}}
    given = request.content.content_variables
    if given:
        words = [given[name] for name in sorted(given, key=_place)]
        parameters = [{"type": "text", "text": _one_line(word)} for word in words]
        template["components"] = [{"type": "body", "parameters": parameters}]
    return {**body, "type": "template", "template": template}


def _place(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isascii() and name.isdigit() else (10**9, name)


def _one_line(text: str) -> str:
    """Parameters may have no line breaks, no tabs and no runs of spaces."""
    return " ".join(clean(text).split())

"""A request to create a message: read, checked and refused with Twilio's own codes."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from werkzeug.datastructures import MultiDict

from gateway.sandbox.numbers import is_e164
from gateway.sandbox.twilio.orders import OrderError, check_callback, refuse_magic

MOST_CHARACTERS = 1600
WHATSAPP = "whatsapp:"
POOL = "+15005550006"  # the number from which every Messaging Service of the sandbox sends
_SOONEST, _LATEST = timedelta(minutes=15), timedelta(days=35)  # twilio.com/docs/api/errors/35114
_CONTENT_SID = re.compile(r"HX[0-9a-fA-F]{32}")
_SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")
_SENDER = re.compile(r"[0-9]{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 +_&-]{1,11}")  # short code, or a name

_MAGIC_FROM = {
    "+15005550001": (21212, "The 'From' number is not a valid phone number"),
    "+15005550007": (21606, "The 'From' number can't send messages of this account"),
    "+15005550008": (21611, "The 'From' number has exceeded its queue of messages"),
}
_MAGIC_TO = {
    "+15005550001": (21211, "The 'To' number is not a valid phone number"),
    "+15005550002": (21612, "The 'To' number can't be reached from the 'From' number"),
    "+15005550003": (21408, "The region of the 'To' number is not enabled for this account"),
    "+15005550004": (21610, "Attempt to send to unsubscribed recipient"),
    "+15005550009": (21614, "The 'To' number is not a mobile number"),
}
UNSUBSCRIBED = _MAGIC_TO["+15005550004"]


@dataclass(frozen=True, slots=True)
class MessageOrder:
    """What a message was ordered with, or came in with. Addresses keep their channel in front; what
    is absent is empty. `media` are the addresses, `send_at` is UTC."""

    to: str
    from_: str
    body: str
    content_sid: str = ""
    content_variables: str = ""
    media: tuple[str, ...] = ()
    status_callback: str = ""
    service_sid: str = ""
    send_at: datetime | None = None

    @property
    def channel(self) -> str:
        """`whatsapp` or `sms`."""
        return "whatsapp" if self.to.startswith(WHATSAPP) else "sms"

    @property
    def text(self) -> str:
        """The words; of a content template its sid and its variables."""
        if not self.content_sid:
            return self.body
        return f"{self.content_sid} {self.content_variables}".strip()


def read_message(form: MultiDict[str, str], now: datetime) -> MessageOrder:
    """Check a form as Twilio does; what is scheduled without a Messaging Service is sent at once.
    Raises OrderError."""
    to, service = form.get("To", ""), form.get("MessagingServiceSid", "")
    if service and not _SERVICE_SID.fullmatch(service):
        raise OrderError(21705, "The Messaging Service Sid is invalid")
    pool = (WHATSAPP if to.startswith(WHATSAPP) else "") + POOL if service else ""
    sender = form.get("From", "") or pool
    _check_addresses(to, sender)
    order = MessageOrder(
        to=to,
        from_=sender,
        body="" if form.get("ContentSid") else form.get("Body", ""),
        content_sid=form.get("ContentSid", ""),
        content_variables=form.get("ContentVariables", "") if form.get("ContentSid") else "",
        media=tuple(form.getlist("MediaUrl")),
        status_callback=form.get("StatusCallback", ""),
        service_sid=service,
        send_at=_send_at(form, now) if service else None,
    )
    _check_words(order)
    check_callback("StatusCallback", form)
    return order


def _check_addresses(to: str, sender: str) -> None:
    if not to:
        raise OrderError(21604, "A 'To' phone number is required")
    if not sender:
        raise OrderError(21603, "A 'From' phone number is required")
    refuse_magic(_MAGIC_FROM, sender.removeprefix(WHATSAPP))
    refuse_magic(_MAGIC_TO, to.removeprefix(WHATSAPP))
    if not is_e164(to.removeprefix(WHATSAPP)):
        raise OrderError(21211, "The 'To' number is not a valid phone number")
    if sender.startswith(WHATSAPP) is not to.startswith(WHATSAPP):
        raise OrderError(21910, "'From' and 'To' must be of the same channel")
    number = sender.removeprefix(WHATSAPP)
    if not is_e164(number) and (number != sender or not _SENDER.fullmatch(number)):
        raise OrderError(21212, "The 'From' number is not a valid phone number")


def _check_words(order: MessageOrder) -> None:
    if not order.body and not order.content_sid and not order.media:
        raise OrderError(21602, "A message body is required")
    if len(order.body) > MOST_CHARACTERS:
        raise OrderError(21617, f"The message body is longer than {MOST_CHARACTERS} characters")
    if order.content_sid and not _CONTENT_SID.fullmatch(order.content_sid):
        raise OrderError(21655, "The ContentSid is invalid")
    if order.content_variables and not _are_variables(order.content_variables):
        raise OrderError(21656, "The ContentVariables are invalid")


def _are_variables(text: str) -> bool:
    try:
        values = json.loads(text)
    except ValueError:
        return False
    return isinstance(values, dict) and all(isinstance(value, str) for value in values.values())


def _send_at(form: MultiDict[str, str], now: datetime) -> datetime | None:
    if form.get("ScheduleType") != "fixed":
        return None
    try:
        moment = datetime.fromisoformat(form.get("SendAt", "")).astimezone(UTC)
    except ValueError:
        moment = now
    if not _SOONEST <= moment - now <= _LATEST:
        raise OrderError(35114, "'SendAt' must be ISO 8601, 15 minutes to 35 days ahead")
    return moment

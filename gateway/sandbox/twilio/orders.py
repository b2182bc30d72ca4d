"""A request to create a call: read, checked and refused with Twilio's own codes."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from werkzeug.datastructures import MultiDict

from gateway.sandbox.numbers import is_e164

MOST_TWIML = 4000
EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})

_MAGIC_FROM = {"+15005550001": (21212, "The 'From' number is not a valid phone number")}
_MAGIC_TO = {
    "+15005550001": (21217, "Phone number does not appear to be valid"),
    "+15005550002": (21214, "'To' phone number cannot be reached"),
    "+15005550003": (21215, "Account not authorized to call this number"),
    "+15005550004": (21216, "Account not allowed to call this number"),
}


class OrderError(ValueError):
    """HTTP 400 with a Twilio error code; the message is ours and holds no number."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class CallOrder:
    """What a call was ordered with. URLs keep their fragments; absent ones are empty."""

    to: str
    from_: str
    twiml: str
    url: str
    status_callback: str
    events: frozenset[str]
    detects_machine: bool
    amd_callback: str
    recording_callback: str


def read_order(form: MultiDict[str, str]) -> CallOrder:
    """Check a form as Twilio does. Raises OrderError."""
    to, sender = form.get("To", ""), form.get("From", "")
    _check_numbers(to, sender)
    url = form.get("Url", "")
    twiml = "" if url else form.get("Twiml", "")
    _check_document(url, twiml)
    for name in ("StatusCallback", "AsyncAmdStatusCallback", "RecordingStatusCallback"):
        check_callback(name, form)
    detects = form.get("MachineDetection", "") in ("Enable", "DetectMessageEnd")
    apart = detects and form.get("AsyncAmd", "").lower() == "true"
    records = form.get("Record", "").lower() == "true"
    return CallOrder(
        to=to,
        from_=sender,
        twiml=twiml,
        url=url,
        status_callback=form.get("StatusCallback", ""),
        events=_events(form),
        detects_machine=detects and not apart,
        amd_callback=form.get("AsyncAmdStatusCallback", "") if apart else "",
        recording_callback=form.get("RecordingStatusCallback", "") if records else "",
    )


def _check_numbers(to: str, sender: str) -> None:
    if not to:
        raise OrderError(21201, "No 'To' number is specified")
    if not sender:
        raise OrderError(21213, "No 'From' number is specified")
    refuse_magic(_MAGIC_FROM, sender)
    refuse_magic(_MAGIC_TO, to)
    if not is_e164(to) and not to.startswith(("sip:", "client:")):
        raise OrderError(21211, "The 'To' number is not a valid phone number")


def refuse_magic(numbers: Mapping[str, tuple[int, str]], number: str) -> None:
    """Raises the OrderError that one of Twilio's own test numbers stands for."""
    if number in numbers:
        raise OrderError(*numbers[number])


def _check_document(url: str, twiml: str) -> None:
    if not url and not twiml:
        raise OrderError(21205, "Url parameter is required")
    if url and not is_web_address(url):
        raise OrderError(21205, "Url is not a valid URL")
    if len(twiml) > MOST_TWIML:
        raise OrderError(21205, f"Twiml is longer than {MOST_TWIML} characters")


def check_callback(name: str, form: MultiDict[str, str]) -> None:
    """Raises OrderError if the parameter is there and no address that Twilio would post to."""
    url = form.get(name, "")
    if url and not (is_web_address(url) and "_" not in (urlsplit(url).hostname or "")):
        raise OrderError(21609, f"{name} is not a valid URL")


def is_web_address(url: str) -> bool:
    """Whether this is an http(s) address with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _events(form: MultiDict[str, str]) -> frozenset[str]:
    asked = {event for value in form.getlist("StatusCallbackEvent") for event in value.split()}
    return frozenset(asked & EVENTS) or frozenset({"completed"})

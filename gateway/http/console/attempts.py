"""/console/calls and /console/messages: one of them, how far it is and what became of it."""

from dataclasses import dataclass
from typing import Any

from flask import Response, request

from gateway import wallclock
from gateway.domain.errors import Conflict, NotFound, NotNow
from gateway.http import doorbell
from gateway.http.arguments import opaque_id
from gateway.http.console.group import blueprint
from gateway.http.console.telling import because
from gateway.http.staff_answers import back, page, partial
from gateway.http.staff_pages import caller, form, recorded, staff
from gateway.http.staff_words import may
from gateway.models import attempts, console_search
from gateway.models.attempts import AnyAttempt
from gateway.models.contact import Contact
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.models.transcript import Transcript, TranscriptSegment
from gateway.usecases import again, calls, messages

PARTS = ("number", "words", "events")
CALL, MESSAGE = "/calls/<call_id>", "/messages/<message_id>"


@dataclass(frozen=True)
class Shown:
    """A call or message, and what was heard about it."""

    row: AnyAttempt
    events: list[ProviderEvent]
    transcript: Transcript | None = None
    segments: tuple[TranscriptSegment, ...] = ()


@blueprint.get(CALL)
@staff()
def call(call_id: str) -> Response:
    """A call."""
    return _whole(_call(call_id))


@blueprint.get(MESSAGE)
@staff()
def message(message_id: str) -> Response:
    """A message."""
    return _whole(_message(message_id))


@blueprint.get(CALL + "/live")
@staff(background=True)
def call_live(call_id: str) -> Response:
    """How far a call is."""
    return partial("attempt_live.html", **_progress(_call(call_id)))


@blueprint.get(MESSAGE + "/live")
@staff(background=True)
def message_live(message_id: str) -> Response:
    """How far a message is."""
    return partial("attempt_live.html", **_progress(_message(message_id)))


@blueprint.post(CALL + "/<part>")
@staff("support")
def call_part(call_id: str, part: str) -> Response:
    """What is not shown without an entry in the ledger: the number, what was said, raw events."""
    return _reveal(_call(call_id), part)


@blueprint.post(MESSAGE + "/<part>")
@staff("support")
def message_part(message_id: str, part: str) -> Response:
    """The same of a message."""
    return _reveal(_message(message_id), part)


@blueprint.post(CALL + "/again")
@staff("support")
def call_again(call_id: str) -> Response:
    """Call once more."""
    return _again(_call(call_id).row, "call-again", "The call is planned.")


@blueprint.post(MESSAGE + "/again")
@staff("support")
def message_again(message_id: str) -> Response:
    """Write once more."""
    return _again(_message(message_id).row, "send-again", "The message is planned.")


def _call(call_id: str) -> Shown:
    view = calls.show(caller(), opaque_id(call_id))
    return Shown(view.call, view.events, view.transcript, tuple(view.segments))


def _message(message_id: str) -> Shown:
    view = messages.show(caller(), opaque_id(message_id))
    return Shown(view.message, view.events)


def _reveal(shown: Shown, part: str) -> Response:
    """One part, alone for htmx and else in its page; with the entry or not at all."""
    if part not in PARTS:
        raise NotFound
    said = "transcript" if shown.row.channel == "voice" else "message"
    with recorded(f"read-{said if part == 'words' else part}", shown.row.id):
        values = _parts(shown, part)
        if "HX-Request" in request.headers:
            return partial(f"attempt_{part}.html", **values)
        return _whole(shown, **values)


def _parts(shown: Shown, part: str | None = None) -> dict[str, Any]:
    raw = console_search.raw_events(shown.row.id) if part == "events" else None
    return {
        "shown": shown, "row": shown.row, "number": part == "number", "words": part == "words",
        "raw": raw,
    }  # fmt: skip


def _whole(shown: Shown, /, **values: Any) -> Response:
    return page("attempt.html", **{**_parts(shown), **_progress(shown), **_about(shown), **values})


def _progress(shown: Shown) -> dict[str, Any]:
    row = shown.row
    same = attempts.of_notifications([row.notification_id]) if row.notification_id else []
    return {
        "shown": shown,
        "row": row,
        "events": shown.events,
        "others": [one for one in same if one.id != row.id],
        "planned": _notification(row),
    }


def _about(shown: Shown) -> dict[str, Any]:
    row = shown.row
    objection = again.possible(caller(), row) if may("support") else None
    return {"person": _person(row), "objection": objection}


def _notification(row: AnyAttempt) -> Notification | None:
    own = (caller().organization_id, caller().mode)
    return console_search.notification(*own, row.notification_id)


def _person(row: AnyAttempt) -> Contact | None:
    """Whom it was for, else who has the address."""
    planned = _notification(row)
    if planned is not None:
        found: Contact = planned.contact
        return found if found.erased_at is None else None
    own = (caller().organization_id, caller().mode)
    return next(iter(console_search.people(*own, hashes=[row.to_hash], limit=1)), None)


def _again(row: AnyAttempt, action: str, notice: str) -> Response:
    try:
        with recorded(action, row.id, reason=form().get("reason", "")):
            asked = again.ask(caller(), row.id, wallclock.now())
    except NotNow as objection:
        raise Conflict(f"It may not be sent now. {because(objection.reason)}") from None
    doorbell.later(asked.ring)
    if row.booking_id is not None:
        return back(notice, "console.booking", booking_id=row.booking_id)
    return back(notice, "console.contact", contact_id=asked.notification.contact_id)

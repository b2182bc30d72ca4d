"""/console/contacts: a person, what went back and forth, and what they agreed to."""

from typing import Any

from flask import Response, request

from gateway import wallclock
from gateway.domain.channel_plan import CHANNELS
from gateway.domain.errors import Invalid, NotFound
from gateway.http import doorbell, pagination
from gateway.http.arguments import opaque_id
from gateway.http.console.group import blueprint
from gateway.http.staff_answers import back, page, partial
from gateway.http.staff_pages import caller, form, recorded, staff
from gateway.models import console_search
from gateway.models.consent import ALL
from gateway.models.contact import Contact
from gateway.models.enrolment import LIVE
from gateway.models.transcript import Transcript
from gateway.usecases import consents, contacts, enrolments
from gateway.usecases import console_search as desk
from gateway.usecases.facts import address_of

SHOWN = 25
SOURCE = "told support"
PARTS = ("number", "words")


@blueprint.get("/contacts/<contact_id>")
@staff()
def contact(contact_id: str) -> Response:
    """A person, with the conversation."""
    return _whole(contacts.show(caller(), opaque_id(contact_id)))


@blueprint.get("/contacts/<contact_id>/live")
@staff(background=True)
def contact_live(contact_id: str) -> Response:
    """What went back and forth, the newest page of it."""
    person = contacts.show(caller(), opaque_id(contact_id))
    return partial("contact_live.html", said=None, **_conversation(person, None))


@blueprint.post("/contacts/<contact_id>/<part>")
@staff("support")
def contact_part(contact_id: str, part: str) -> Response:
    """The addresses, or with the words what went back and forth."""
    person = contacts.show(caller(), opaque_id(contact_id))
    if part not in PARTS:
        raise NotFound
    alone = "HX-Request" in request.headers
    if part == "number":
        with recorded("read-number", person.id):
            values = {"person": person, "number": True}
            return partial("contact_number.html", **values) if alone else _whole(person, **values)
    talk = _conversation(person, request.args.get("cursor"))
    with recorded("read-conversation", person.id, *(row.id for row in talk["rows"])):
        said = Transcript.of_calls([row.id for row in talk["rows"] if row.channel == "voice"])
        return _whole(person, **talk, said=said)


@blueprint.post("/contacts/<contact_id>/opt-out")
@staff("support")
def opt_out(contact_id: str) -> Response:
    """Note that the person wants nothing more, on one channel or all."""
    person = contacts.show(caller(), opaque_id(contact_id))
    sent = form()
    wanted = CHANNELS if sent.get("channel") == "all" else (sent.get("channel", ""),)
    if not set(wanted) <= set(CHANNELS):
        raise Invalid("is not a channel", "channel")
    reached = [one for one in wanted if address_of(person, one)[1]]
    if not reached:
        raise Invalid("is one on which the contact has no address", "channel")
    with recorded("opt-out", person.id, reason=sent.get("reason", "")):
        for channel in reached:
            consents.state(
                caller(), person.id, channel, ALL, granted=False, source=SOURCE,
                now=wallclock.now(),
            )  # fmt: skip
    return back("Nothing more will be sent there.", "console.contact", contact_id=person.id)


@blueprint.post("/enrolments/<enrolment_id>/stop")
@staff("support")
def stop_sequence(enrolment_id: str) -> Response:
    """End a person's course through a sequence for good."""
    view = enrolments.show(caller(), opaque_id(enrolment_id))
    with recorded("stop-sequence", view.enrolment.id, reason=form().get("reason", "")):
        stopped, left = enrolments.stop(caller(), view.enrolment.id, wallclock.now())
    doorbell.ring_to_end(left.calls)
    who = stopped.enrolment.contact_id
    return back("The sequence is stopped for this person.", "console.contact", contact_id=who)


def _whole(person: Contact, /, **values: Any) -> Response:
    own = (caller().organization_id, caller().mode)
    hashes = desk.hashes_of([person])
    sharing = console_search.people(*own, hashes=hashes) if hashes else []
    cursor = request.args.get("cursor")
    talk = {} if "rows" in values else _conversation(person, cursor)
    shown = {
        "person": person,
        "number": False,
        "said": None,
        "sharing": [one for one in sharing if one.id != person.id],
        "bookings": console_search.bookings(*own, contact_ids=[person.id]),
        "stopped": consents.opted_out(caller(), person),
        "reached": [one for one in CHANNELS if address_of(person, one)[1]],
        "statements": consents.history(caller(), person.id, {}, 20, None),
        "courses": enrolments.search(caller(), {"contact_id": person.id}, 20, None),
        "running": LIVE,
        "at": {"cursor": cursor} if cursor else {},
        **talk,
    }
    return page("contact.html", **{**shown, **values})


def _conversation(person: Contact, cursor: str | None) -> dict[str, Any]:
    """A page of what went to and came from the person's addresses, the newest first."""
    hashes = desk.hashes_of([person])
    query = {"limit": SHOWN, "contact": person.id, **({"cursor": cursor} if cursor else {})}
    rows, onward = pagination.page(
        caller(),
        "console conversation",
        query,
        lambda _, limit, before: desk.attempts(caller(), {"hashes": hashes}, limit, before),
        lambda row: (row.created_at, row.id),
    )
    return {"person": person, "rows": rows, "onward": onward, "newest": cursor is None}

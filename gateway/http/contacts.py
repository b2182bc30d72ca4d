"""/api/v1/contacts: people who are reached, and what they agreed to."""

from typing import Any

from flask import Response, g
from marshmallow import Schema, ValidationError, fields, post_load, validate

from gateway import wallclock
from gateway.domain.channel_plan import CHANNELS
from gateway.http import doorbell
from gateway.http.answers import send
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.auth import caller, requires
from gateway.http.contact_answer import (
    ConsentAnswer,
    ConsentPage,
    ContactAnswer,
    ErasureAnswer,
    consent_answer,
    contact_answer,
    erasure_answer,
)
from gateway.http.contact_export import ExportAnswer, download
from gateway.http.fields import Email, Locale, Phone, Text, Zone
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.http.pagination import PageQuery, page
from gateway.http.preference_answer import PreferencesAnswer, preferences_answer
from gateway.models.contact import Contact
from gateway.usecases import consents, contacts, erasure, export, preferences
from gateway.usecases.idempotency import Answer

blueprint = Blueprint(
    "contacts",
    __name__,
    url_prefix="/api/v1/contacts",
    description="People who are reached, and what they agreed to",
)
EXAMPLE = {"channel": "sms", "purpose": "all", "granted": False, "source": "told us by telephone"}


class YesOrNo(fields.Boolean):
    """True or false, and nothing that only looks like it."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value


class ContactUpdate(Schema):
    """What to change; what is left out stays, null blanks."""

    name = Text(maximum=200, allow_none=True)
    phone = Phone(allow_none=True, metadata={"example": "+4915112345678", "description": "E.164"})
    email = Email(allow_none=True)
    locale = Locale(metadata={"example": "de"})
    time_zone = Zone(allow_none=True, metadata={"example": "Europe/Berlin"})

    @post_load
    def _something(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if not data:
            raise ValidationError("names nothing to change")
        return dict(data)


class ConsentInput(Schema):
    """What a person said."""

    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    purpose = fields.String(
        load_default=consents.PURPOSES[0],
        validate=validate.OneOf(consents.PURPOSES),
        metadata={"description": "what it is about; `all` is everything on the channel"},
    )
    granted = YesOrNo(required=True, metadata={"description": "false: no more of it"})
    source = Text(maximum=40, required=True, metadata={"description": "where you know it from"})


class ConsentQuery(PageQuery):
    """Filters of the history."""

    channel = fields.String(validate=validate.OneOf(CHANNELS))
    purpose = fields.String(validate=validate.OneOf(consents.PURPOSES))


@blueprint.route("/<contact_id>", methods=["GET"])
@requires("contacts:read")
@blueprint.doc(operationId="showContact", summary="Show a contact")
@blueprint.response(200, ContactAnswer)
def show(contact_id: str) -> Response:
    """With the addresses, and the channels on which the person wants nothing."""
    return _shown(contacts.show(caller(), opaque_id(contact_id)))


@blueprint.route("/<contact_id>", methods=["PATCH"])
@requires("contacts:write")
@blueprint.doc(operationId="changeContact", summary="Change a contact")
@blueprint.arguments(ContactUpdate, example={"phone": "+4915112345679"})
@blueprint.response(200, ContactAnswer)
def change(changes: dict[str, Any], contact_id: str) -> Response:
    """What is still to be sent goes to the changed addresses. Consent belongs to an address: what
    was said about the old one does not count for a new one."""
    return _shown(contacts.change(caller(), opaque_id(contact_id), changes, wallclock.now()))


@blueprint.route("/<contact_id>", methods=["DELETE"])
@requires("contacts:write")
@blueprint.doc(operationId="eraseContact", summary="Erase a person")
@blueprint.response(200, ErasureAnswer, description="Nothing can leave for them any more")
@blueprint.alt_response(
    202,
    schema=ErasureAnswer,
    success=True,
    description="Erased, while a call or message is already at the provider: it is asked to end",
)
def erase(contact_id: str) -> Response:
    """Withdraws what waits, and takes everything personal out of what is kept. What the person said
    no to stays, by a keyed hash of the address. It can't be undone. Again, it is the same."""
    erased = erasure.erase(caller(), opaque_id(contact_id), wallclock.now(), g.request_id)
    doorbell.ring_to_end(erased.calls)
    return send(200 if erased.settled else 202, erasure_answer(erased))


@blueprint.route("/<contact_id>/export", methods=["GET"])
@requires("contacts:read", "transcripts:read")
@blueprint.doc(operationId="exportContact", summary="Take out all data of a person")
@blueprint.response(200, ExportAnswer)
def take_out(contact_id: str) -> Response:
    """Everything that is kept about the person, one list for each kind of row; who took it out is
    noted. Erasing the person empties the same rows."""
    person, now = opaque_id(contact_id), wallclock.now()
    return download(person, export.export(caller(), person, now, g.request_id), now)


@blueprint.route("/<contact_id>/consent", methods=["GET"])
@requires("contacts:read", query=True)
@blueprint.doc(operationId="listConsent", summary="List what a contact agreed to, newest first")
@blueprint.arguments(ConsentQuery, location="query")
@blueprint.response(200, ConsentPage)
def history(query: dict[str, Any], contact_id: str) -> Response:
    """All statements about the contact's present addresses, whoever made them known."""
    person = opaque_id(contact_id)
    rows, following = page(
        caller(),
        f"consent/{person}",
        query,
        lambda filters, limit, before: consents.history(caller(), person, filters, limit, before),
        lambda row: (row.at, row.id),
    )
    return send(200, {"data": [consent_answer(row) for row in rows], "next_cursor": following})


@blueprint.route("/<contact_id>/consent", methods=["POST"])
@requires("contacts:write")
@blueprint.doc(operationId="stateConsent", summary="Record consent", parameters=[HEADER])
@blueprint.arguments(ConsentInput, example=EXAMPLE)
@blueprint.response(201, ConsentAnswer, headers=REPLAYED)
def state(said: dict[str, Any], contact_id: str) -> Response:
    """What the person told you, given or withdrawn. The latest statement counts, and nothing is
    ever rewritten."""
    person = opaque_id(contact_id)

    def work(now: Any) -> Answer:
        return Answer(201, consent_answer(consents.state(caller(), person, **said, now=now)))

    return once(work)


@blueprint.route("/<contact_id>/preferences", methods=["GET"])
@requires("contacts:read")
@blueprint.doc(operationId="showPreferences", summary="Show what a contact usually books")
@blueprint.response(200, PreferencesAnswer)
def usually(contact_id: str) -> Response:
    """Counted in the background after each change of a booking. Contacts without an `external_id`
    and with the same number are one customer here."""
    person = contacts.show(caller(), opaque_id(contact_id))
    return send(200, preferences_answer(person.id, preferences.usual(person)))


def _shown(person: Contact) -> Response:
    return send(200, contact_answer(person, consents.opted_out(caller(), person)))

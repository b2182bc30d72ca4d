"""Contacts and what they agreed to, as answers show them."""

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields

from gateway.domain.channel_plan import CHANNELS
from gateway.http.answers import moment, text, when
from gateway.models.consent import Consent
from gateway.models.contact import Contact
from gateway.usecases.erasure import Erased


class ContactAnswer(Schema):
    """One person who is reached."""

    id = text()
    role = text("contact or staff")
    external_id = text(null=True)
    name = text(null=True)
    phone = text("E.164", null=True)
    email = text(null=True)
    locale = text()
    time_zone = text(null=True)
    opted_out = fields.List(
        fields.String(metadata={"enum": list(CHANNELS)}),
        required=True,
        metadata={"description": "channels on which this person wants nothing at all"},
    )
    created_at = when()
    updated_at = when()


class ConsentAnswer(Schema):
    """One statement."""

    id = text()
    channel = text(enum=list(CHANNELS))
    purpose = text("`all`, or one kind of what people get")
    granted = fields.Boolean(required=True)
    source = text("yours, or `message`, `key press`, `carrier`, `one-click`")
    at = when()


class ConsentPage(Schema):
    """A page of statements, newest first."""

    data = fields.List(fields.Nested(ConsentAnswer), required=True)
    next_cursor = text("the `cursor` of the next page", null=True)


class ErasureAnswer(Schema):
    """Who was erased."""

    id = text("the contact that was named")
    contacts = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "all contacts that were this person and are blank now"},
    )
    sharing = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "contacts with an external id of their own and one of the same addresses"
            ": somebody else to us, and kept; erase them too if they are the same person"
        },
    )
    erased_at = when()


def contact_answer(person: Contact, opted_out: Sequence[str]) -> dict[str, Any]:
    """A contact with its addresses."""
    return {
        "id": person.id,
        "role": person.role,
        "external_id": person.external_id,
        "name": person.name,
        "phone": person.phone,
        "email": person.email,
        "locale": person.locale,
        "time_zone": person.time_zone,
        "opted_out": list(opted_out),
        "created_at": moment(person.created_at),
        "updated_at": moment(person.updated_at),
    }


def erasure_answer(erased: Erased) -> dict[str, Any]:
    """An erasure by ids alone."""
    return {
        "id": erased.contact_id,
        "contacts": erased.contacts,
        "sharing": erased.sharing,
        "erased_at": moment(erased.at),
    }


def consent_answer(said: Consent) -> dict[str, Any]:
    """A statement, without the address."""
    return {
        "id": said.id,
        "channel": said.channel,
        "purpose": said.purpose,
        "granted": said.granted,
        "source": said.source,
        "at": moment(said.at),
    }

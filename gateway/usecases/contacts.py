"""Reading and changing the people who are reached."""

from datetime import datetime
from typing import Any

from gateway.domain.errors import Invalid, NotFound
from gateway.models.base import atomic
from gateway.models.contact import Contact
from gateway.usecases import people, preferences
from gateway.usecases.accounts import Caller

_ADDRESSES = ("phone", "email")


def show(caller: Caller, contact_id: str) -> Contact:
    """One person of this organization and mode. Raises NotFound, also for one who was erased."""
    found: Contact | None = Contact.get_or_none(
        Contact.id == contact_id,
        Contact.organization == caller.organization_id,
        Contact.mode == caller.mode,
        Contact.erased_at.is_null(),
    )
    if found is None:
        raise NotFound
    return found


def change(caller: Caller, contact_id: str, changes: dict[str, Any], now: datetime) -> Contact:
    """Change any of name, phone (E.164), email, locale, time_zone; null blanks, but that a locale
    stays. What is still to be sent goes to the changed addresses. Raises NotFound, Invalid where
    no address would be left."""
    with atomic():
        person = show(caller, contact_id)
        values = {name: value for name, value in changes.items() if getattr(person, name) != value}
        if values.get("locale", "") is None:
            values.pop("locale")
        for name in _ADDRESSES:
            if name in values:
                address = values[name]
                values[f"{name}_hash"] = people.address_hash(address) if address else None
        if not values:
            return person
        if all(values.get(name, getattr(person, name)) is None for name in _ADDRESSES):
            raise Invalid("is the only address that is known", "phone")
        if not Contact.change(person.id, now, **values):
            raise NotFound
        before, person = person, show(caller, contact_id)
        preferences.merged(before, person, now)
    return person

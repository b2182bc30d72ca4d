"""The people of a booking or a request, kept as contacts."""

from datetime import datetime
from typing import Any

from gateway import settings
from gateway.domain.errors import Invalid
from gateway.domain.phone import keyed_hash
from gateway.models.contact import Contact
from gateway.usecases.accounts import Caller

_KNOWN = ("external_id", "name", "phone", "email", "locale", "time_zone")


def address_hash(address: str) -> str:
    """The keyed hash under which an address is looked up."""
    return keyed_hash(address, settings.current().derived_secret("addresses"))


def keep(caller: Caller, role: str, person: dict[str, Any], now: datetime) -> Contact:
    """The contact for a person as described in a request, made or brought up to date: what the
    request leaves out stays, what it says is null is blanked. Raises Invalid when the person has
    no number then."""
    known = {name: person[name] for name in _KNOWN if name in person}
    if known.get("locale") is None:
        known.pop("locale", None)
    for address in ("phone", "email"):
        if address in known:
            known[f"{address}_hash"] = address_hash(known[address]) if known[address] else None
    kept = Contact.keep(caller.organization_id, caller.mode, role, now, **known)
    if kept.phone is None and role == "contact":
        raise Invalid("is required", "contact.phone")
    return kept

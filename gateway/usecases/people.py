"""The people of a booking or a request, kept as contacts, and what is needed to reach them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from gateway import settings
from gateway.domain.errors import Invalid
from gateway.domain.phone import keyed_hash
from gateway.domain.reminders import Rule
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.usecases.accounts import Caller

_KNOWN = ("external_id", "name", "phone", "email", "locale", "time_zone")
_REACHED_BY = ("phone", "email")


def address_hash(address: str) -> str:
    """The keyed hash under which an address is looked up."""
    return keyed_hash(address, settings.current().derived_secret("addresses"))


def by_hash(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Filters with the hashes of the addresses among them (phone in E.164, email)."""
    given = {name: filters[name] for name in _REACHED_BY if filters.get(name)}
    return {**filters, **{f"{name}_hash": address_hash(given[name]) for name in given}}


def keep(
    caller: Caller, role: str, person: dict[str, Any] | Contact, now: datetime
) -> Contact:  # fmt: skip
    """The contact for a person as described in a request, made or brought up to date: what the
    request leaves out stays, what it says is null is blanked; one who is known is taken as they
    are. Raises Invalid when a contact has neither number nor e-mail address then."""
    if isinstance(person, Contact):
        return person
    known = _details(person)
    kept = Contact.keep(caller.organization_id, caller.mode, role, now, **known)
    if kept.phone is None and kept.email is None and role == "contact":
        raise Invalid("is required", "contact.phone")
    return kept


def unknown(
    caller: Caller, person: dict[str, Any] | Contact, now: datetime
) -> Contact | None:  # fmt: skip
    """The contact for somebody with an external id as if nobody had it, yet to be written: whether
    that is so its INSERT tells. None for anybody else, and without an address."""
    if isinstance(person, Contact) or person.get("external_id") is None:
        return None
    if not any(person.get(address) for address in _REACHED_BY):
        return None
    known = _details(person)
    return Contact.unknown(caller.organization_id, caller.mode, "contact", now, **known)


def _details(person: dict[str, Any]) -> dict[str, Any]:
    """The columns that are told of a person."""
    known = {name: person[name] for name in _KNOWN if name in person}
    if known.get("locale") is None:
        known.pop("locale", None)
    for address in _REACHED_BY:
        if address in known:
            known[f"{address}_hash"] = address_hash(known[address]) if known[address] else None
    return known


def lacks(rules: Iterable[Rule], role: str, known: Mapping[str, Any]) -> str | None:
    """The address, `phone` or `email`, without which a person of this role can't be reminded by
    these rules: the e-mail address where all of them are by e-mail alone, else the number. A
    contact without any reminders can be told something in one way at least."""
    channels = {step.channel for rule in rules if rule.to == role for step in rule.steps}
    if not channels:
        reachable = role == "staff" or any(known.get(name) for name in _REACHED_BY)
        return None if reachable else "phone"
    needed = "email" if channels == {"email"} else "phone"
    return None if known.get(needed) else needed


def require(booking: Booking, rules: Sequence[Rule]) -> None:
    """Raises Invalid unless the contact of a booking can be reminded by these rules."""
    known = {name: getattr(booking.contact, name) for name in _REACHED_BY}
    missing = lacks(rules, "contact", known)
    if missing is not None:
        raise Invalid("is required to remind the contact", f"contact.{missing}")

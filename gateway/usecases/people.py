"""The people of a booking or a request, kept as contacts, and what is needed to reach them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Seen:
    """Somebody of a booking that is yet to be written, as they are seen before: nobody (no `row`),
    not written yet (`fresh`), or perhaps to be brought up to date. A staff member's row is changed
    after the contact's, or two requests about the same two people could wait for each other."""

    row: Contact | None = None
    fresh: bool = False
    known: dict[str, Any] = field(default_factory=dict, repr=False)

    def bring_up(self, now: datetime) -> None:
        """Change the row of somebody who was there to what was told of them."""
        if self.row is not None and not self.fresh:
            self.row.bring_up(now, self.known)


def goes_ahead(person: dict[str, Any] | Contact) -> bool:
    """Whether a booking's contact is known already, or is written as if nobody knew them: with an
    external id, by which the INSERT tells whether that is so, and an address."""
    if isinstance(person, Contact):
        return True
    reached = any(person.get(address) for address in _REACHED_BY)
    return reached and person.get("external_id") is not None


def guessed(caller: Caller, person: dict[str, Any] | Contact, now: datetime) -> Seen:
    """A booking's contact, nothing written. Nobody where that is for `keep` to tell: without an
    address in the request."""
    if isinstance(person, Contact):
        return Seen(person)
    if goes_ahead(person):
        return _fresh(caller, "contact", _details(person), now)
    if not any(person.get(address) for address in _REACHED_BY):
        return Seen()
    return seen(caller, "contact", person, now)


def seen(
    caller: Caller, role: str, person: dict[str, Any] | Contact | None, now: datetime
) -> Seen:  # fmt: skip
    """A person as described in a request, looked for; nothing is written."""
    if person is None or isinstance(person, Contact):
        return Seen(person)
    known = _details(person)
    met = Contact.met(caller.organization_id, caller.mode, role, known)
    return Seen(met, known=known) if met else _fresh(caller, role, known, now)


def _fresh(caller: Caller, role: str, known: dict[str, Any], now: datetime) -> Seen:
    row = Contact.unknown(caller.organization_id, caller.mode, role, now, **known)
    return Seen(row, fresh=True, known=known)


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

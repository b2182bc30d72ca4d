"""The line: who is next for a slot. Whoever changes anything about an organization's waitlist does
it in turn, so that the line has one order."""

from collections.abc import Collection
from functools import cache
from typing import Any

from peewee import fn

from gateway.domain.waitlist_lifecycle import EntryState
from gateway.models.base import db, dialect, in_turn
from gateway.models.contact import Contact
from gateway.models.offer import Offer
from gateway.models.prepared import Given, Prepared
from gateway.models.slot import Slot
from gateway.models.waitlist_entry import WaitlistEntry


def take_turn(organization_id: str, mode: str) -> None:
    """Wait for whoever changes the waitlist of this organization and mode; the next one waits until
    the transaction ends. A booking that is changed along with it is locked before, calls and
    notifications after."""
    in_turn(_turn(organization_id, mode))


def try_turns(whose: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """The same for several organizations and modes, but without waiting: those whose turn it is
    now, which are all that nobody else is at."""
    names = {_turn(*one): one for one in whose}
    if dialect() == "sqlite":
        return set(whose)
    asked = db.execute_sql(_TURNS, (sorted(names),))
    return {names[name] for name, free in asked.fetchall() if free}


def _turn(organization_id: str, mode: str) -> str:
    return f"waitlist|{organization_id}|{mode}"


_TURNS = (
    "SELECT name, pg_try_advisory_xact_lock(hashtextextended(name, 0))"
    " FROM unnest(%s::text[]) AS one (name)"
)


def behind(slot: Slot, limit: int, after: WaitlistEntry | None = None) -> list[WaitlistEntry]:
    """Who waits for a slot like this one, first come first, at most `limit`, behind `after`, each
    with the person: without those who were offered this very slot before."""
    given = {
        "slot": slot.id, "organization": slot.organization_id, "mode": slot.mode,
        "service": slot.service_id, "starts_at": slot.starts_at, "staff": slot.staff_id,
    }  # fmt: skip
    if after is not None:
        given |= {"created_at": after.created_at, "last": after.id}
    return _behind(slot.staff_id is None, after is None, limit).rows(**given)


@cache
def _behind(anybody: bool, head: bool, limit: int) -> Prepared:
    return Prepared(lambda: _line(anybody, head).limit(limit))


def _line(anybody: bool, head: bool) -> Any:
    row = WaitlistEntry
    before = Offer.select(Offer.id).where(Offer.slot == Given("slot"), Offer.contact == row.contact)
    staff = row.staff.is_null()
    if not anybody:
        staff |= row.staff == Given("staff")
    query = row.select(row, Contact).join(Contact, on=row.contact)
    query = query.where(
        row.organization == Given("organization"),
        row.mode == Given("mode"),
        row.service_id == Given("service"),
        row.state == EntryState.WAITING,
        row.since <= Given("starts_at"),
        row.until > Given("starts_at"),
        staff,
        ~fn.EXISTS(before),
    )
    if not head:
        tie = (row.created_at == Given("created_at")) & (row.id > Given("last"))
        query = query.where((row.created_at > Given("created_at")) | tie)
    return query.order_by(row.created_at, row.id)

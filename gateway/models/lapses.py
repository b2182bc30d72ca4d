"""Offers that end together: the rows of all of them at once, whoever they are of."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from gateway.domain.lifecycle import PENDING
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.waitlist_lifecycle import EntryState, OfferState, SlotState
from gateway.models.base import Row
from gateway.models.listed import among, listed
from gateway.models.notification import Notification
from gateway.models.offer import OFFER, Offer
from gateway.models.prepared import Given, Prepared
from gateway.models.slot import Slot
from gateway.models.waitlist_entry import WaitlistEntry


def overdue(ids: Collection[str], now: datetime) -> list[Offer]:
    """Those of these offers that are open past their time, the earliest first, each with its slot
    and its entry."""
    return _OVERDUE.rows(ids=listed(ids), now=now)


def moved(table: type[Row], rows: Sequence[Any], frm: str, values: dict[str, Any]) -> list[Any]:
    """Move rows that are in one state to another, in one statement. Those that did so, brought up
    to date; their entries of the feed are still to be written."""
    if not rows:
        return []
    move = _moving(table, tuple(values), str(frm))
    done = {id_ for (id_,) in move.rows(ids=listed([row.id for row in rows]), **values)}
    found = [row for row in rows if row.id in done]
    for row in found:
        for name, value in values.items():
            setattr(row, name, value)
    return found


def openings(entry_ids: Collection[str], now: datetime) -> list[tuple[str, str]]:
    """Which of these entries wait for something that is open: entry and slot."""
    found: Any = _OPENINGS.rows(ids=listed(entry_ids), now=now)
    return [(entry, slot) for entry, slot in found]


def still_told(offer_ids: Collection[str]) -> list[str]:
    """Of which of these offers something is to be told still, or is being told, in the order of the
    ids of what that is."""
    found = _TOLD.rows(type=OFFER, ids=listed(offer_ids))
    return list(dict.fromkeys(offer for offer, _ in found))


def _overdue() -> Any:
    found = Offer.select(Offer, Slot, WaitlistEntry).join(Slot, on=Offer.slot).switch(Offer)
    found = found.join(WaitlistEntry, on=Offer.waitlist_entry)
    late = Offer.expires_at <= Given("now")
    open_ = among(Offer.id, "ids"), Offer.state == OfferState.OFFERED, late
    return found.where(*open_).order_by(Offer.expires_at, Offer.id)


@cache
def _moving(table: Any, names: tuple[str, ...], frm: str) -> Prepared:
    fields = table._meta.fields
    values = {name: Given(name, fields[name]) for name in names}

    def build() -> Any:
        change = table.update(values).where(among(table.id, "ids"), table.state == frm)
        return change.returning(table.id).tuples()

    return Prepared(build)


def _openings() -> Any:
    one = WaitlistEntry
    whose = (Slot.organization == one.organization) & (Slot.mode == one.mode)
    fits = (Slot.service_id == one.service_id) & (Slot.state == SlotState.OPEN)
    fits &= one.staff.is_null() | (one.staff == Slot.staff)
    in_time = (Slot.starts_at >= one.since) & (Slot.starts_at >= Given("now"))
    in_time &= Slot.starts_at < one.until
    found = one.select(one.id, Slot.id).join(Slot, on=whose & fits & in_time)
    found = found.where(among(one.id, "ids"), one.state == EntryState.WAITING)
    return found.order_by(one.created_at, one.id, Slot.starts_at, Slot.id).tuples()


def _told() -> Any:
    states = sorted({*map(str, PENDING), str(N.SENDING), str(N.UNKNOWN)})
    about = Notification.subject_type == Given("type"), among(Notification.subject_id, "ids")
    found = Notification.select(Notification.subject_id, Notification.id)
    return found.where(*about, Notification.state.in_(states)).order_by(Notification.id).tuples()


_OVERDUE, _OPENINGS, _TOLD = Prepared(_overdue), Prepared(_openings), Prepared(_told)

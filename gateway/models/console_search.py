"""What the search of the console asks for. Every question has an index that answers it: by person
to_hash, by id external_id, the words their full-text index, the rest in the order of time."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from peewee import SQL

from gateway.models.attempts import TABLES, AnyAttempt
from gateway.models.base import db, dialect
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.contact import Contact
from gateway.models.feed import FeedEntry
from gateway.models.listing import Position, page
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.models.transcript import Transcript, searchable

MOST = 200  # of anything that is found by an id

FEW = 2000  # calls in which words were said, up to which they are looked for one by one


def attempts(
    organization_id: str,
    mode: str,
    filters: Mapping[str, Any],
    limit: int,
    before: Position | None,
) -> list[AnyAttempt]:
    """Calls and messages in and out, newest first, older than `before` (created_at, id). Filters:
    hashes (of the person's addresses), ids, channel, states, provider, from_, to, q (words of the
    transcript, which calls alone have)."""
    given, found = _with_words(organization_id, filters), list[AnyAttempt]()
    for table in _tables(filters):
        order = (table.created_at, table.id)
        # An index has the rows of one state in the order of time, and not those of several.
        for state in _states(table, given):
            query = table.select().where(*_mine(table, organization_id, mode, given))
            one = {**given, "state": state}
            found += page(query, one, _conditions(table), order, before, limit)
    found.sort(key=lambda row: (row.created_at, row.id), reverse=True)
    return found[:limit]


def _with_words(organization_id: str, filters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Filters with the ids of the calls in which the words were said, where those are few. The
    database can't tell beforehand, and finds rare words among all calls slowly."""
    narrow = filters.get("hashes") is not None or filters.get("ids") is not None
    if filters.get("q") is None or narrow:
        return filters
    said = Transcript.select(Transcript.call).where(
        Transcript.current,
        Transcript.matching(filters["q"]),
        Transcript.organization == organization_id,
    )
    held = said.cte("said", materialized=True)
    # Materialized, it is planned by the index of words, and still read no further than needed.
    rows = held.select_from(held.c.call_id).limit(FEW + 1).bind(db.obj).tuples()
    ids = {id_ for (id_,) in rows}
    if len(ids) > FEW:
        return filters
    return {**filters, "q": None, "ids": sorted(ids)}


def _states(table: type[AnyAttempt], filters: Mapping[str, Any]) -> list[str | None]:
    wanted = filters.get("states")
    if wanted is None:
        return [None]
    return [str(one) for one in table.STATES if str(one) in set(map(str, wanted))]


def _tables(filters: Mapping[str, Any]) -> list[type[AnyAttempt]]:
    channel = filters.get("channel")
    wanted: list[type[AnyAttempt]] = []
    for table in TABLES:
        other = channel is not None and (channel == "voice") != (table is CallLog)
        wordless = filters.get("q") is not None and table is not CallLog
        if not (other or wordless):
            wanted.append(table)
    return wanted


def _mine(
    table: type[AnyAttempt], organization_id: str, mode: str, filters: Mapping[str, Any]
) -> tuple[Any, ...]:
    if dialect() == "sqlite" and filters.get("hashes"):
        # Without statistics it would walk through all of the organization, newest first; the sign
        # takes that index from it.
        own = [organization_id, mode]
        return (SQL("+organization_id = ? AND +mode = ?", own),)
    return (table.organization == organization_id, table.mode == mode)


def _conditions(table: type[AnyAttempt]) -> dict[str, Callable[[Any], Any]]:
    conditions: dict[str, Callable[[Any], Any]] = {
        "hashes": table.to_hash.in_,
        "ids": table.id.in_,
        "state": lambda value: table.state == value,
        "provider": lambda value: table.provider == value,
        "from_": lambda value: table.created_at >= value,
        "to": lambda value: table.created_at < value,
        "q": Transcript.saying,
    }
    if table is MessageLog:
        conditions["channel"] = lambda value: MessageLog.channel == value
    return conditions


def _by(table: Any, column: str, values: Sequence[str]) -> Any:
    """The rows that have one of these values. SQLite, which has no statistics, would rather walk
    through an index of the whole organization: what is rare is looked for on its own."""
    inner = table.alias()
    return table.id.in_(inner.select(inner.id).where(getattr(inner, column).in_(list(values))))


def named(organization_id: str, mode: str, words: str, limit: int) -> list[Contact]:
    """People one of whose names begins with each of these words, those last heard of first."""
    wanted = searchable(words).split()
    if not wanted:
        return []
    mine = (Contact.organization == organization_id, Contact.mode == mode)
    query = Contact.select().where(*mine, Contact.erased_at.is_null())
    if dialect() == "postgresql":
        begins = " & ".join(f"'{word}':*" for word in wanted)
        query = query.where(
            SQL("to_tsvector('simple', coalesce(name, '')) @@ to_tsquery('simple', %s)", [begins])
        )
    else:
        # Within the index of names alone, which has every row's number.
        each = [_begins(word) for word in wanted]
        conditions = " AND ".join(part for part, _ in each)
        inner = "SELECT rowid FROM contact WHERE organization_id = ? AND mode = ?"
        told = [organization_id, mode, *chain.from_iterable(forms for _, forms in each)]
        query = query.where(SQL(f"rowid IN ({inner} AND {conditions})", told))
    return list(query.order_by(Contact.updated_at.desc(), Contact.id.desc()).limit(limit))


def _begins(word: str) -> tuple[str, list[str]]:
    # SQLite folds the case of ASCII alone.
    parts = "' ' || replace(replace(name, '-', ' '), '''', ' ') LIKE ?"
    forms = sorted({word, word.upper(), word.capitalize()})
    return f"({' OR '.join([parts] * len(forms))})", [f"% {form}%" for form in forms]


def people(
    organization_id: str,
    mode: str,
    *,
    hashes: Sequence[str] = (),
    ids: Sequence[str] = (),
    external_id: str | None = None,
    limit: int = 50,
) -> list[Contact]:
    """People with one of these addresses, with one of these ids, or with the client's id."""
    if hashes:
        hit = _by(Contact, "phone_hash", hashes) | _by(Contact, "email_hash", hashes)
    elif external_id is not None:
        # By both roles, which come before it in the index.
        hit = Contact.role.in_(["contact", "staff"]) & (Contact.external_id == external_id)
    else:
        hit = Contact.id.in_(list(ids))
    mine = (Contact.organization == organization_id, Contact.mode == mode)
    query = Contact.select().where(hit, *mine, Contact.erased_at.is_null())
    return list(query.order_by(Contact.updated_at.desc(), Contact.id.desc()).limit(limit))


def bookings(
    organization_id: str,
    mode: str,
    *,
    contact_ids: Sequence[str] = (),
    ref: str | None = None,
    limit: int = 20,
) -> list[Booking]:
    """Bookings of these people (as customers), or of this id, ours or the client's, those of the
    latest start first."""
    query = Booking.with_people(organization_id, mode)
    if ref is not None:
        one = Booking.external_id == ref if not ref.startswith("bk_") else Booking.id == ref
        query = query.where(one)
    else:
        query = query.where(_by(Booking, "contact", contact_ids))
    return list(query.order_by(Booking.starts_at.desc(), Booking.id.desc()).limit(limit))


def attempts_by_id(organization_id: str, mode: str, ref: str) -> list[str]:
    """Ids of calls and messages that this is the id of: their own, the provider's, their
    notification's."""
    found: list[str] = []
    for table in TABLES:
        for column in ("id", "external_id", "notification"):
            mine = (table.organization == organization_id, table.mode == mode)
            query = table.select(table.id).where(_by(table, column, [ref]), *mine).limit(MOST)
            found += [row.id for row in query]
    return list(dict.fromkeys(found))


def attempts_of_bookings(booking_ids: Sequence[str]) -> list[str]:
    """Ids of the calls and messages about these bookings."""
    found: list[str] = []
    for table in TABLES:
        query = table.select(table.id).where(table.booking.in_(list(booking_ids)))
        found += [row.id for row in query.order_by(table.created_at.desc()).limit(MOST)]
    return found


def moves(organization_id: str, mode: str, object_ids: Sequence[str]) -> list[FeedEntry]:
    """What the feed tells of these objects, oldest first; of very many the newest."""
    query = FeedEntry.select().where(
        _by(FeedEntry, "object_id", object_ids),
        FeedEntry.organization == organization_id,
        FeedEntry.mode == mode,
    )
    newest = query.order_by(FeedEntry.tx.desc(), FeedEntry.id.desc()).limit(500)
    return list(reversed(list(newest)))


def raw_events(attempt_id: str) -> list[ProviderEvent]:
    """Everything that came from the provider about a call or a message, as it arrived."""
    about = ProviderEvent.message if attempt_id.startswith("ml_") else ProviderEvent.call
    query = ProviderEvent.select().where(about == attempt_id)
    return list(query.order_by(ProviderEvent.received_at, ProviderEvent.id).limit(MOST))


def notification(organization_id: str, mode: str, id_: str | None) -> Notification | None:
    """A notification of this organization and mode, with its person."""
    if id_ is None:
        return None
    query = Notification.select(Notification, Contact).join(Contact)
    mine = (Notification.organization == organization_id, Notification.mode == mode)
    return next(iter(query.where(Notification.id == id_, *mine)), None)


def repeated(row: Notification, rule: str) -> bool:
    """Whether the subject of a notification has one by this rule already."""
    query = Notification.select(Notification.id).where(
        Notification.subject_type == row.subject_type,
        Notification.subject_id == row.subject_id,
        Notification.rule == rule,
    )
    return bool(query.exists())

"""What most notifications don't meet on their way out, looked up in one query with their person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from peewee import SQL, Case, Expression, NodeList, fn

from gateway.models import gathering
from gateway.models.base import dialect
from gateway.models.consent import Consent
from gateway.models.contact import Contact
from gateway.models.hold import Hold
from gateway.models.listed import among, listed
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.models.prepared import Prepared
from gateway.models.rate import RATE, Rate
from gateway.models.template import Template


@dataclass(frozen=True)
class Circumstances:
    """`opted_out`: the person wants no more of it. The others say whether there is anything to be
    looked at closer: a hold on whatever, a limit of the organization's, a wording of its own."""

    opted_out: bool
    any_hold: bool
    any_rate: bool
    any_template: bool


Around = tuple[Contact, Circumstances]


def around(row: Notification) -> Around:
    """The person of a notification with the organization, and what else there is to know. Raises
    Contact.DoesNotExist."""
    found = gathering.recalled("around", row.id, lambda: around_each([row]).get(row.id))
    if found is None:
        raise Contact.DoesNotExist  # type: ignore[attr-defined]
    return found


def around_each(rows: Sequence[Notification]) -> dict[str, Around]:
    """The same for several notifications as they stand in the database, by their ids; without
    those whose person is not there."""
    found: list[Any] = _AROUND.rows(rows=listed([row.id for row in rows]))
    return {
        person.of: (
            person,
            Circumstances(
                opted_out=person.granted is not None and not person.granted,
                any_hold=bool(person.any_hold),
                any_rate=bool(person.any_rate),
                any_template=bool(person.any_template),
            ),
        )
        for person in found
    }


def _around() -> Any:
    row, one, channel = Notification, SQL("1"), _channel()
    hashed = Case(channel, [(SQL("'email'"), Contact.email_hash)], Contact.phone_hash)
    whole = SQL(f"'{RATE}'").concat(row.organization)
    limits = (Rate.id == whole) | (Rate.id == whole.concat(SQL("'|'")).concat(row.purpose))
    flags = (
        Consent.newest_granted(row, channel, hashed).alias("granted"),
        fn.EXISTS(Hold.select(one)).alias("any_hold"),
        fn.EXISTS(Rate.select(one).where(limits)).alias("any_rate"),
        fn.EXISTS(Template.select(one).where(Template.organization == row.organization)).alias(
            "any_template"
        ),
    )
    of = NodeList((row.id,)).alias("of")  # of the person, for peewee
    person = Contact.select(Contact, Organization, of, *flags).join(Organization)
    mine = person.join_from(Contact, row, on=(row.contact == Contact.id))
    return mine.where(among(row.id, "rows"))


def _channel() -> Any:
    """The channel of the step that a notification is at."""
    row = Notification
    if dialect() == "sqlite":
        path = NodeList((SQL("'$[' ||"), row.step, SQL("|| '].channel'")))
        return fn.json_extract(row.plan, path)
    step = Expression(row.plan, "->", row.step, flat=True)
    return Expression(step, "->>", SQL("'channel'"), flat=True)


_AROUND = Prepared(_around)

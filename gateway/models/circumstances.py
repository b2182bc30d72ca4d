"""What most notifications don't meet on their way out, looked up in one query with their person."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from peewee import SQL, fn

from gateway.models.consent import ALL, Consent
from gateway.models.contact import Contact
from gateway.models.hold import Hold
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.models.prepared import Given, Prepared
from gateway.models.rate import Rate, organization_scope
from gateway.models.template import Template


@dataclass(frozen=True)
class Circumstances:
    """`opted_out`: the person wants no more of it. The others say whether there is anything to be
    looked at closer: a hold on whatever, a limit of the organization's, a wording of its own."""

    opted_out: bool
    any_hold: bool
    any_rate: bool
    any_template: bool


def around(row: Notification) -> tuple[Contact, Circumstances]:
    """The person of a notification with the organization, and what else there is to know. Raises
    Contact.DoesNotExist."""
    by_mail = row.channel == "email"
    found = _around(by_mail).rows(
        contact=row.contact_id,
        organization=row.organization_id,
        mode=row.mode,
        channel=row.channel,
        purpose=row.purpose,
        whole=organization_scope(row.organization_id),
        own=organization_scope(row.organization_id, row.purpose),
    )
    if not found:
        raise Contact.DoesNotExist  # type: ignore[attr-defined]
    person: Any = found[0]
    return person, Circumstances(
        opted_out=person.granted is not None and not person.granted,
        any_hold=bool(person.any_hold),
        any_rate=bool(person.any_rate),
        any_template=bool(person.any_template),
    )


@cache
def _around(by_mail: bool) -> Prepared:
    def build() -> Any:
        own, one = Template.organization == Given("organization"), SQL("1")
        limits = Rate.id.in_([Given("whole"), Given("own")])
        flags = (
            _granted(Contact.email_hash if by_mail else Contact.phone_hash).alias("granted"),
            fn.EXISTS(Hold.select(one)).alias("any_hold"),
            fn.EXISTS(Rate.select(one).where(limits)).alias("any_rate"),
            fn.EXISTS(Template.select(one).where(own)).alias("any_template"),
        )
        person = Contact.select(Contact, Organization, *flags).join(Organization)
        return person.where(Contact.id == Given("contact"))

    return Prepared(build)


def _granted(address_hash: Any) -> Any:
    said = Consent.alias()
    counts = said.select(said.granted).where(
        said.address_hash == address_hash,
        said.organization == Given("organization"),
        said.mode == Given("mode"),
        said.channel == Given("channel"),
        (said.purpose == Given("purpose")) | (said.purpose == ALL),
    )
    return counts.order_by(said.at.desc(), said.id.desc()).limit(1)

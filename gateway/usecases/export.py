"""Handing out everything that is kept about a person."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from gateway.models import person, personal_export
from gateway.models.base import connection
from gateway.models.holdings import HOLDINGS
from gateway.models.personal_export import Section
from gateway.models.records import AuditEntry
from gateway.usecases import contacts
from gateway.usecases.accounts import Caller

Page = tuple[str, list[dict[str, Any]]]


def export(caller: Caller, contact_id: str, now: datetime, request_id: str) -> list[Section]:
    """What is kept about the person whom a contact stands for, to be read with `pages`; who took it
    out is kept in the audit ledger. Raises NotFound."""
    named = contacts.show(caller, contact_id)
    found = person.of(named)
    AuditEntry.create(
        organization=caller.organization_id, at=now, key=caller.key_id, person=caller.person,
        action="export-contact", objects=found.contact_ids, request_id=request_id,
    )  # fmt: skip
    return personal_export.sections(found, HOLDINGS)


def pages(sections: list[Section]) -> Iterator[Page]:
    """The rows section by section, a page at a time; at least one page of each. A connection is
    held only while a page is read."""
    for section in sections:
        reading = section.pages()
        empty = True
        while True:
            with connection():
                page = next(reading, None)
            if page is None:
                break
            empty = False
            yield section.name, page
        if empty:
            yield section.name, []

"""The ledger of who was shown what, and its page."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from peewee import DatabaseError

from gateway.models import base
from gateway.models.records import AuditEntry
from gateway.usecases import operators
from gateway.usecases.operators import Operator
from tests.conftest import Account
from tests.http.staff_stage import Browser, ledger
from tests.http.stage import Api

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def note(organization_id: str | None, number: int, **more: object) -> None:
    """One entry, the later the higher its number."""
    at = NOW + timedelta(minutes=number // 3)  # three at a time: the ids decide
    values = {"person": "Sam", "action": "read-number", "objects": [f"ca_{number}"], **more}
    with base.connection():
        AuditEntry.create(organization=organization_id, at=at, **values)


def shown(page: str) -> list[str]:
    """The ids of the page's entries."""
    return re.findall(r"<code>(ca_\d+)</code>", page)


def test_the_ledger_is_shown_newest_first_and_page_by_page(
    api: Api, signed_in: Callable[..., Browser]
) -> None:
    for number in range(120):
        note(api.account.organization_id, number)
    browser, path, sizes, found = signed_in("admin"), "/console/audit", [], []
    while path:
        page = browser.see(path)
        sizes.append(len(shown(page)))
        found += shown(page)
        link = re.search(r'rel="next" href="([^"]+)"', page)
        path = link[1] if link else ""

    assert sizes == [50, 50, 20]
    assert found == [f"ca_{number}" for number in reversed(range(120))]


def test_the_ledger_of_another_organization_is_not_shown(
    signed_in: Callable[..., Browser], open_account: Callable[[str], Account]
) -> None:
    note(open_account("Clinic").organization_id, 1)
    note(None, 2)
    browser = signed_in("admin")
    assert shown(browser.see("/console/audit")) == []
    assert browser.get("/console/audit?cursor=nonsense").status_code == 400


def test_it_can_be_narrowed_to_a_person_and_to_what_was_done(
    api: Api, signed_in: Callable[..., Browser]
) -> None:
    for number, person, action in (
        (1, "Sam", "read-number"), (2, "Eve", "read-number"), (3, "Sam", "cancel-booking"),
    ):  # fmt: skip
        note(api.account.organization_id, number, person=person, action=action)
    browser = signed_in("admin")
    assert shown(browser.see("/console/audit?person=Sam")) == ["ca_3", "ca_1"]
    assert shown(browser.see("/console/audit?person=Sam&action=read-")) == ["ca_1"]
    assert 'value="Sam"' in browser.see("/console/audit?person=Sam")


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET person = 'Nobody'", "DELETE FROM audit_entry"]
)
def test_the_database_itself_refuses_to_rewrite_the_ledger(api: Api, statement: str) -> None:
    note(api.account.organization_id, 1)
    with base.connection(), pytest.raises(DatabaseError, match="only added to"):
        base.db.execute_sql(statement)
    assert [entry.person for entry in ledger()] == ["Sam"]


def test_what_staff_do_for_all_organizations_is_noted_too_and_the_command_line_keeps_none(
    api: Api,
) -> None:
    everything = operators.at_the_console(None, None)
    with base.connection():
        operators.note(everything, "pause queue voice", [(None, "queue|voice")], NOW)
        member = Operator(everything.reach, "st_1", "Sam", "req_1")
        operators.note(member, "pause queue voice", [(None, "queue|voice")], NOW)
    (entry,) = ledger()
    assert (entry.organization_id, entry.person, entry.objects) == (None, "Sam", ["queue|voice"])

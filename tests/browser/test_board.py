"""Steering the queues in a browser."""

from typing import Any

import pytest
from playwright.sync_api import expect

from gateway.models import base
from gateway.models.notification import Notification
from gateway.models.records import AuditEntry
from tests import rows
from tests.browser.visitor import Visitor
from tests.failures import failed

pytestmark = pytest.mark.row("B6")


def ledger(salon: Any) -> list[str]:
    """What was done in the salon, oldest first."""
    with base.connection():
        mine = AuditEntry.select().where(AuditEntry.organization == salon.account.organization_id)
        return [entry.action for entry in mine.order_by(AuditEntry.id)]


def test_a_queue_is_paused_and_goes_on(visitor: Visitor, salon: Any) -> None:
    visitor.sign_in(salon.email)
    page = visitor.page
    page.get_by_role("link", name="Queues").click()
    for act, state in (("Pause", "paused"), ("Resume", "goes on")):
        page.get_by_role("button", name=f"{act} queue messages").click()
        visitor.told("The queue messages")
        expect(page.locator("#queue-messages")).to_contain_text(state)
    assert ledger(salon) == ["pause queue messages", "resume queue messages"]


def test_the_board_refreshes_itself_and_leaves_the_focus_where_it_is(
    visitor: Visitor, salon: Any
) -> None:
    visitor.sign_in(salon.email)
    visitor.open("/admin/queues")
    waiting = visitor.page.locator("#queue-voice td").nth(1)
    expect(waiting).to_have_text("0")
    button = visitor.page.get_by_role("button", name="Pause queue voice")
    button.focus()
    with base.connection():
        rows.notification(salon.account.organization_id)
    expect(waiting).to_have_text("1")
    expect(button).to_be_focused()


@pytest.mark.row("C6")
def test_dead_letters_are_replayed_after_a_look_at_how_many_people(
    visitor: Visitor, salon: Any
) -> None:
    own = salon.account.organization_id
    with base.connection():
        one = rows.contact(own)
        made = [failed(own, contact=one.id), failed(own, contact=one.id), failed(own)]
    visitor.sign_in(salon.email)
    visitor.open("/admin/queues/dead-letters")
    page = visitor.page
    page.get_by_role("combobox", name="Queue").select_option("voice")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("button", name="Replay all of these").click()
    expect(page.locator("#would")).to_have_text("This would replay 3 notifications to 2 people.")
    visitor.look("dead-letters-dry-run")
    with base.connection():
        assert Notification.get_by_id(made[0].id).state == "not_reached"

    page.get_by_role("button", name="Replay them").click()

    visitor.told("Replayed: 3 notifications to 2 people; left alone: 0.")
    expect(page.get_by_role("cell", name="None.")).to_be_visible()
    with base.connection():
        assert {Notification.get_by_id(row.id).state for row in made} == {"scheduled"}
    assert ledger(salon) == ["replay-dead-letters"]


def test_a_job_is_removed_with_a_reason(visitor: Visitor, salon: Any) -> None:
    with base.connection():
        row = failed(salon.account.organization_id)
    visitor.sign_in(salon.email)
    visitor.open("/admin/queues/jobs?state=dead")
    page = visitor.page
    page.get_by_role("link", name=row.id).click()
    page.get_by_label("Reason").select_option("put right by hand")
    page.get_by_role("button", name="Discard its dead letter").click()
    visitor.told("The job is removed.")
    assert "remove-job" in ledger(salon)


def test_charts_are_drawn_and_can_be_read(visitor: Visitor, salon: Any) -> None:
    visitor.sign_in(salon.email)
    visitor.open("/admin/queues/charts")
    expect(visitor.page.locator("canvas")).to_have_count(4)
    visitor.page.get_by_text("Figures").first.click()
    expect(visitor.page.get_by_role("table").first).to_be_visible()


def test_steering_works_without_scripts(plain_visitor: Visitor, salon: Any) -> None:
    plain_visitor.sign_in(salon.email)
    plain_visitor.open("/admin/queues")
    for act in ("Pause", "Resume"):
        plain_visitor.page.get_by_role("button", name=f"{act} kind nurture").click()
        plain_visitor.told("The kind nurture")
    assert ledger(salon) == ["pause kind nurture", "resume kind nurture"]

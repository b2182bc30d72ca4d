"""Answering "was she called, what was said?" in a browser, and doing something about it."""

import re
from typing import Any

from playwright.sync_api import expect

from gateway.models import base
from gateway.models.booking import Booking
from gateway.models.notification import Notification
from gateway.models.records import AuditEntry
from tests.browser.scene import PHONE, SAID, ordinary_day
from tests.browser.visitor import Visitor


def ledger(salon: Any) -> list[tuple[str, list[str]]]:
    """What was shown and done in the salon, oldest first."""
    with base.connection():
        mine = AuditEntry.select().where(AuditEntry.organization == salon.account.organization_id)
        return [(entry.action, entry.objects) for entry in mine.order_by(AuditEntry.id)]


def test_a_wrong_password_is_told_and_the_right_one_leads_on(visitor: Visitor, salon: Any) -> None:
    visitor.open("/console/calls/x")  # leads to the sign-in
    page = visitor.page
    page.get_by_label("E-mail address").fill(salon.email)
    page.get_by_label("Password").fill("certainly not this")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    visitor.faults.clear()  # the browser notes the refusal
    visitor.sign_in(salon.email)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/console/sign-in")
    visitor.open("/console")
    assert "/console/sign-in" in page.url


def test_a_call_is_found_and_its_number_shown_with_an_entry_in_the_ledger(
    visitor: Visitor, salon: Any
) -> None:
    scene = ordinary_day(salon)
    visitor.sign_in(salon.email)
    visitor.open("/console")
    page = visitor.page
    page.get_by_role("textbox", name="Number, e-mail or name").fill(PHONE)
    page.get_by_role("button", name="Search").click()
    page.locator(f"a[href='/console/calls/{scene.call}']").click()
    expect(page.get_by_role("main")).not_to_contain_text(PHONE)

    page.get_by_role("button", name="Show number").click()

    expect(page.locator("#number")).to_contain_text(PHONE)
    assert ledger(salon) == [("read-number", [scene.call])]
    page.get_by_role("link", name="Audit").click()
    entry = page.get_by_role("row").filter(has_text="read-number")
    expect(entry).to_contain_text(scene.call)
    visitor.look("audit")


def test_what_was_said_is_shown_only_when_asked_for(visitor: Visitor, salon: Any) -> None:
    scene = ordinary_day(salon)
    visitor.sign_in(salon.email)
    visitor.open(f"/console/calls/{scene.call}")
    page = visitor.page
    expect(page.get_by_role("main")).not_to_contain_text(SAID)
    page.locator("#words").get_by_role("button").click()
    expect(page.locator("#words")).to_contain_text(SAID)
    assert ledger(salon) == [("read-transcript", [scene.call])]
    visitor.look("call-transcript")


def test_somebody_is_called_again_for_a_reason(visitor: Visitor, salon: Any) -> None:
    scene = ordinary_day(salon)
    visitor.sign_in(salon.email)
    visitor.open(f"/console/calls/{scene.call}")
    page = visitor.page
    with base.connection():
        before = Notification.select().count()
    page.locator("summary", has_text="Call again").click()
    page.get_by_role("combobox", name="Reason").select_option("customer asked")
    page.get_by_role("button", name="Call again").click()
    visitor.told("The call is planned.")
    expect(page).to_have_url(re.compile(f"/console/bookings/{scene.booking}$"))
    with base.connection():
        assert Notification.select().count() == before + 1
    assert ("call-again", [scene.call]) in ledger(salon)


def test_a_booking_is_canceled_for_a_reason(visitor: Visitor, salon: Any) -> None:
    scene = ordinary_day(salon)
    visitor.sign_in(salon.email)
    visitor.open(f"/console/bookings/{scene.booking}")
    page = visitor.page
    page.locator("summary", has_text="Cancel the booking").click()
    page.get_by_role("combobox", name="Reason").locator("visible=true").select_option(
        "customer asked"
    )
    page.get_by_role("button", name="Cancel the booking").click()
    visitor.told("The booking is canceled.")
    with base.connection():
        assert Booking.get_by_id(scene.booking).state == "canceled"
    assert ("cancel-booking", [scene.booking]) in ledger(salon)


def test_everything_can_be_reached_with_the_keyboard(visitor: Visitor, salon: Any) -> None:
    scene = ordinary_day(salon)
    visitor.sign_in(salon.email)
    visitor.open(f"/console/calls/{scene.call}")
    page = visitor.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Show number")
    for _ in range(10):
        page.keyboard.press("Tab")
        if button.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.locator("#number")).to_contain_text(PHONE)


def test_a_number_is_shown_without_scripts(plain_visitor: Visitor, salon: Any) -> None:
    scene = ordinary_day(salon)
    plain_visitor.sign_in(salon.email)
    plain_visitor.open(f"/console/calls/{scene.call}")
    plain_visitor.page.get_by_role("button", name="Show number").click()
    expect(plain_visitor.page.locator("#number")).to_contain_text(PHONE)
    assert ledger(salon) == [("read-number", [scene.call])]

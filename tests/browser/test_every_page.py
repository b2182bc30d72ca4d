"""Every page on a telephone and on a computer: a picture of it, and whether all can use it."""

from typing import Any

from playwright.sync_api import expect

from gateway.http import create_app
from gateway.settings import current
from tests.browser.scene import Scene, ordinary_day
from tests.browser.visitor import Visitor

CONSOLE = "/console"
BOARD = "/admin/queues"
PIECES = ("_live", ".asset", ".chart")  # of pages, files and figures


def addresses(scene: Scene) -> dict[str, str]:
    """The pages for staff, by the names of their pictures."""
    return {
        "search": CONSOLE,
        "organization": f"{CONSOLE}/organization",
        "sessions": f"{CONSOLE}/sessions",
        "call": f"{CONSOLE}/calls/{scene.call}",
        "message": f"{CONSOLE}/messages/{scene.message}",
        "booking": f"{CONSOLE}/bookings/{scene.booking}",
        "contact": f"{CONSOLE}/contacts/{scene.contact}",
        "audit": f"{CONSOLE}/audit",
        "queues": BOARD,
        "jobs": f"{BOARD}/jobs",
        "job": f"{BOARD}/jobs/{scene.letter_of}",
        "dead-letters": f"{BOARD}/dead-letters",
        "dead-letter": f"{BOARD}/dead-letters/{scene.letter}",
        "dead-letters-dry-run": f"{BOARD}/dead-letters/replay",
        "parked-events": f"{BOARD}/parked-events",
        "parked-events-dry-run": f"{BOARD}/parked-events/replay",
        "cron": f"{BOARD}/cron",
        "charts": f"{BOARD}/charts",
        "charts-day": f"{BOARD}/charts?span=day",
        "clean": f"{BOARD}/queue/voice/clean",
        "rescan": f"{BOARD}/reminders/rescan",
    }


def test_no_page_is_left_out() -> None:
    rules = create_app(current()).url_map
    paths = [path.partition("?")[0] for path in addresses(Scene(*["x_1"] * 6)).values()]
    looked_at = {rules.bind("localhost").match(path)[0] for path in paths}
    served = {
        rule.endpoint for rule in rules.iter_rules()
        if rule.rule.startswith((CONSOLE, BOARD)) and "GET" in (rule.methods or ())
    }  # fmt: skip
    assert {one for one in served - looked_at if not one.endswith(PIECES)} == {"console.sign_in"}


def test_every_page_can_be_used_by_everybody(visitor: Visitor, salon: Any) -> None:
    visitor.open(f"{CONSOLE}/sign-in")
    visitor.look("sign-in")
    scene = ordinary_day(salon)
    visitor.sign_in(salon.email)
    for name, address in addresses(scene).items():
        visitor.open(address)
        if name.startswith("charts"):
            expect(visitor.page.locator("canvas")).to_have_count(4)
        visitor.look(name)
    visitor.page.goto(f"{CONSOLE}/calls/nobody")
    visitor.look("not-found")
    visitor.faults.clear()  # the browser notes that there is no such call

"""Support's ten questions, walked from the search as docs/support-questions.md has it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.models import base
from gateway.models.provider_event import ProviderEvent
from tests.http import seed
from tests.http.staff_stage import Browser
from tests.http.stage import PHONE, Api

PAGE = Path(__file__).parents[2] / "docs" / "support-questions.md"
MOST_CLICKS = 3


@dataclass
class Walk:
    """Somebody who clicks their way through the pages."""

    browser: Browser
    clicks: int = 0
    page: str = field(default="", repr=False)

    def search(self, **fields: str) -> "Walk":
        """Fill in the form and press Search."""
        for name in fields:
            assert f'name="{name}"' in self.browser.see("/console")
        answer = self.browser.post("/console/search", **fields)
        return self._on(self.browser.see(answer.headers["Location"]))

    def follow(self, kind: str) -> "Walk":
        """Click the first link to a page of this kind."""
        found = re.search(rf'<a href="(/console/{kind}/\w+)"', self.page)
        assert found, f"no link to {kind}"
        return self._on(self.browser.see(found[1]))

    def press(self, text: str) -> "Walk":
        """Press the button of a form that has nothing to fill in."""
        form = re.search(
            rf'<form[^>]*action="([^"]+)"(?:(?!</form>).)*<button[^>]*>{text}', self.page, re.DOTALL
        )
        assert form, f"no button {text}"
        answer = self.browser.post(form[1])
        assert answer.status_code == 200
        return self._on(answer.text)

    def _on(self, page: str) -> "Walk":
        self.page, self.clicks = page, self.clicks + 1
        return self


@pytest.fixture
def ids(api: Api) -> dict[str, str]:
    """A customer with a past: a call that was answered, one that was not, a message, an answer,
    a stop, a plan."""
    rules = [
        {"kind": "before", "minutes": 60, "channel": "sms"},
        {"kind": "before", "minutes": 120, "channel": "voice"},
    ]
    book = api.book(external_id="bk-77", contact={"phone": PHONE, "name": "Ada"}, reminders=rules)
    about: dict[str, Any] = {"booking_id": book["id"]}
    answered = seed.call(api, external_id="CA-77", **about)
    seed.transcript(answered, "I come a little later")
    seed.event(answered, "completed", seconds=15)
    seed.message(api, text="See you on Monday.", **about)
    came: dict[str, Any] = {"from_address": PHONE, "to_address": "+15005550006"}
    seed.message(api, direction="inbound", state="received", text="Fine, thanks", **came)
    lost = {"state": "failed", "reason": "unreachable", "provider_code": "30003"}
    seed.call(api, failure_class="temporary", **lost, **about)
    said = {"channel": "sms", "granted": False, "source": "told us"}
    api.post(f"/api/v1/contacts/{book['contact']['id']}/consent", said)
    with base.connection():
        ProviderEvent.update(body="CallStatus=completed").execute()
    return {"booking": book["id"], "call": answered}


Way = tuple[str, Callable[[Walk], Walk], str]
WAYS: dict[int, Way] = {
    1: ("viewer", lambda walk: walk.search(who=PHONE), r"/console/calls/.*Somebody answered"),
    2: (
        "support",
        lambda walk: (
            walk.search(who=PHONE, state="completed").follow("calls").press("Show what was said")
        ),
        "They</strong>.*I come a little later",
    ),
    3: ("viewer", lambda walk: walk.search(who=PHONE), r"switched off or out of reach.*\(30003\)"),
    4: ("viewer", lambda walk: walk.search(who=PHONE, channel="sms"), "It arrived."),
    5: (
        "support",
        lambda walk: (
            walk.search(who="ada").follow("contacts").press("Show what was said and written")
        ),
        "from them.*Fine, thanks",
    ),
    6: (
        "viewer",
        lambda walk: walk.search(who="ada").follow("bookings"),
        r"What will be sent.*<time[^>]*>[^<]+</time></td><td>reminder by call.*Yes\.",
    ),
    7: (
        "viewer",
        lambda walk: walk.search(ref="bk-77").follow("bookings"),
        r"reminder by SMS.*No\.</span> The person said that they want no more of this",
    ),
    8: (
        "viewer",
        lambda walk: walk.search(who=PHONE).follow("contacts"),
        r"SMS: <span[^>]*>No, they said stop.*<time.*\(told us\)",
    ),
    9: (
        "viewer",
        lambda walk: walk.search(ref="bk-77").follow("bookings"),
        r"Calls and messages.*\(30003\).*Timeline</h2>.*booking booked.*reminder planned",
    ),
    10: (
        "support",
        lambda walk: walk.search(ref="CA-77").follow("calls").press("Show raw events"),
        "to <a[^>]*>Ada</a>.*CallStatus=completed",
    ),
}


def questions() -> dict[int, str]:
    """The questions of the page, by their numbers."""
    found = re.findall(r"^\| (\d+) \| ([^|]+\?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {int(number): text.strip() for number, text in found}


@pytest.mark.row("F7")
@pytest.mark.parametrize("number", range(1, 11), ids=lambda number: questions()[number])
def test_a_question_is_answered_with_three_clicks(
    ids: dict[str, str], signed_in: Callable[..., Browser], number: int
) -> None:
    role, way, answer = WAYS[number]
    walk = way(Walk(signed_in(role)))
    assert walk.clicks <= MOST_CLICKS
    assert re.search(answer, walk.page, re.DOTALL), walk.page.partition("<main")[2]


@pytest.mark.row("F7")
def test_a_question_is_answered_with_one_call_of_the_api(api: Api, ids: dict[str, str]) -> None:
    calls = api.read("/api/v1/calls", phone=PHONE)["data"]
    assert {one["state"] for one in calls} == {"completed", "failed"}  # 1
    assert "I come a little later" in {
        one["transcript"]["text"] for one in calls if one["transcript"]
    }  # 2
    assert "30003" in {one["failure"]["provider_code"] for one in calls if one["failure"]}  # 3
    messages = api.read("/api/v1/messages", phone=PHONE)["data"]
    assert "delivered" in {one["state"] for one in messages}  # 4
    came = api.read("/api/v1/messages", phone=PHONE, direction="inbound")["data"]
    assert [one["text"] for one in came] == ["Fine, thanks"]  # 5
    plan = api.read(f"/api/v1/bookings/{ids['booking']}/plan")["data"]
    assert [(one["channel"], one["state"]) for one in plan] == [
        ("voice", "sending"), ("sms", "suppressed"),
    ]  # fmt: skip  # 6
    assert plan[1]["reason"] == "opted_out"  # 7
    booking = api.read(f"/api/v1/bookings/{ids['booking']}")  # 9
    person = booking["contact"]["id"]
    said = api.read(f"/api/v1/contacts/{person}/consent")["data"]
    assert [(one["channel"], one["granted"]) for one in said] == [("sms", False)]  # 8
    named = api.read("/api/v1/calls", external_id="CA-77")["data"]
    assert [one["id"] for one in named] == [ids["call"]]  # 10


def test_there_are_ten_questions_and_each_is_walked() -> None:
    assert sorted(questions()) == sorted(WAYS) == list(range(1, 11))

"""Calls followed by asking the provider: whatever its callbacks did, its word is found out."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway import providers
from gateway.domain.lifecycle import CallState
from gateway.models import base, withdrawal
from gateway.models.call_log import CallLog
from gateway.models.dead_letter import DeadLetter
from gateway.models.provider_event import ProviderEvent
from gateway.providers import get
from gateway.usecases import outcomes, resolution
from tests.conftest import StartStack
from tests.databases import ON_SQLITE
from tests.providers.stand_in import Act, Connection, StandIn
from tests.stack import BUSY, special
from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask
from tests.usecases.test_inbox import SID, Line
from tests.waiting import until

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def desk(start_stack: StartStack) -> Iterator[Desk]:
    """A desk whose provider may take its time: machines are slow while tests run."""
    stack = start_stack(parts=(), PROVIDER_DEADLINE_SECONDS="10")
    with base.connection():
        yield Desk(stack)


def work(desk: Desk, now: datetime) -> int:
    """What clock and workers do about look-ups at this moment; how many there were."""
    due = CallLog.claim_look_ups(now, 200, 30 * SECOND)
    for call_id, number in due:
        resolution.look_up(call_id, number, now)
    return len(due)


def _over(call: CallLog) -> bool:
    found = get(call.provider).fetch(call.account, str(call.external_id))
    return found is not None and found.ended_at is not None


@pytest.mark.row("F2")
def test_a_whole_hour_of_lost_callbacks_heals_by_itself(start_stack: StartStack) -> None:
    silent = "60,60,180,600,2700,18000,64800,172800"
    desk = Desk(start_stack(parts=(), SILENT_CALL_LOOKUP_SECONDS=silent))
    desk.stack.web.stop()
    rows = [ask(desk, special(f"03{number:02d}")) for number in range(8)] + [ask(desk, BUSY)]
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now)
        until(lambda: _over(desk.attempts(row.id)[0]), "the end of a call")  # noqa: B023
    asked = sum(work(desk, desk.now + minute * MINUTE) for minute in range(61))
    assert asked == len(rows), "one look-up each, once the call is over"
    for row in rows:
        kept, (call,) = desk.row(row.id), desk.attempts(row.id)
        busy = row.contact.phone == BUSY
        assert kept.state == ("not_reached" if busy else "reached")
        assert call.state == ("busy" if busy else "completed")
        assert (call.duration_seconds, call.lookup_at) == (0 if busy else 1, None)
        assert call.ended_at is not None
        (told,) = ProviderEvent.timeline([call.id])
        assert (told.source, told.status) == ("lookup", call.state)
    assert len(desk.stack.sandbox.placed()) == len(rows)


@pytest.mark.row("F2")
def test_what_a_look_up_saw_twice_is_one_event_and_no_news(desk: Desk) -> None:
    with StandIn(_listing(call("ringing"))) as carrier:
        line = _at(desk, carrier)
        for number in (1, 2, 3):
            line.look_up(desk.now + number * SECOND)
    assert line.now == ("ringing", "sending")
    assert ProviderEvent.select().count() == 1
    assert CallLog.get_by_id(line.call.id).lookups == 2


@ON_SQLITE
@pytest.mark.row("C6")
def test_a_provider_that_lies_or_breaks_is_asked_again_ever_more_seldom(desk: Desk) -> None:
    lies: list[tuple[int, Any]] = [
        (500, {}),
        (200, "no call"),
        (200, call("completed", sid="CA" + "9" * 32)),
        (200, call("completed", direction="inbound")),
        (200, call("completed")),
    ]
    with StandIn(_answering(lies)) as carrier:
        line = _at(desk, carrier)
        now, waited = line.call.created_at + 10 * MINUTE, []
        for _ in range(4):
            line.look_up(now)
            kept: CallLog = CallLog.get_by_id(line.call.id)
            assert (kept.state, kept.lookups) == ("queued", 0)
            assert kept.lookup_at is not None
            waited.append(kept.lookup_at - now)
            now = kept.lookup_at + 60 * MINUTE
        line.look_up(now)
    assert line.now == ("completed", "reached")
    assert waited == sorted(waited)
    assert waited[-1] <= resolution.SELDOM


@pytest.mark.row("C6")
def test_one_look_up_that_breaks_stops_no_other(desk: Desk) -> None:
    rows = [ask(desk, special("0103")) for _ in range(3)]
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now)
        until(lambda: _over(desk.attempts(row.id)[0]), "the end")  # noqa: B023
    CallLog.update(provider="nobody").where(CallLog.notification == rows[0].id).execute()
    assert work(desk, desk.now + 2 * SECOND) == 3
    assert [desk.row(row.id).state for row in rows] == ["sending", "reached", "reached"]


@ON_SQLITE
@pytest.mark.parametrize("first", ["callback", "look-up"])
def test_an_ending_seen_by_look_up_is_the_providers_last_word(desk: Desk, first: str) -> None:
    with StandIn(_listing(call("completed", duration="7"))) as carrier:
        line = _at(desk, carrier)
        line.tells("ringing", 1)
        line.apply()
        if first == "callback":
            line.tells("busy", 2)
            line.apply()
            CallLog.update(lookup_at=desk.now).execute()  # it was under way just then
            line.look_up(desk.now)
        else:
            line.look_up(desk.now)
            line.tells("busy", 2)
            line.apply()
    assert line.now == ("completed", "reached")
    assert CallLog.get_by_id(line.call.id).duration_seconds == 7


@ON_SQLITE
@pytest.mark.parametrize(("word", "outcome"), [("failed", "not_reached"), ("completed", "reached")])
def test_a_failure_we_had_guessed_gives_way_to_the_providers_word(
    desk: Desk, word: str, outcome: str
) -> None:
    line = Line(desk)
    outcomes.not_confirmed(CallLog.get_by_id(line.call.id), desk.now)
    assert line.now == ("failed", "unknown")
    assert line.tells(word, 3, ErrorCode="13225") == 204
    line.apply()
    assert line.now == (word, outcome)
    kept: CallLog = CallLog.get_by_id(line.call.id)
    assert kept.reason == ("blocked" if word == "failed" else None)
    assert not kept.guessed


@ON_SQLITE
def test_a_callback_after_the_look_up_adds_the_code_that_a_look_up_does_not_tell(
    desk: Desk,
) -> None:
    with StandIn(_listing(call("failed"))) as carrier:
        line = _at(desk, carrier)
        line.look_up(desk.now)
    assert CallLog.get_by_id(line.call.id).reason == "unreachable"
    line.tells("failed", 3, ErrorCode="13225")
    line.apply()
    kept: CallLog = CallLog.get_by_id(line.call.id)
    assert (kept.reason, kept.provider_code, kept.failure_class) == (
        "blocked", "13225", "permanent",
    )  # fmt: skip


@pytest.mark.row("A4")
def test_a_call_listed_without_its_moment_concludes_nothing(desk: Desk) -> None:
    listed = {"calls": [call("ringing", date_created=None)], "next_page_uri": None}
    with StandIn(_listing(listed)) as carrier:
        line = _at(desk, carrier, external_id=None)
        line.look_up(desk.now)
    kept: CallLog = CallLog.get_by_id(line.call.id)
    assert (kept.state, kept.lookups, kept.external_id) == ("unknown", 0, None)


@ON_SQLITE
@pytest.mark.row("A3")
def test_a_call_canceled_while_unknown_of_which_there_is_no_trace_is_canceled(desk: Desk) -> None:
    desk.stack.sandbox.fault("timeout_not_accepted")
    row = ask(desk, special("0141"))
    desk.deliver(row.id, row.claim, desk.now)
    withdrawal.ask_to_cancel([row.id], desk.now)
    now = desk.now
    while desk.row(row.id).finished_at is None:
        now += 60 * SECOND
        assert work(desk, now) == 1
    assert (desk.row(row.id).state, desk.row(row.id).reason) == ("canceled", "canceled")
    assert DeadLetter.select().count() == 0


class Watched(Line):
    """A line whose call is at a provider that the test speaks for."""

    def look_up(self, now: datetime) -> None:
        kept: CallLog = CallLog.get_by_id(self.call.id)
        resolution.look_up(kept.id, kept.lookups + 1, now)


def _at(desk: Desk, carrier: StandIn, external_id: str | None = SID) -> Watched:
    providers.load(replace(desk.stack.settings, sandbox_url=carrier.url))
    line = Watched(desk, external_id)
    state = {} if external_id else {"state": CallState.UNKNOWN, "from_address": "+15005550006"}
    changes: dict[str, Any] = {"lookup_at": desk.now, "created_at": desk.now, **state}
    CallLog.update(**changes).where(CallLog.id == line.call.id).execute()
    line.call = CallLog.get_by_id(line.call.id)
    TO[0] = line.call.to_address
    return line


TO = [""]


def call(status: str, **changes: Any) -> dict[str, Any]:
    """A call resource of Twilio's."""
    return {
        "sid": SID, "from": "+15005550006", "status": status, "direction": "outbound-api",
        "date_created": None, "end_time": None, "duration": None, "answered_by": None, **changes,
    }  # fmt: skip


def _listing(body: Any) -> Act:
    def act(connection: Connection) -> None:
        while connection.read() is not None:
            for one in body.get("calls", ()):
                one["to"] = TO[0]
            connection.answer(200, json.dumps(body).encode())

    return act


def _answering(answers: list[tuple[int, Any]]) -> Act:
    def act(connection: Connection) -> None:
        while connection.read() is not None:
            status, body = answers.pop(0)
            connection.answer(status, json.dumps(body).encode())

    return act

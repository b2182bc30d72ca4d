"""The same events in any order make the same call log, read through the API."""

from itertools import permutations
from typing import Any

import pytest

from gateway.models.call_log import CallLog
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.models.transcript import Transcript, TranscriptSegment
from tests.usecases.desk import Desk
from tests.usecases.test_inbox import GT, SID, Line

Event = tuple[dict[str, str], str]


def _without_arrival(value: Any) -> Any:
    """The JSON without the moments at which something arrived here, and without fresh ids."""
    left_out = {"received_at", "id", "notification_id", "created_at", "to"}
    if isinstance(value, dict):
        return {k: _without_arrival(v) for k, v in value.items() if k not in left_out}
    return [_without_arrival(item) for item in value] if isinstance(value, list) else value


def _forget() -> None:
    TranscriptSegment.delete().execute()
    Transcript.delete().execute()
    ProviderEvent.delete().execute()
    CallLog.delete().execute()
    FeedEntry.delete().execute()
    Notification.delete().execute()


def _log_after(desk: Desk, events: list[Event], *, one_by_one: bool) -> tuple[Any, list[str]]:
    """The call's JSON and its notification's state after these callbacks, in this order."""
    line = Line(desk)
    for params, kind in events:
        assert line.carrier.told(params, line.call.id, kind).status_code == 204
        if one_by_one:
            line.apply()
    line.apply()
    shown = _without_arrival(desk.stack.api.show(line.call.id))
    finished = FeedEntry.select().where(FeedEntry.object_id == line.notification.id)
    outcomes = [entry.state for entry in finished if entry.state in ("reached", "not_reached")]
    _forget()
    return shown, outcomes


def _status(desk: Desk, *steps: tuple[str, int]) -> list[Event]:
    carrier = Line(desk).carrier
    _forget()
    return [(carrier.status(SID, word, sequence), "voice") for word, sequence in steps]


@pytest.mark.row("F3")
@pytest.mark.parametrize("one_by_one", [True, False])
def test_four_events_in_all_orders_make_one_call_log(desk: Desk, one_by_one: bool) -> None:
    steps = ("initiated", 0), ("ringing", 1), ("in-progress", 2), ("completed", 3)
    events = _status(desk, *steps)
    logs = [_log_after(desk, list(o), one_by_one=one_by_one) for o in permutations(events)]
    first, outcomes = logs[0]
    assert (first["state"], first["duration_seconds"]) == ("completed", 42)
    assert first["started_at"] == "2026-11-21T12:00:02Z"
    assert first["ended_at"] == "2026-11-21T12:00:03Z"
    assert [event["status"] for event in first["events"]] == [word for word, _ in steps]
    assert outcomes == ["reached"]
    assert all(log == (first, outcomes) for log in logs)


@pytest.mark.row("F3")
def test_a_busy_line_that_was_reached_after_all_is_a_recorded_correction(desk: Desk) -> None:
    events = _status(desk, ("ringing", 1), ("busy", 2), ("completed", 3))
    shown, outcomes = _log_after(desk, events, one_by_one=True)
    assert (shown["state"], shown["failure"]) == ("completed", None)
    assert outcomes == ["not_reached", "reached"]
    for order in permutations(events):
        assert _log_after(desk, list(order), one_by_one=True)[0] == shown


@pytest.mark.row("F3")
def test_an_ending_the_carrier_did_not_number_later_corrects_nothing(desk: Desk) -> None:
    for second in (("completed", 1), ("completed", None)):
        line = Line(desk)
        assert line.tells("busy", 2) == 204
        line.apply()
        assert line.tells(*second) == 204
        line.apply()
        assert line.now == ("busy", "not_reached")
        _forget()


@pytest.mark.row("F5")
def test_utterances_in_any_order_make_one_transcript(desk: Desk) -> None:
    carrier = Line(desk).carrier
    _forget()
    said = [
        ("outbound_track", "Hello Ada."),
        ("inbound_track", "Hello."),
        ("inbound_track", "Bye."),
    ]
    events: list[Event] = [
        (carrier.utterance(SID, GT, number, track, text), "transcription")
        for number, (track, text) in enumerate(said, start=1)
    ]
    events.append((carrier.status(SID, "in-progress", 0), "voice"))
    logs = [_log_after(desk, list(order), one_by_one=False)[0] for order in permutations(events)]
    assert logs[0]["transcript"]["text"] == "Hello Ada.\nHello.\nBye."
    assert [piece["speaker"] for piece in logs[0]["transcript"]["segments"]] == [
        "gateway", "contact", "contact",
    ]  # fmt: skip
    assert all(log == logs[0] for log in logs)

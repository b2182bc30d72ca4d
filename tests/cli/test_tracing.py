"""One trace from the booking to the transcript, over the real processes."""

from pathlib import Path

import pytest

from tests.cli.loud_day import booking
from tests.cli.stacks import NUMBER, Api, up
from tests.collectors import Inbox, Span, listening
from tests.waiting import until

STEPS = {"ringing", "in-progress", "completed"}
SERVER = 2  # as OpenTelemetry counts the kinds of spans
WAYS = [
    "POST /api/v1/bookings",
    "send place_call",
    "process place_call",
    "place voice",
    "POST carrier",
    "POST /webhooks/<path:path>",
    "send apply_event",
    "process apply_event",
]


def told(api: Api, call: str) -> set[str]:
    """The callbacks about a call that were applied."""
    events = api.http.get(f"{api.base}/api/v1/calls/{call}", timeout=10).json()["events"]
    return {event["status"] for event in events if event["source"] == "webhook"}


def _of(inbox: Inbox, name: str) -> list[Span]:
    return [span for span in inbox.spans() if span.name == name]


@pytest.mark.row("C5")
def test_from_the_booking_to_the_transcript_it_is_one_trace(tmp_path: Path) -> None:
    with listening() as inbox:
        # Nothing is sent before a process ends: none may lose what it has.
        late = {"OTEL_EXPORTER_OTLP_ENDPOINT": inbox.url, "OTEL_BSP_SCHEDULE_DELAY": "600000"}
        with up(tmp_path / "data", **late) as stack:
            api = stack.api
            api.keep_no_quiet_hours()
            made = api.http.post(f"{api.base}/api/v1/bookings", json=booking(NUMBER)).json()
            reminder = made["reminders"][0]["id"]
            until(lambda: api.completed(reminder), "the call", 90)
            call = api.find(reminder) or {}
            # The last of the callbacks need not be applied last.
            until(lambda: told(api, call["id"]) >= STEPS, "every step of the call", 40)
        first, *others = _of(inbox, "POST /api/v1/bookings")
        assert others == []
        mine = [span for span in inbox.spans() if span.trace == first.trace]

    names = [span.name for span in mine]
    assert [way for way in WAYS if way not in names] == []
    known = {span.id: span for span in mine}
    assert (first.parent, first.kind) == ("", SERVER)
    assert [span.name for span in mine if span.id != first.id and span.parent not in known] == []
    # The web took the booking and the callbacks, the clock rang, the worker placed.
    at = {name: {span.process for span in mine if span.name == name} for name in WAYS}
    web, clock = at[WAYS[0]] | at[WAYS[5]], at[WAYS[1]]
    worker = at[WAYS[2]] | at[WAYS[3]] | at[WAYS[7]]
    assert len(web | clock | worker) == len(web) + len(clock) + len(worker)
    assert {known[span.parent].name for span in mine if span.name == "process place_call"} == {
        "send place_call"
    }
    applied = [span for span in mine if span.name == "process apply_event"]
    assert len(applied) >= 4  # ringing, answered, ended, and what was said
    placed = next(span for span in mine if span.name == "place voice")
    assert placed.facts["ringback.attempt_id"] == call["id"]
    assert all(span.start <= span.end for span in mine)
    # What the gateway was not asked for by anybody has no part in it.
    assert {span.name.split()[0] for span in inbox.spans()} <= {
        "POST", "GET", "send", "process", "place", "PATCH", "PUT", "DELETE"
    }  # fmt: skip
    assert not [span for span in inbox.spans() if span.name.startswith("GET /health")]

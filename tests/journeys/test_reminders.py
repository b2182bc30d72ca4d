"""From a booking to a call log with its transcript, for each kind of reminder."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.stack import ANSWERED, Stack
from tests.waiting import until


def soon(**ahead: float) -> str:
    """A moment ahead of now, RFC 3339 in UTC."""
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


@pytest.mark.row("D2")
def test_a_reminder_at_a_moment_becomes_a_call_log_with_its_transcript(stack: Stack) -> None:
    rule = {"kind": "at", "at": soon(seconds=0.4), "say": "Bring your passport."}
    booking = stack.api.book(starts_at=soon(hours=2), reminders=[rule])
    call = stack.ended_call(booking["reminders"][0]["id"])
    until(lambda: stack.api.show(call["id"])["transcript"], "a transcript")
    assert call["state"] == "completed"
    assert len(stack.sandbox.placed(ANSWERED)) == 1

"""The oracle can fail: what is wrong in the ledgers turns its verdict red, under its own name."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.suite.evidence import (
    Asked,
    Called,
    Evidence,
    Notified,
    Placed,
    Timeline,
    Told,
    client_knows,
    provider_did,
)
from tests.faults.suite.oracle import Verdict, judge

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def good() -> Evidence:
    """Three calls: two reached, one taken back before it left."""
    asked, placed, rows, calls = [], [], [], []
    feed: list[dict[str, str]] = []
    for number, state in enumerate(["reached", "reached", "canceled"]):
        to, id_ = f"+1303000000{number}", f"nt_{number}"
        asked.append(Asked(f"key-{number}", to, acked=True, ids={id_}))
        asked[-1].first_ids.add(frozenset({id_}))
        rows.append(Notified(id_, to, state, None, NOON, NOON + HOUR, NOON + 5 * SECOND))
        for entry in ("scheduled", state):
            feed.append(_entry(len(feed), id_, entry))
        if state == "reached":
            placed.append(Placed(NOON + 2 * SECOND, to, f"cl_{number}", f"CA{number}", "answered"))
            calls.append(Called(f"cl_{number}", id_, "completed", None, NOON + SECOND))
    asked[2].cancels, asked[2].taken_back = True, {"nt_2": NOON - SECOND}
    told = [Told("CA0", "voice completed", 204), Told("CA1", "voice completed", 204)]
    stored = Counter({"CA0": 1, "CA1": 1})
    return Evidence(asked, placed, rows, calls, told, stored, feed, {e["id"] for e in feed})


def _entry(number: int, object_id: str, state: str, kind: str = "notification") -> dict[str, str]:
    return {"id": str(number), "type": f"{kind}.{state}", "object": kind, "object_id": object_id,
            "state": state}  # fmt: skip


def test_what_went_well_is_found_to_be_well() -> None:
    verdict = judge(good())
    assert verdict.good()
    assert (verdict.acked, verdict.placed, verdict.reached) == (3, 2, 2)


Doctor = Callable[[Evidence], None]


def _row(e: Evidence, number: int, **changes: object) -> None:
    e.notifications[number] = replace(e.notifications[number], **changes)  # type: ignore[arg-type]


def _lost_row(e: Evidence) -> None:
    del e.notifications[0]


def _no_outcome(e: Evidence) -> None:
    _row(e, 0, state="sending", finished_at=None)


def _never_answered(e: Evidence) -> None:
    e.asked[1].acked = False


def _canceled_by_nobody(e: Evidence) -> None:
    _row(e, 1, state="canceled")


def _expired_too_soon(e: Evidence) -> None:
    _row(e, 2, state="expired")


def _suppressed(e: Evidence) -> None:
    _row(e, 1, state="suppressed")


def _suppressed_as_past_too_soon(e: Evidence) -> None:
    _row(e, 0, state="suppressed", reason="past", finished_at=NOON + 59 * SECOND)
    del e.placed[0]


def _twice(e: Evidence) -> None:
    e.placed.append(replace(e.placed[0], external_id="CA9"))


def _twice_by_two_rows(e: Evidence) -> None:
    e.notifications.append(replace(e.notifications[0], id="nt_9"))
    e.calls.append(replace(e.calls[0], id="cl_9", notification="nt_9"))
    e.placed.append(replace(e.placed[0], attempt="cl_9"))


def _unwritten(e: Evidence) -> None:
    del e.calls[0]


def _written_afterwards(e: Evidence) -> None:
    e.calls[0] = replace(e.calls[0], created_at=NOON + 3 * SECOND)


def _to_a_stranger(e: Evidence) -> None:
    e.placed.append(replace(e.placed[0], to="+13039999999"))


def _two_answers_to_one_key(e: Evidence) -> None:
    e.asked[0].first_ids.add(frozenset({"nt_8"}))


def _early(e: Evidence) -> None:
    _row(e, 0, due_at=NOON + 3 * SECOND)


def _late(e: Evidence) -> None:
    _row(e, 0, expires_at=NOON)


def _after_it_was_canceled(e: Evidence) -> None:
    e.asked[0].taken_back["nt_0"] = NOON + SECOND


def _long_after_it_was_to_end(e: Evidence) -> None:
    e.asked[0].ending["nt_0"] = NOON - 10 * SECOND


def _not_stored(e: Evidence) -> None:
    e.stored["CA1"] = 0


def _call_goes_on(e: Evidence) -> None:
    e.calls[1] = replace(e.calls[1], state="ringing")


def _reached_without_a_call(e: Evidence) -> None:
    del e.placed[0]


def _entry_twice(e: Evidence) -> None:
    e.feed.append(e.feed[0])


def _wrong_order(e: Evidence) -> None:
    e.feed[0], e.feed[1] = e.feed[1], e.feed[0]


def _two_ends(e: Evidence) -> None:
    e.feed += [_entry(90, "nt_2", "reached"), _entry(91, "nt_2", "canceled")]


WRONG: list[tuple[str, Doctor]] = [
    ("lost", _lost_row), ("lost", _no_outcome), ("lost", _never_answered),
    ("lost", _canceled_by_nobody), ("lost", _expired_too_soon), ("lost", _suppressed),
    ("lost", _suppressed_as_past_too_soon),
    ("duplicate", _twice), ("duplicate", _twice_by_two_rows),
    ("phantom", _unwritten), ("phantom", _written_afterwards), ("phantom", _to_a_stranger),
    ("phantom", _two_answers_to_one_key), ("phantom", _twice_by_two_rows),
    ("illicit", _early), ("illicit", _late), ("illicit", _after_it_was_canceled),
    ("illicit", _long_after_it_was_to_end),
    ("callbacks_lost", _not_stored), ("not_final", _call_goes_on),
    ("misreported", _reached_without_a_call),
    ("misreported", lambda e: _row(e, 0, state="not_reached")),
    ("feed", lambda e: e.feed_rows.add("77")), ("feed", _entry_twice), ("feed", _wrong_order),
    ("feed", _two_ends),
]  # fmt: skip


@pytest.mark.row("A4")
@pytest.mark.parametrize(("promise", "doctor"), WRONG)
def test_a_doctored_ledger_breaks_the_promise_it_is_about(promise: str, doctor: Doctor) -> None:
    evidence = good()
    doctor(evidence)
    verdict: Verdict = judge(evidence)
    assert getattr(verdict, promise)
    assert not verdict.good()
    assert not verdict.good(residual=True)


def test_a_reminder_booked_more_than_a_minute_after_its_moment_is_not_lost() -> None:
    evidence = good()
    _row(evidence, 2, state="suppressed", reason="past", finished_at=NOON + 61 * SECOND)
    evidence.asked[2].cancels = False
    assert not judge(evidence).lost


def test_one_duplicate_that_the_gateway_flagged_passes_only_where_a_window_remains() -> None:
    evidence = good()
    _twice(evidence)
    flag = _entry(80, "cl_0", "completed", "call") | {"type": "call.duplicate_suspected"}
    evidence.feed.append(flag)
    verdict = judge(evidence)
    assert verdict.good(residual=True)
    assert not verdict.good()


def test_a_call_of_unknown_fate_counts_by_what_became_of_it() -> None:
    evidence = good()
    evidence.feed += [_entry(60 + n, f"cl_{n}", "unknown", "call") for n in range(2)]
    evidence.calls[1] = replace(evidence.calls[1], state="failed", reason="not_confirmed")
    _row(evidence, 1, state="unknown")
    evidence.feed.append(_entry(70, "nt_1", "unknown"))
    verdict = judge(evidence)
    assert (verdict.unknown_resolved, verdict.unknown_final) == (1, 1)
    assert verdict.unknown_placed == 1
    assert verdict.good()


def test_a_call_to_a_moved_booking_may_happen_twice_once_for_each_moment() -> None:
    evidence = good()
    _twice_by_two_rows(evidence)
    evidence.asked[0].moves = True
    evidence.feed += [_entry(90, "nt_9", "reached")]
    assert judge(evidence).good()


def test_a_clock_that_was_off_is_reckoned_with() -> None:
    evidence, timeline = good(), Timeline()
    _row(evidence, 0, due_at=NOON + 20 * SECOND, expires_at=NOON + HOUR)
    assert judge(evidence).illicit
    timeline.add(NOON - HOUR, 20 * SECOND)
    evidence.shown = timeline
    assert not judge(evidence).illicit


def test_the_ledgers_are_read_as_they_are_written() -> None:
    sent = {"t": NOON.isoformat(), "key": "k", "to": "+13030000001", "op": "ask", "result": "sent"}
    answered = sent | {"result": "acked", "status": 201, "ids": {"nt_1": "scheduled"}}
    gone = answered | {"op": "cancel", "ids": {"nt_1": "canceled"}}
    (asked,) = client_knows([sent, sent | {"result": "unknown"}, answered])
    assert (asked.acked, asked.ids, asked.taken_back) == (True, {"nt_1"}, {})
    (asked,) = client_knows([sent, answered, sent | {"op": "cancel"}, gone])
    assert (asked.cancels, asked.taken_back) == (True, {"nt_1": NOON})
    line = {"at": "2026-11-22T12:00:02.000000Z", "to": "+13030000001", "mode": "answered",
            "external_id": "CA1", "callback_url": "http://x/y?attempt=cl_1#rc=5"}  # fmt: skip
    assert provider_did([line], {"+13030000001"}) == [
        Placed(NOON + 2 * SECOND, "+13030000001", "cl_1", "CA1", "answered")
    ]
    assert provider_did([line], {"+13030000002"}) == []

"""Names, numbers and words of people stay in the database, whatever happens."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli import loud_day
from tests.cli.loud_day import TRACES, Day


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """What a day with faults left behind."""
    with loud_day.lived(tmp_path_factory.mktemp("loud")) as found:
        yield found


def _found(content: str | bytes) -> list[str]:
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    return [trace for trace in TRACES if trace.casefold() in text.casefold()]


def _lines(day: Day, *names: str) -> list[dict[str, Any]]:
    written = day.written()
    texts = [written[f"{name}.log"].decode() for name in names or ("web", "worker", "clock")]
    return [json.loads(line) for text in texts for line in text.splitlines()]


@pytest.mark.row("D6")
@pytest.mark.row("C5")
def test_nothing_personal_is_in_any_file_that_a_process_writes(day: Day) -> None:
    written = day.written()
    assert {"web.log", "worker.log", "clock.log"} <= written.keys()
    assert {name: _found(content) for name, content in written.items() if _found(content)} == {}


@pytest.mark.row("C5")
def test_nothing_personal_goes_through_redis(day: Day) -> None:
    assert any("place_call" in command for command in day.redis), "nothing was watched"
    assert [command for command in day.redis if _found(command)] == []


@pytest.mark.row("C5")
def test_nothing_personal_is_in_traces_error_reports_or_metrics(day: Day) -> None:
    assert day.spans > 50
    assert b"process place_call" in day.traces
    assert (_found(day.traces), _found(day.reports), _found(day.metrics)) == ([], [], [])
    assert "ringback_" in day.metrics


@pytest.mark.row("C5")
def test_nothing_personal_is_in_the_answer_to_a_bad_request(day: Day) -> None:
    assert len(day.bodies) == 8
    assert [body for body in day.bodies if _found(body)] == []


WANTED = {
    "due reminders found": ("clock", {"count", "lane"}),
    "queued": ("clock", {"count", "lane"}),
    "call triggered": ("worker", {"notification_id", "attempt_id"}),
    "attempt failed": ("worker", {"notification_id", "attempt_id", "reason"}),
    "retrying": ("worker", {"notification_id", "failures"}),
    "webhook received": ("web", {"event_id", "path", "request_id"}),
    "webhook invalid": ("web", {"path", "problem", "request_id"}),
    "webhook duplicate ignored": ("web", {"path", "request_id"}),
    "provider event processed": ("worker", {"event_id", "attempt_id", "kind"}),
}


@pytest.mark.row("D6")
@pytest.mark.parametrize("event", WANTED)
def test_each_step_of_a_reminder_has_its_line_with_its_ids(day: Day, event: str) -> None:
    process, ids = WANTED[event]
    told = [line for line in _lines(day, process) if line["event"] == event]
    assert told, f"{process} never said it"
    assert [line for line in told if not ids <= line.keys()] == []
    assert {line["level"] for line in told} <= {"info", "warning"}


@pytest.mark.row("B9")
def test_each_job_has_its_lines_from_start_to_end(day: Day) -> None:
    jobs = [line for line in _lines(day, "worker") if line["logger"] == "gateway.jobs"]
    assert {line["event"] for line in jobs} == {"job started", "job completed", "job failed"}
    for line in jobs:
        assert {"queue", "kind", "job_id", "level", "timestamp"} <= line.keys()
        ended = line["event"] != "job started"
        assert ("seconds" in line) == ended
        assert ("error" in line) == (line["event"] == "job failed")
    kinds = {(line["queue"], line["kind"]) for line in jobs}
    assert {("voice", "reminder"), ("messages", "reminder"), ("events", "apply_event")} <= kinds
    by_run: dict[tuple[str, str], list[str]] = {}
    for line in jobs:
        by_run.setdefault((line["message_id"], line["job_id"]), []).append(line["event"])
    ends = (["job started", "job completed"], ["job started", "job failed"])
    assert [run for run in by_run.values() if run not in ends] == []


def test_the_lines_of_a_job_name_its_trace(day: Day) -> None:
    triggered = [line for line in _lines(day, "worker") if line["event"] == "call triggered"]
    assert all(len(line["trace_id"]) == 32 for line in triggered)
    assert all(line["trace_id"].encode() for line in triggered)

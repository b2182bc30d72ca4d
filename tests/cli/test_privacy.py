"""Names, numbers and words of people stay in the database, whatever happens."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.stacks import Api, Up, up
from tests.waiting import until

NUMBER, NAME, WORDS = "+12025550139", "Zyxwv Canary", "CANARY-wubbalubba"
TRACES = (NUMBER.lstrip("+"), "Zyxwv", "wubbalubba", "canary@example.com")


def _booking(**changes: Any) -> dict[str, Any]:
    starts = datetime.now(UTC) + timedelta(minutes=5, seconds=2)
    return {
        "starts_at": starts.isoformat(),
        "contact": {"name": NAME, "phone": NUMBER, "email": "canary@example.com"},
        "reminders": [{"kind": "before", "minutes": 5, "say": WORDS}],
        **changes,
    }


def _trouble(stack: Up, api: Api) -> list[str]:
    """Requests that go wrong in every layer; the bodies of their answers."""
    sandbox = stack.ready["sandbox"]
    api.http.post(
        f"{sandbox}/sandbox/faults", json={"behaviour": "reject", "code": 21211, "next": 1}
    )
    said = {"to": NUMBER, "say": WORDS}
    api.http.post(f"{api.base}/api/v1/calls", json=said)
    wrong: list[tuple[str, str, Any]] = [
        ("POST", "/api/v1/bookings", _booking(contact={"name": NAME, "phone": f"{NUMBER}1234567"})),
        ("POST", "/api/v1/bookings", _booking(starts_at=NUMBER, nonsense=WORDS)),
        ("POST", "/api/v1/calls", {**said, "say": [NUMBER]}),
        ("GET", f"/api/v1/calls?phone={NUMBER}&from={NAME}", None),
        ("GET", f"/api/v1/calls/{NUMBER}", None),
        ("GET", f"/nowhere/{NUMBER}?q={WORDS}", None),
        ("POST", f"/webhooks/twilio/voice?attempt={NUMBER}", None),
        ("POST", "/webhooks/call-status", {"call_id": WORDS, "status": NUMBER}),
    ]
    answers = [api.http.request(how, api.base + path, json=body) for how, path, body in wrong]
    assert all(400 <= answer.status_code < 500 for answer in answers)
    return [answer.text for answer in answers]


@pytest.mark.row("D6")
def test_nothing_personal_is_in_logs_redis_or_error_bodies(tmp_path: Path) -> None:
    with up(tmp_path / "data", LOG_LEVEL="DEBUG") as stack:
        api = stack.api
        made = api.http.post(f"{api.base}/api/v1/bookings", json=_booking()).json()
        reminder = made["reminders"][0]["id"]
        bodies = _trouble(stack, api)
        until(lambda: api.completed(reminder), "the call", 30)
        transcript = (api.find(reminder) or {})["transcript"]["text"]
        assert WORDS in transcript

    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    written = {path.name: path.read_bytes() for path in kept if "ringback.db" not in path.name}
    assert {"web.log", "worker.log", "clock.log"} <= written.keys()
    sandboxes_own = {"sandbox-ledger.jsonl"}
    for name, content in written.items():
        found = [trace for trace in TRACES if trace.encode() in content]
        assert name in sandboxes_own or found == [], name
    assert [body for body in bodies if any(trace in body for trace in TRACES)] == []

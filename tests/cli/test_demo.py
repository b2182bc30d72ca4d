"""`demo --once`: the promise of the first page and a salon's day, as a command that can fail."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from gateway.cli.install import ROOT
from tests.cli.stacks import clean_env, command, own_ports

# What the salon's day has to tell, whatever else it does.
TOLD = (
    ("message.sent", "Bea", None),  # every two hours
    ("notification.suppressed", "Bea", "confirmed"),
    ("message.sent", "Ada", None),  # a day before
    ("call.completed", "Ada", None),  # three hours before
    ("message.sent", "Eve", None),  # the staff's nudge
    ("booking.overdue", "Cleo", None),
    ("booking.canceled", "Dan", None),
    ("offer.expired", "Finn", "expired"),
    ("offer.accepted", "Gus", None),
    ("enrolment.excluded", "Ivo", "opted_out"),
    ("enrolment.finished", "Hana", None),
    ("message.sent", "Jon", None),
    ("invoice.recovered", "Jon", "paid"),
)


@pytest.mark.row("A2", "B1", "C1", "C2", "C3", "C4", "E1", "E2")
def test_a_demo_books_calls_plays_a_day_and_ends_by_itself(tmp_path: Path) -> None:
    own = ("--data", str(tmp_path / "demo"), *own_ports())
    line = command("demo", "--once", "--json", *own)
    done = subprocess.run(
        line, cwd=ROOT, env=clean_env(), capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["event"] == "ready"
    assert events[0]["key"].startswith("rb_test_")
    assert events[-1]["event"] == "complete"
    planned = {event["notification"] for event in events if event["event"] == "planned"}
    spoken = {event["notification"] for event in events if event["event"] == "transcript"}
    assert len(planned) == 4
    assert spoken == planned
    assert not re.search(r"\+?1202555\d{4}", done.stdout + done.stderr)
    told = {(_first(event.get("type")), event.get("who"), event.get("reason")) for event in events}
    assert told >= set(TOLD)
    assert any("snapshot of" in event.get("told", "") for event in events if event.get("day"))
    written = (tmp_path / "demo" / "sandbox-ledger.jsonl").read_text().splitlines()
    ledger = [json.loads(line) for line in written]
    assert sum(one["kind"] == "call" for one in ledger) == len(planned) + 2  # Ada, and Gus
    texts = [(one["to"], one["text"]) for one in ledger if one["kind"] == "message"]
    assert len(texts) == len(set(texts))


def _first(type_: str | None) -> str | None:
    """A carrier's "delivered" may overtake its "sent", which is then never an entry of its own."""
    return "message.sent" if type_ in ("message.delivered", "message.read") else type_

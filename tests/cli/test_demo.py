"""`demo --once`: the promise of the first page, as a command that can fail."""

import json
import re
import subprocess
from pathlib import Path

from gateway.cli.install import ROOT
from tests.cli.stacks import clean_env, command


def test_a_demo_books_calls_and_ends_by_itself(tmp_path: Path) -> None:
    line = command("demo", "--once", "--json", "--data", str(tmp_path / "demo"))
    done = subprocess.run(
        line, cwd=ROOT, env=clean_env(), capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["event"] == "ready"
    assert events[0]["key"].startswith("rb_test_")
    assert events[-1]["event"] == "complete"
    planned = {event["notification"] for event in events if event["event"] == "planned"}
    told = {event["notification"] for event in events if event["event"] == "transcript"}
    assert len(planned) == 4
    assert told == planned
    assert not re.search(r"\+?1202555\d{4}", done.stdout + done.stderr)
    ledger = (tmp_path / "demo" / "sandbox-ledger.jsonl").read_text().splitlines()
    assert len(ledger) == len(planned)

"""The ledger: on the disk before the answer, and read back by the next run."""

import json
from pathlib import Path
from threading import Thread

import requests

from gateway.sandbox.ledger import Ledger
from tests.sandbox.conftest import Start
from tests.sandbox.running import SENDER, Running, scenario


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_placed_call_is_on_the_disk_when_it_is_answered(sandbox: Running) -> None:
    url = f"{sandbox.receiver.url}/status?attempt=a-1#rc=2"
    sid = sandbox.call(scenario("0100"), status_callback=url).sid
    (line,) = lines(sandbox.config.ledger_path)

    assert str(line.pop("at")).endswith("Z")
    assert line == {
        "kind": "call",
        "provider": "twilio",
        "to": scenario("0100"),
        "from": SENDER,
        "text": "Hello there, see you at noon.",
        "callback_url": url,
        "external_id": sid,
        "mode": "answered",
    }


def test_the_next_run_knows_what_the_last_one_placed(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "kept" / "ledger.jsonl"
    first = start(ledger_path=path)
    first.call(scenario("0100"))
    kept = first.look("ledger")
    with path.open("a") as file:
        file.write('{"torn": ')

    assert len(kept) == 1
    second = start(ledger_path=path)
    second.call(scenario("0120"))
    assert second.look("ledger")[:1] == kept
    assert [line["mode"] for line in start(ledger_path=path).look("ledger")] == ["answered", "busy"]


def test_calls_of_the_last_run_are_found_when_they_are_looked_up(
    start: Start, tmp_path: Path
) -> None:
    first = start(ledger_path=tmp_path / "ledger.jsonl")
    answered, busy = first.call(scenario("0100")).sid, first.call(scenario("0120")).sid
    first.fault(behaviour="no_answer", next=1)
    missed = first.call(scenario("0100")).sid

    calls = start(ledger_path=tmp_path / "ledger.jsonl").client().calls
    found = {call.sid: call.status for call in calls.list(to=scenario("0100"), from_=SENDER)}
    assert found == {answered: "completed", missed: "no-answer"}
    assert calls(busy).fetch().status == "busy"
    assert [call.sid for call in calls.list()] == [missed, busy, answered]
    assert calls.list(start_time_after=calls(busy).fetch().start_time.date()) != []


def test_an_emptied_ledger_is_empty_on_the_disk_too(sandbox: Running) -> None:
    sandbox.call(scenario("0100"))
    assert requests.delete(f"{sandbox.url}/sandbox/ledger", timeout=5).status_code == 204
    assert sandbox.look("ledger") == []
    assert sandbox.config.ledger_path.read_bytes() == b""
    sandbox.call(scenario("0100"))
    assert len(sandbox.look("ledger")) == len(lines(sandbox.config.ledger_path)) == 1


def test_the_ledger_can_be_read_on_from_where_one_was(sandbox: Running) -> None:
    for last in ("0100", "0120", "0121"):
        sandbox.call(scenario(last))
    whole = sandbox.look("ledger")
    assert sandbox.look("ledger?after=2") == whole[2:]
    assert sandbox.look("ledger?after=3") == []
    assert sandbox.look("ledger?after=none") == whole


def test_many_threads_write_every_line_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")

    def write(thread: int) -> None:
        for number in range(25):
            ledger.append({"call": f"{thread}-{number}"})

    threads = [Thread(target=write, args=(thread,)) for thread in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.close()

    written = lines(tmp_path / "ledger.jsonl")
    assert written == ledger.entries()
    assert len({line["call"] for line in written}) == 400

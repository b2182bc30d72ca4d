"""A short selection of the fault suite: few calls, quick faults, the same engine and oracle. And
what is told about the suite is true."""

import json
import re
from dataclasses import replace

import pytest

from gateway.cli.arguments import parse
from gateway.cli.checks import fault_suite
from gateway.cli.install import ROOT
from tests.faults.suite import catalogue, report
from tests.faults.suite.__main__ import main, open_stage
from tests.faults.suite.catalogue.kills import POSTS, failpoints
from tests.faults.suite.engine import Engine
from tests.faults.suite.registry import BOTH, FAULTS

SELECTION = {
    "sqlite": ("killed_at_worker_after_send", "redis_flushed"),
    "postgresql": ("killed_at_worker_before_result_commit", "timeout_accepted_silent"),
}


@pytest.mark.row("A4")
@pytest.mark.row("B10")
@pytest.mark.parametrize("kind", BOTH)
def test_a_short_selection_of_the_fault_suite_keeps_every_promise(kind: str) -> None:
    catalogue.load()
    with open_stage(kind) as stage:
        engine = Engine(stage, seed=7, folder=stage.folder)
        for name in SELECTION[kind]:
            found = engine.play(replace(FAULTS[name], size=40, spread=1.5)).as_json()
            print(json.dumps(found))
            assert found["ok"], report.line(found) + (stage.folder / "crew.log").read_text()[-4000:]
            assert found["placed"] > 30


def test_every_failpoint_has_its_fault_and_every_fault_its_line_in_the_documents() -> None:
    catalogue.load()
    page = (ROOT / "docs" / "faults.md").read_text()
    for point in failpoints():
        assert f"killed_at_{point.replace('.', '_')}" in FAULTS
        assert point.partition(".")[0] in POSTS
    for fault in FAULTS.values():
        where = "both" if fault.databases == BOTH else ", ".join(fault.databases)
        assert f"| `{fault.name}` | {fault.source} | {fault.about} | {where} |" in page, fault.name
    told = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert told <= set(FAULTS) | {name for name, _ in report.COLUMNS}


def test_there_are_faults_enough_of_the_study_and_of_our_own_on_both_databases() -> None:
    catalogue.load()
    listed = [fault for fault in FAULTS.values() if fault.listed]
    everywhere = [fault for fault in listed if fault.databases == BOTH]
    assert sum(fault.source != "own" for fault in everywhere) >= 25
    assert sum(fault.source == "own" for fault in everywhere) >= 10
    assert all(fault.size >= 200 for fault in listed)


def test_a_fault_that_there_is_not_is_refused_with_the_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["no_such_fault"]) == 2
    said = capsys.readouterr().err
    assert "no such fault: no_such_fault" in said
    assert "redis_flushed" in said


def test_the_command_hands_its_options_to_the_suite() -> None:
    args = parse(["test", "--faults", "redis_flushed", "web_killed", "--seed", "3", "--json"])
    assert fault_suite(args)[2:] == ["redis_flushed", "web_killed", "--seed", "3", "--json"]
    args = parse(["test", "--faults", "--database", "sqlite"])
    assert fault_suite(args)[2:] == ["--seed", "1", "--database=sqlite"]
    args = parse(["test", "--nemesis", "300"])
    assert fault_suite(args)[2:] == ["--seed", "1", "--nemesis", "300.0"]


def test_a_row_of_the_table_says_what_went_wrong() -> None:
    found = dict.fromkeys((name for name, _ in report.COLUMNS), 0) | {
        "fault": "redis_flushed", "database": "sqlite", "ok": False, "struck": 0, "lost": 1,
        "seconds_to_converge": None, "details": {"lost": ["key-7"]}, "error": "Traceback\n  line",
    }  # fmt: skip
    text = report.line(found)
    assert text.splitlines()[0].endswith("FAILED")
    for said in ("lost: key-7", "did not converge", "did not take place", "Traceback"):
        assert said in text
    assert report.line(found | {"ok": True}).endswith(" ok")

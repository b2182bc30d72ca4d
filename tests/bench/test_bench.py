"""The benchmarks run as typed and tell what was promised. How fast it is, no test says."""

import json
import subprocess

import pytest

from gateway.cli.install import ROOT
from tests.bench.report import Figure, cut, held, median, table
from tests.cli.stacks import clean_env, command

KEYS = {"bench", "metric", "value", "unit", "yardstick", "yardstick_value", "ratio", "goal", "met"}


def _bench(*words: str) -> subprocess.CompletedProcess[str]:
    line = command("bench", *words)
    return subprocess.run(
        line, cwd=ROOT, env=clean_env(), capture_output=True, text=True, timeout=240
    )


@pytest.mark.row("A11")
def test_throughput_by_workers_and_the_delivered_ratio_are_measured() -> None:
    done = _bench("messages", "--json", "--scale", "0.005", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(set(one) >= KEYS and one["bench"] == "messages" for one in told)
    found = {one["metric"]: one["value"] for one in told}
    for workers in ("1 worker process", "2 worker processes", "4 worker processes"):
        assert found[f"calls, {workers}"] > 0
        assert found[f"messages, {workers}"] > 0
        assert found[f"delivered of those sent, {workers}"] == 1.0


def test_a_benchmark_that_there_is_not_is_refused_with_those_there_are() -> None:
    done = _bench("webhook")
    assert done.returncode == 2
    assert "webhooks" in done.stderr.splitlines()[-1]


def test_a_goal_is_held_against_the_value_or_against_the_yardstick() -> None:
    rate = Figure("calls", "rate", 80.0, "1/s", yardstick="other", yardstick_value=100.0)
    assert rate.ratio == 0.8
    assert held(rate, ">=", 0.8, of_yardstick=True).met is True
    assert held(rate, ">=", 1.0, of_yardstick=True).met is False
    assert held(rate, "<=", 80).met is True
    unmeasured = Figure("calls", "rate", None, "1/s", note="not prepared")
    assert held(unmeasured, "<=", 80).met is False


def test_the_table_names_what_is_missed_and_what_could_not_run() -> None:
    missed = held(median("timers", "late", "ms", [30.0, 50.0, 90.0]), "<=", 40)
    absent = Figure("timers", "late", 50.0, "ms", yardstick="peer", note="peer: not prepared")
    told = table([missed, absent])
    assert "MISSED" in told
    assert "30 to 90" in told
    assert told.endswith("timers late: peer: not prepared")


def test_a_share_of_what_was_found_is_cut_from_the_lowest() -> None:
    assert cut([3.0, 1.0, 2.0], 0.5) == 2.0
    assert cut([1.0], 0.99) == 1.0

"""Thirty days of several organizations, with clock changes and all that can go wrong, in seconds.

`pytest tests/simulation --simulation-seed N` runs another seed, `python -m tests.simulation` many.
"""

import subprocess
import sys
from datetime import timedelta
from itertools import chain

import pytest

from tests.architecture.sources import ROOT
from tests.simulation import report, seasons
from tests.simulation.decisions import Dice
from tests.simulation.promises import utc_of
from tests.simulation.run import Outcome, Scenario, run
from tests.simulation.shrinking import Shrinker

OCTOBER, MARCH = 4, 1


def assert_kept(outcome: Outcome) -> None:
    """Every promise was kept; otherwise the shortest trace is shown."""
    if outcome.violation is not None:
        pytest.fail(report.trace(Shrinker(outcome, seconds=60).shrink()))


@pytest.mark.row("A4")
@pytest.mark.row("E4")
@pytest.mark.parametrize("seed", [OCTOBER, MARCH])
def test_every_promise_is_kept_for_thirty_days_whatever_goes_wrong(seed: int) -> None:
    outcome = run(Scenario(seed))
    assert_kept(outcome)
    assert outcome.counts["calls"] > 50, "too little happened to prove anything"
    assert outcome.counts["reached"] > 30


@pytest.mark.row("A4")
def test_the_seed_of_today_keeps_every_promise_too(pytestconfig: pytest.Config) -> None:
    assert_kept(run(Scenario(pytestconfig.getoption("simulation_seed"), days=10)))


@pytest.mark.row("E4")
def test_the_promises_are_kept_where_four_times_as_much_goes_wrong() -> None:
    outcome = run(Scenario(30, days=15, odds=4.0))
    assert_kept(outcome)
    assert len(outcome.decisions) > 150


def test_one_seed_is_one_world_in_every_process() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--seed", "6", "--days", "3", "--digest"]
    told = {
        subprocess.run(
            command, cwd=ROOT, env={"PYTHONHASHSEED": salt}, capture_output=True, check=True
        ).stdout
        for salt in ("1", "2")
    }
    here = run(Scenario(6, days=3))
    assert {line.split()[-1].decode() for line in told} == {here.digest}


@pytest.mark.parametrize("season", [OCTOBER, MARCH])
def test_the_runs_of_a_season_have_appointments_across_every_change_of_clocks(season: int) -> None:
    crossed: set[str] = set()
    runs = (seasons.actions(Dice(season + 2 * more), 30.0, 0.35) for more in range(5))
    for action in chain.from_iterable(runs):
        if "starts" not in action.details:
            continue
        town = seasons.TOWNS[action.town]
        day_before, start = (
            utc_of(action.details["starts"] - timedelta(days=days), town.zone) for days in (1, 0)
        )
        if start - day_before != timedelta(days=1):
            crossed.add(town.name)
    assert crossed == {town.name for town in seasons.TOWNS}


@pytest.mark.row("E4")
def test_the_same_promises_hold_on_postgresql(postgres_run: str) -> None:
    assert_kept(run(Scenario(4, days=6, database_url=postgres_run)))

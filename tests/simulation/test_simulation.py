"""Thirty days of several organizations, with clock changes and all that can go wrong, in seconds.

`pytest tests/simulation --simulation-seed N` runs another seed, `python -m tests.simulation` many.
"""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from itertools import chain

import pytest

from gateway.models import agenda
from tests.architecture.sources import ROOT
from tests.simulation import report, seasons, waking
from tests.simulation.decisions import Dice
from tests.simulation.promises import utc_of
from tests.simulation.run import Outcome, Scenario, run
from tests.simulation.shrinking import Shrinker
from tests.simulation.world import World

OCTOBER, MARCH = 8, 1


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
    assert_kept(run(Scenario(pytestconfig.getoption("simulation_seed"), days=7)))


@pytest.mark.row("E4")
def test_the_promises_are_kept_where_four_times_as_much_goes_wrong() -> None:
    outcome = run(Scenario(30, days=8, odds=4.0))
    assert_kept(outcome)
    assert len(outcome.decisions) > 100


def workers_sleep_before_they_connect(world: World) -> None:
    """Every worker is paused between its commit and the connection, for up to five minutes."""
    world.chances["worker.after_claim_commit"] = {"paused": 1.0}
    world.in_time = timedelta(days=1)  # nothing is punctual then


@pytest.mark.row("A4")
@pytest.mark.parametrize("seed", [5])
def test_a_worker_that_slept_calls_nobody_who_canceled_or_moved_meanwhile(seed: int) -> None:
    outcome = run(Scenario(seed, days=5, a_day=0.7, twist=workers_sleep_before_they_connect))
    assert_kept(outcome)
    assert outcome.counts["calls"] > 20


def agendas_agree(world: World) -> None:
    """After each job, the simulator's reading of the agenda is compared with the product's, as far
    as it is about telling somebody: jobs in the background are not simulated."""

    def compare(job: str, row_id: str) -> None:
        real = agenda.read()
        told = {lane: at for lane, at in real.claims.items() if lane in agenda.LANES}
        if waking.read() != replace(real, claims=told):
            world.violated("simulator", "its clocks would wake at another time")

    world.meddle = compare


def test_the_simulated_clock_wakes_when_the_real_one_would() -> None:
    assert_kept(run(Scenario(2, days=3, odds=3.0, twist=agendas_agree)))


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
    assert_kept(run(Scenario(4, days=4, database_url=postgres_run)))

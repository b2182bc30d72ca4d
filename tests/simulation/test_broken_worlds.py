"""The checks can fail: worlds that break a promise are found out, by a trace of a line or two."""

from dataclasses import replace

import pytest

from tests.simulation import breakages, report
from tests.simulation.breakages import Broken
from tests.simulation.decisions import Dice
from tests.simulation.run import Scenario, run
from tests.simulation.shrinking import Shrinker


@pytest.mark.row("E4")
@pytest.mark.parametrize("broken", breakages.ALL, ids=lambda broken: broken.twist.__name__)
def test_a_broken_promise_is_found_and_shown_by_the_shortest_trace(broken: Broken) -> None:
    outcome = run(Scenario(broken.seed, broken.days, twist=broken.twist))
    assert outcome.violation is not None, "nobody noticed"
    assert outcome.violation.code == broken.code
    smallest = Shrinker(outcome).shrink()
    assert smallest.violation is not None
    assert smallest.violation.code == broken.code
    assert 1 <= len(smallest.decisions) <= broken.most
    shown = report.trace(smallest)
    assert shown.startswith(f"seed {broken.seed}: ")
    assert f"--only '{smallest.decisions[0]}'" in shown


def test_what_a_trace_names_is_enough_to_see_it_again() -> None:
    broken = breakages.ALL[0]
    first = Shrinker(run(Scenario(broken.seed, broken.days, twist=broken.twist))).shrink()
    again = run(replace(first.scenario, only=frozenset(first.decisions)))
    assert again.chronicle.lines == first.chronicle.lines
    assert again.digest == first.digest


def test_leaving_out_a_decision_changes_no_other() -> None:
    whole, less = Dice(5), Dice(5, frozenset({"a", "c"}))
    assert [whole.stream(name).random() for name in "abc"] == [
        less.stream(name).random() for name in "abc"
    ]
    assert not less.takes_part("b")

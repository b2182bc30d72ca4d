"""python -m tests.simulation --seed N --days 30 [--database URL]

Runs seeds and prints a line for each. Where a promise is broken it prints the shortest trace that
breaks it, and the command that shows it again."""

import argparse

from tests.simulation import ground
from tests.simulation.report import summary, trace
from tests.simulation.run import Scenario, run
from tests.simulation.shrinking import Shrinker


def main() -> int:
    """Run what is asked for; 1 when a promise was broken."""
    given = _arguments().parse_args()
    ground.on_its_own()
    broken = 0
    for seed in range(given.seed, given.seed + given.seeds):
        only = frozenset(given.only) if given.only else None
        scenario = Scenario(
            seed, given.days, given.a_day, given.faults, only, given.database
        )  # fmt: skip
        outcome = run(scenario)
        print(summary(outcome), *([outcome.digest] if given.digest else []), flush=True)
        if outcome.violation is None:
            continue
        broken += 1
        if given.shrink and only is None:
            shrinker = Shrinker(outcome)
            outcome = shrinker.shrink()
            print(f"shrunk in {shrinker.runs} runs", flush=True)
        print(trace(outcome), flush=True)
    ground.forget_template()
    return int(broken > 0)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds from there on (1)")
    parser.add_argument("--days", type=float, default=30.0, help="days of bookings (30)")
    parser.add_argument(
        "--a-day", type=float, default=0.35, help="bookings a day and organization (0.35)"
    )
    parser.add_argument("--faults", type=float, default=1.0, help="how often things go wrong (1)")
    parser.add_argument("--database", help="a database to use, emptied first")
    parser.add_argument("--only", action="append", help="leave out every decision but these")
    parser.add_argument("--digest", action="store_true", help="name the world that came of it")
    parser.add_argument(
        "--no-shrink", dest="shrink", action="store_false", help="show a failing run as it is"
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())

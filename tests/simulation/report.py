"""What a run came to, in words."""

from tests.simulation.run import Outcome

SHOWN = 60


def summary(outcome: Outcome) -> str:
    """One line."""
    scenario = outcome.scenario
    counts = ", ".join(f"{name} {count}" for name, count in outcome.counts.items())
    verdict = str(outcome.violation) if outcome.violation else "every promise kept"
    return (
        f"seed {scenario.seed}, {scenario.days:g} days in {outcome.seconds:.1f} s, "
        f"{len(outcome.decisions)} decisions: {verdict} ({counts})"
    )


def trace(outcome: Outcome) -> str:
    """The shortest trace: what happened to the one whose promise was broken, and how to see it
    again."""
    violation, scenario = outcome.violation, outcome.scenario
    assert violation is not None, "a run without a violation has nothing to show"
    lines = outcome.chronicle.of(violation.about) if violation.about else outcome.chronicle.lines
    shown = [
        f"  {line.at:%Y-%m-%d %H:%M:%S.%f}Z  {line.who:10}{line.text}" for line in lines[-SHOWN:]
    ]
    left = "" if len(lines) <= SHOWN else f"  ({len(lines) - SHOWN} earlier lines left out)\n"
    kept = len(outcome.decisions)
    only = [f"--only '{name}'" for name in outcome.decisions] if kept <= 12 else []
    again = f"python -m tests.simulation --seed {scenario.seed} --days {scenario.days:g}"
    again = " ".join([again, f"--a-day {scenario.a_day:g} --faults {scenario.odds:g}", *only])
    return (
        f"seed {scenario.seed}: {violation}\nwith {kept} decisions:\n{left}"
        + "\n".join(shown)
        + f"\nagain: {again}\n"
    )

"""`test`: every check of the project, one after the other; one that fails hides no other."""

import argparse
import subprocess
import sys
import time

from gateway.cli.install import ROOT

# Tests mostly wait for real servers, so that more of them than there are processors fit; each of
# these processes has its own Redis and PostgreSQL. In their own order those that start whole stacks
# come before those of one process, which fill the gaps at the end.
SIDE_BY_SIDE = ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]


def run(args: argparse.Namespace) -> int:
    """Run them all (with paths given, only pytest on those) and sum up; 1 if any failed. With
    `--faults` or `--nemesis` the fault suite runs instead."""
    if args.faults is not None or args.nemesis:
        return subprocess.run([sys.executable, *fault_suite(args)], cwd=ROOT).returncode
    results: list[tuple[str, bool, float]] = []
    for name, command in checks(args):
        print(f"\n== {name}", flush=True)
        begun = time.monotonic()
        done = subprocess.run([sys.executable, *command], cwd=ROOT)
        results.append((name, done.returncode == 0, time.monotonic() - begun))
    print("\n== summary")
    for name, good, seconds in results:
        print(f"{'ok    ' if good else 'FAILED'} {name:<12} {seconds:6.1f} s")
    return 0 if all(good for _, good, _ in results) else 1


def fault_suite(args: argparse.Namespace) -> list[str]:
    """The fault suite with the options that were given, as arguments of Python."""
    words = ["-m", "tests.faults.suite", *(args.faults or []), *args.pytest]
    words += ["--seed", str(args.seed), *(["--json"] if args.json else [])]
    words += ["--nemesis", str(args.nemesis)] if args.nemesis else []
    return words + [f"--database={kind}" for kind in args.database or []]


def checks(args: argparse.Namespace) -> list[tuple[str, list[str]]]:
    """Each check by its name, as arguments of Python."""
    tests = ["-m", "pytest", *(["-x"] if args.fast else []), *args.pytest]
    if args.coverage:
        tests += ["--cov", "--cov-report=term-missing:skip-covered"]
    if any(not item.startswith("-") for item in args.pytest):
        return [("tests", tests)]
    tests += SIDE_BY_SIDE
    imports = "from importlinter.cli import lint_imports_command as run; run()"
    return [
        ("format", ["-m", "ruff", "format", "--check", "."]),
        ("lint", ["-m", "ruff", "check", "."]),
        ("types", ["-m", "mypy"]),
        ("imports", ["-c", imports]),
        ("tests", tests),
    ]

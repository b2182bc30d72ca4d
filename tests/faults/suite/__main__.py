"""`python3 -m gateway test --faults`: the chosen faults on both databases, and one table."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType

from gateway.cli.install import ROOT
from tests import servers
from tests.faults.suite import catalogue, report
from tests.faults.suite.databases import Postgres, Sqlite
from tests.faults.suite.engine import Engine
from tests.faults.suite.registry import BOTH, FAULTS, Fault
from tests.faults.suite.stage import Stage

# Nothing here survives a loss of power anyway: in memory an fsync costs nothing.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
CALLS_PER_SECOND = 10  # of the long run in which everything is killed


class Table:
    """Prints rows as they come, from any thread: JSON lines, or a table."""

    def __init__(self, *, as_json: bool) -> None:
        self.rows = self.good = 0
        self._json, self._turn, self._begun = as_json, threading.Lock(), time.monotonic()
        if not as_json:
            print(report.head(), flush=True)

    def add(self, line: str) -> None:
        """One JSON line."""
        found = json.loads(line)
        with self._turn:
            self.rows += 1
            self.good += found["ok"]
            print(line.strip() if self._json else report.line(found), flush=True)

    def end(self) -> int:
        """Sum up; the exit status."""
        if not self._json:
            minutes = (time.monotonic() - self._begun) / 60
            print(report.LEGEND)
            print(f"{self.good} of {self.rows} kept every promise; {minutes:.1f} minutes")
        return 0 if self.rows and self.good == self.rows else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Play them; 1 if any promise was broken, 2 for a name that there is not."""
    args = _parse(argv)
    catalogue.load()
    if strange := sorted(set(args.names) - set(FAULTS)):
        print(f"no such fault: {', '.join(strange)}; there are:", file=sys.stderr)
        for fault in FAULTS.values():
            print(f"  {fault.name:<38} {fault.source:<5} {fault.about}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _end)
    table = Table(as_json=args.json)
    kinds = args.database or list(BOTH)
    broken = _side_by_side(args, kinds, table) if len(kinds) > 1 else _play(kinds[0], args, table)
    return max(table.end(), broken)


def _end(number: int, frame: FrameType | None) -> None:
    """As Ctrl-C does: everything that was started is ended on the way out."""
    raise KeyboardInterrupt


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m gateway test --faults")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--database", action="append", choices=BOTH)
    parser.add_argument("--nemesis", type=float, metavar="SECONDS")
    parser.add_argument("--keep", action="store_true", help="keep the folder with all ledgers")
    return parser.parse_args(argv)


def _chosen(kind: str, args: argparse.Namespace) -> list[Fault]:
    if args.nemesis:
        size, fault = max(200, int(args.nemesis * CALLS_PER_SECOND)), FAULTS["everything_killed"]
        return [replace(fault, spread=args.nemesis, size=size)]
    named = [FAULTS[name] for name in args.names]
    chosen = named or [fault for fault in FAULTS.values() if fault.listed]
    return [fault for fault in chosen if kind in fault.databases]


def _play(kind: str, args: argparse.Namespace, table: Table) -> int:
    if faults := _chosen(kind, args):
        with open_stage(kind, keep=args.keep) as stage:
            engine = Engine(stage, args.seed, stage.folder)
            for fault in faults:
                table.add(json.dumps(engine.play(fault).as_json()))
    return 0


def _side_by_side(args: argparse.Namespace, kinds: list[str], table: Table) -> int:
    """A process for each database: faults are mostly waiting, and there are two processors."""
    command = [sys.executable, "-m", "tests.faults.suite", *args.names, "--json"]
    command += ["--seed", str(args.seed), *(["--keep"] if args.keep else [])]
    command += ["--nemesis", str(args.nemesis)] if args.nemesis else []
    children = [
        subprocess.Popen(
            [*command, "--database", kind], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for kind in kinds if _chosen(kind, args)
    ]  # fmt: skip

    def follow(child: "subprocess.Popen[str]") -> None:
        assert child.stdout is not None
        for line in child.stdout:
            table.add(line)

    threads = [threading.Thread(target=follow, args=(child,)) for child in children]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return max(child.wait() for child in children)
    finally:
        for child in children:
            child.terminate()
            child.wait(60)


@contextlib.contextmanager
def open_stage(kind: str, *, keep: bool = False) -> Iterator[Stage]:
    """A stack on a database of this kind, in a folder that goes with it."""
    folder = Path(tempfile.mkdtemp(prefix=f"rb-faults-{kind}-", dir=MEMORY))
    with contextlib.ExitStack() as stack:
        if keep:
            print(f"ledgers and logs: {folder}", file=sys.stderr)
        else:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        redis = stack.enter_context(servers.start_redis(folder))
        database: Sqlite | Postgres = (
            Sqlite(folder) if kind == "sqlite"
            else Postgres(stack.enter_context(servers.start_postgres()))
        )  # fmt: skip
        stage = Stage(database, redis, folder)
        stack.callback(stage.close)
        yield stage


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

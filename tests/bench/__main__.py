"""`python -m tests.bench [NAME …] [--json] [--peer DIR] [--scale N]`: measure side by side."""

import argparse
import importlib
import sys
from pathlib import Path

from tests.bench.ground import Chosen, prepared
from tests.bench.report import Figure, table

NAMES = (
    "webhooks", "calls", "timers", "search", "bookings", "memory", "start", "messages", "growth",
)  # fmt: skip


def main() -> int:
    """Run what was named, else everything, one after the other; 1 if one of them broke. A goal that
    is missed is a figure, no failure."""
    parser = argparse.ArgumentParser(prog="python3 -m gateway bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--peer", type=Path, help="a folder with bullmq/ and celery/, prepared")
    parser.add_argument("--scale", type=float, default=1.0, help="of all sizes")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    if strange := set(chosen.names) - set(NAMES):
        parser.error(
            f"no such benchmark: {', '.join(sorted(strange))}; there are {', '.join(NAMES)}"
        )
    peers = chosen.peer.resolve() if chosen.peer else None
    figures: list[Figure] = []
    broken = 0
    for name in chosen.names or NAMES:
        try:
            with prepared(Chosen(chosen.scale, chosen.rounds, peers)) as ground:
                for one in importlib.import_module(f"tests.bench.{name}").run(ground):
                    figures.append(one)
                    print(one.line() if chosen.json else f"  {one.bench} {one.metric}", flush=True)
        except Exception as fault:  # the others are still worth their time
            broken += 1
            print(f"ringback: {name} broke: {fault}", file=sys.stderr, flush=True)
    if not chosen.json:
        print(table(figures))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

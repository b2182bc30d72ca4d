"""Whose message waits for whose: `python -m tests.fairness [--database postgresql] [--bulk N]`.

Starts `up` as a person would. So many messages of one organization are due at once, its sender set
to 80 a second; so many reminders of ten others, each with its own sender, fall due meanwhile, and a
few nudges to staff of the very organization. Each moment is compared with the sandbox's ledger.
"""

import argparse
import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway import boot
from gateway.cli import data_folder
from gateway.cli.embedded_redis import free_port
from gateway.models import base
from gateway.settings import Settings
from tests import servers
from tests.campaign import Campaign
from tests.cli.stacks import Up, up
from tests.waiting import until

START = timedelta(seconds=8)  # from the first row's moment to the first reminder's


def main() -> None:
    """Measure once and print one JSON object: seconds from the moment due to the provider."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--bulk", type=int, default=100_000)
    parser.add_argument("--kind", default="nurture", help="what kind of work the bulk is")
    parser.add_argument("--reminders", type=int, default=100, help="of ten organizations together")
    parser.add_argument("--nudges", type=int, default=10, help="of the organization of the bulk")
    parser.add_argument(
        "--spread", type=float, default=20.0, help="seconds over which they fall due"
    )
    parser.add_argument("--watch", type=float, default=0.0, help="seconds to look on afterwards")
    chosen = parser.parse_args()
    with _stack(chosen.database) as running:
        with base.connection():
            campaign = Campaign(datetime.now(UTC))
            campaign.spread(chosen.bulk, chosen.kind)
            begun = datetime.now(UTC)
            spread = timedelta(seconds=chosen.spread)
            due = campaign.remind(chosen.reminders, begun + START, spread)
            nudged = campaign.nudge(chosen.nudges, begun + START, spread)
            campaign.release(begun)
        told = _measure(running, due, nudged)
        time.sleep(chosen.watch)
        with base.connection():
            told |= campaign.standing()
        told["bulk_sent"] = _sent(running, campaign.sender)
        told["seconds"] = round((datetime.now(UTC) - begun).total_seconds(), 1)
    base.db.close_all()
    known = {"database": chosen.database, "bulk": chosen.bulk, "kind": chosen.kind}
    print(json.dumps(known | told))


@contextlib.contextmanager
def _stack(kind: str) -> Iterator[Up]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rb-fair-")))
        more = {}
        if kind == "postgresql":
            more["DATABASE_URL"] = stack.enter_context(servers.start_postgres()).create_database()
        ports = ("--port", str(free_port()), "--sandbox-port", str(free_port()))
        running = stack.enter_context(up(folder / "data", *ports, **more))
        boot.start(Settings.from_env({**data_folder.chosen(folder / "data"), **more}))
        yield running


def _measure(
    running: Up, due: dict[str, datetime], nudged: dict[str, datetime]
) -> dict[str, object]:
    wanted = due | nudged

    def placed() -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        for line in running.ledger():
            if line["to"] in wanted:
                found.setdefault(line["to"], datetime.fromisoformat(line["at"]))
        return found

    until(lambda: len(placed()) == len(wanted), "every reminder", 600, pause=1)
    at = placed()
    late = {to: (at[to] - moment).total_seconds() for to, moment in wanted.items()}
    return {
        "reminders": _figures([late[to] for to in due]),
        "nudges": _figures([late[to] for to in nudged]),
        "early": sum(one < 0 for one in late.values()),
    }


def _figures(late: Sequence[float]) -> dict[str, float]:
    if len(late) < 2:
        return {}
    cuts = statistics.quantiles(late, n=100, method="inclusive")
    figures = {"p50": cuts[49], "p95": cuts[94], "most": max(late)}
    return {"count": len(late)} | {name: round(figure, 3) for name, figure in figures.items()}


def _sent(running: Up, sender: str) -> int:
    return sum(line["from"] == sender for line in running.ledger())


if __name__ == "__main__":
    main()

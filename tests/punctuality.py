"""How late calls leave: `python -m tests.punctuality [--database postgresql] [--pending 100000]`.

Starts `up` as a person would, asks for calls at moments spread over some seconds, and compares each
moment with the sandbox's ledger. `--pending` rows that are due in a year wait beside them.
"""

import argparse
import contextlib
import json
import statistics
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.cli.embedded_redis import free_port
from gateway.models import base
from gateway.models.notification import Notification
from tests import servers
from tests.cli.stacks import Api, Up, up
from tests.waiting import until

AHEAD = 0.05  # seconds for each request, before the first call is due


def main() -> None:
    """Measure once and print one JSON object: seconds, from the moment due to the provider."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--calls", type=int, default=600)
    parser.add_argument("--seconds", type=float, default=20.0, help="over which they are spread")
    parser.add_argument("--pending", type=int, default=0, help="rows that wait for next year")
    chosen = parser.parse_args()
    with _stack(chosen.database) as (running, url):
        _fill(running, url, chosen.pending)
        late = _measure(running, chosen.calls, chosen.seconds)
    cuts = statistics.quantiles(late, n=100)
    figures = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "most": max(late)}
    rounded = {name: round(figure, 4) for name, figure in figures.items()}
    within = round(sum(one <= 0.1 for one in late) / len(late), 4)
    told = {"database": chosen.database, "calls": len(late), "pending": chosen.pending}
    print(
        json.dumps({**told, **rounded, "within_100_ms": within, "early": sum(x < 0 for x in late)})
    )


@contextlib.contextmanager
def _stack(kind: str) -> Iterator[tuple[Up, str]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rb-late-")))
        url = f"sqlite:///{folder}/data/ringback.db"
        more = {}
        if kind == "postgresql":
            url = stack.enter_context(servers.start_postgres()).create_database()
            more = {"DATABASE_URL": url}
        ports = ("--port", str(free_port()), "--sandbox-port", str(free_port()))
        yield stack.enter_context(up(folder / "data", *ports, **more)), url


def _fill(running: Up, url: str, how_many: int) -> None:
    """Rows for next year, copies of one that was asked for."""
    if not how_many:
        return
    made = running.api.call(after=365 * 86400.0)
    columns = [field.column_name for field in Notification._meta.sorted_fields]
    own = {"id": "'nt_' || n", "subject_id": "'rq_' || n"}
    copied = ", ".join(own.get(name, f"notification.{name}") for name in columns)
    base.connect(url)
    with base.connection():
        mark = "?"
        if base.dialect() == "postgresql":
            mark = "%s"
            base.db.execute_sql("SET statement_timeout = 0")
        base.db.execute_sql(
            f"INSERT INTO notification ({', '.join(columns)})"
            f" WITH RECURSIVE series (n) AS (SELECT 1 UNION ALL"
            f" SELECT n + 1 FROM series WHERE n < {mark})"
            f" SELECT {copied} FROM series, notification WHERE notification.id = {mark}",
            (how_many, made),
        )
        base.db.execute_sql("ANALYZE")
    base.db.close_all()


def _measure(running: Up, calls: int, seconds: float) -> list[float]:
    begun = datetime.now(UTC)
    first = begun + timedelta(seconds=5 + AHEAD * calls)
    due = {
        f"+1205{2_000_000 + number}": first + timedelta(seconds=seconds * number / calls)
        for number in range(calls)
    }
    for to, moment in due.items():
        _ask(running.api, to, moment)
    until(lambda: len(running.ledger()) >= calls, "every call", seconds + 300)
    placed = {line["to"]: datetime.fromisoformat(line["at"]) for line in running.ledger()}
    return [(placed[to] - moment).total_seconds() for to, moment in due.items()]


def _ask(api: Api, to: str, moment: datetime) -> None:
    body = {"to": to, "say": "Hello.", "send_at": moment.isoformat()}
    answer = api.http.post(f"{api.base}/api/v1/calls", json=body, timeout=10)
    assert answer.status_code == 202, answer.text


if __name__ == "__main__":
    main()

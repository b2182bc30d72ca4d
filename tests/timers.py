"""How late timers act: `python -m tests.timers [--database postgresql] [--pending 10000]`.

Starts `up` as a person would, with so many offers of fifteen minutes pending, their ends spread
over the quarter of an hour, and watches those that end in the next seconds: from the moment at
which an offer ends to the commit that says so and makes its slot free. Then it takes some of those
left and handles them one by one, to see how much work one is: time of the processor.
"""

import argparse
import contextlib
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway import boot
from gateway.cli import data_folder
from gateway.cli.embedded_redis import free_port
from gateway.domain import lanes
from gateway.models import base
from gateway.models.job import Job
from gateway.models.offer import Offer
from gateway.models.slot import Slot
from gateway.models.waitlist_entry import WaitlistEntry
from gateway.settings import Settings
from gateway.usecases import accounts, job_runs, work
from gateway.usecases.accounts import Caller
from gateway.usecases.offers_making import EXPIRE
from tests import servers
from tests.cli.stacks import Up, up
from tests.rows import contact
from tests.waiting import until

QUARTER = timedelta(minutes=15)
LEASE = timedelta(seconds=90)


def main() -> None:
    """Measure once and print one JSON object, times in seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--pending", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0, help="of watching")
    parser.add_argument("--alone", type=int, default=100, help="to be handled with nothing beside")
    chosen = parser.parse_args()
    with contextlib.ExitStack() as afterwards:
        with _stack(chosen.database, afterwards) as running:
            caller = accounts.authenticate(running.ready["key"], datetime.now(UTC))
            begun = _fill(caller, chosen.pending)
            late, early = _watch(begun, timedelta(seconds=chosen.seconds))
        handling = _alone(chosen.alone)
        base.give_back()
        base.db.close_all()
    told = {"database": chosen.database, "pending": chosen.pending, "watched": len(late)}
    within = round(sum(one <= 0.1 for one in late) / len(late), 4)
    figures = {"early": early, "within_100_ms": within, "late": _cuts(late)}
    print(json.dumps({**told, **figures, "handling": _cuts(handling)}))


def _cuts(found: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(found, n=100)
    named = {"p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "most": max(found)}
    return {name: round(figure, 4) for name, figure in named.items()}


@contextlib.contextmanager
def _stack(kind: str, afterwards: contextlib.ExitStack) -> Iterator[Up]:
    """The stack; its database stays until `afterwards`. This thread is connected to it."""
    folder = Path(afterwards.enter_context(tempfile.TemporaryDirectory(prefix="rb-timers-")))
    more = {}
    if kind == "postgresql":
        more["DATABASE_URL"] = afterwards.enter_context(servers.start_postgres()).create_database()
    ports = ("--port", str(free_port()), "--sandbox-port", str(free_port()))
    with up(folder / "data", *ports, **more) as running:
        quiet = {"LOG_LEVEL": "ERROR", **more}
        boot.start(Settings.from_env({**data_folder.chosen(folder / "data"), **quiet}))
        base.borrow()
        yield running


def _fill(caller: Caller, how_many: int) -> datetime:
    """So many offers, each of its own slot to its own entry; from when on they end."""
    now = datetime.now(UTC)
    person, starts = contact(caller.organization_id).id, now + timedelta(days=30)
    own = {"organization": caller.organization_id, "mode": caller.mode}
    entries, slots = [], []
    for number in range(how_many):
        service = f"service {number}"
        shared: dict[str, Any] = {
            **own, "created_at": now, "updated_at": now, "state": "offered",
            "service": {"id": service}, "service_id": service,
        }  # fmt: skip
        entries.append({**shared, "id": base.new_id("we"), "contact": person, "since": now,
                        "until": starts})  # fmt: skip
        slots.append({**shared, "id": base.new_id("sl"), "starts_at": starts, "time_zone": "UTC",
                      "closes_at": starts})  # fmt: skip
    _insert(WaitlistEntry, entries)
    _insert(Slot, slots)

    now = datetime.now(UTC)
    begun = now + timedelta(seconds=15 + how_many / 150)
    offers, jobs = [], []
    for number, (entry, slot) in enumerate(zip(entries, slots, strict=True)):
        ends, key = begun + QUARTER * (number / how_many), base.new_id("of")
        offers.append({**own, "id": key, "slot": slot["id"], "waitlist_entry": entry["id"],
                       "contact": person, "state": "offered", "offered_at": now,
                       "expires_at": ends})  # fmt: skip
        jobs.append({**own, "id": base.new_id("jb"), "name": EXPIRE, "key": key, "kind": "timer",
                     "lane": lanes.job_lane("timer"), "due_at": ends, "next_attempt_at": ends,
                     "state": "scheduled", "created_at": now})  # fmt: skip
    _insert(Offer, offers)
    _insert(Job, jobs)
    if base.dialect() == "postgresql":
        base.db.execute_sql("ANALYZE")
    missing = (begun - datetime.now(UTC)).total_seconds()
    assert missing > 0, f"filling took {-missing:.1f} s too long"
    time.sleep(missing)
    return begun


def _insert(table: Any, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), 500):
        with base.atomic():
            table.insert_many(rows[start : start + 500]).execute()


def _watch(begun: datetime, span: timedelta) -> tuple[list[float], int]:
    """How late those that end in a span of time were, and how many were early."""
    mine = (Job.name == EXPIRE, Job.due_at >= begun, Job.due_at < begun + span)
    wanted = Job.select().where(*mine).count()
    done = Job.select().where(*mine, Job.state == "done")
    until(lambda: done.count() == wanted, "every timer", span.total_seconds() + 300, pause=1)
    ended: Any = Offer.select(Offer.id, Offer.ended_at, Offer.expires_at, Offer.state)
    offers = {row.id: row for row in ended.where(Offer.state != "offered")}
    late, early = [], 0
    for row in done:
        offer = offers[row.key]
        assert offer.state == "expired", offer.state
        early += offer.ended_at < offer.expires_at
        late.append((row.finished_at - row.due_at).total_seconds())
    return late, early


def _alone(how_many: int) -> list[float]:
    """What one timer takes of a worker's processor, from its claim to its end."""
    # A second passes between any two looks, so that no worker goes on with the next by itself.
    moments = (datetime.now(UTC) + timedelta(hours=1, seconds=one) for one in itertools.count())
    seconds: list[float] = []
    while len(seconds) < how_many:
        [(id_, claim)] = work.claim("timers:1", next(moments), 1, LEASE)
        begun = time.thread_time()
        with base.connection():  # as each job has one, from the pool
            job_runs.perform(id_, claim, lambda: next(moments), LEASE)
        seconds.append(time.thread_time() - begun)
        base.borrow()
    return seconds


if __name__ == "__main__":
    main()

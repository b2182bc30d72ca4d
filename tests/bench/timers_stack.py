"""A clock and a worker among many timers, and how late those are that fall due."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from peewee import fn

from gateway.domain import lanes
from gateway.models import base, schema
from gateway.models.job import Job
from gateway.models.offer import Offer
from gateway.models.slot import Slot
from gateway.models.waitlist_entry import WaitlistEntry
from gateway.usecases.accounts import create_organization
from gateway.usecases.offers_making import EXPIRE
from tests.bench.ground import Ground, ours
from tests.bench.report import cut
from tests.bench.series import fill, id_, moment, settle, text
from tests.rows import contact
from tests.waiting import until

ORGANIZATIONS = 20
LONGEST = 120.0  # seconds after which those that did not come are told as that late
FILLED = 15_000  # rows a second that are written beforehand, at the least


@dataclass(frozen=True)
class Run:
    """How late each of a run was, in milliseconds, and milliseconds of the processor for each, of
    our processes and of the database."""

    late: list[float]
    cpu: float

    @property
    def p99(self) -> float:
        """Milliseconds that 99 % were no later than."""
        return cut(self.late, 0.99)

    def within(self, bound: float) -> float:
        """Per cent that were no later than so many milliseconds."""
        return 100 * sum(one <= bound for one in self.late) / len(self.late)

    @property
    def early(self) -> str:
        """How many were done before their moment, where any were."""
        found = sum(one < 0 for one in self.late)
        return f"{found} were early" if found else ""


@contextlib.contextmanager
def stack(ground: Ground, database: str, others: int) -> Iterator["Stack"]:
    """A clock and a worker on a database in which so many timers wait that are due in hours."""
    environ = ground.environ(database)
    ground.redis.client().flushall()
    with ground.connected(environ):
        if database.startswith("sqlite"):
            schema.migrate()
        made = Stack(others)
        with ours("clock", environ) as clock, ours("worker", environ) as worker:
            parts = (clock.seconds, worker.seconds, ground.postgres_seconds)
            made.taken = lambda: sum(part() for part in parts)
            made.due(200, 2.0)  # from now on they are there, and warm
            yield made


class Stack:
    """Timers of some organizations. This thread must be connected to their database."""

    def __init__(self, others: int) -> None:
        now = datetime.now(UTC)
        made = [create_organization(f"Timers {n}", "UTC", now) for n in range(ORGANIZATIONS)]
        self.taken: Callable[[], float] = float  # seconds of the processor so far
        self._people = [contact(one.id).id for one in made]
        whose = " ".join(f"WHEN {n} THEN '{one.id}'" for n, one in enumerate(made))
        person = " ".join(f"WHEN {n} THEN '{one}'" for n, one in enumerate(self._people))
        self._own = {"organization_id": f"CASE n % {len(made)} {whose} END", "mode": text("test")}
        self._person = f"CASE n % {len(made)} {person} END"
        self._fills = 0
        self._jobs("w", others, now + timedelta(hours=2), 3600 / others)
        settle(Job)
        if base.dialect() == "postgresql":
            base.db.execute_sql("CHECKPOINT")  # they came long ago, and are written

    def due(self, count: int, seconds: float, *, offers: bool = False) -> Run:
        """So many that fall due evenly over some seconds: how late they were. With `offers` each is
        the end of one that nobody took."""
        self._fills += 1
        tag = f"b{self._fills:03}"
        begun = datetime.now(UTC) + timedelta(seconds=4 + count * (6 if offers else 1) / FILLED)
        if offers:
            self._offers(tag, count, begun, seconds / count)
        self._jobs(tag, count, begun, seconds / count)
        settle(Job, *((Offer, Slot, WaitlistEntry) if offers else ()))
        missing = (begun - datetime.now(UTC)).total_seconds()
        assert missing > 0, "filling took too long"
        time.sleep(missing)
        before = self.taken()
        time.sleep(seconds)
        mine: Any = (Job.name == EXPIRE) & Job.key.between(f"of_{tag}", f"of_{tag}~")
        left = Job.select(fn.COUNT(Job.id)).where(mine, Job.state != "done")
        with contextlib.suppress(AssertionError):
            until(lambda: not left.scalar(), "all timers", LONGEST, pause=0.5)
        cpu = self.taken() - before
        rows: Any = Job.select(Job.due_at, Job.finished_at).where(mine).tuples()
        now = datetime.now(UTC)
        late = [((finished or now) - at).total_seconds() * 1000 for at, finished in rows]
        assert len(late) == count
        return Run(late, 1000 * cpu / count)

    def _jobs(self, tag: str, count: int, begun: datetime, step: float) -> None:
        at = moment(begun, step)
        fill(
            Job, count, id=id_("jb", tag), **self._own, name=text(EXPIRE), key=id_("of", tag),
            kind=text("timer"), lane=text(lanes.job_lane("timer")), due_at=at, next_attempt_at=at,
            claim="0", failures="0", state=text("scheduled"), created_at=moment(datetime.now(UTC)),
        )  # fmt: skip

    def _offers(self, tag: str, count: int, begun: datetime, step: float) -> None:
        """Each of its own slot to its own entry."""
        now = moment(datetime.now(UTC))
        starts = moment(begun + timedelta(days=30))
        service = f"'service {tag} ' || n"
        shared: dict[str, str] = {
            **self._own, "created_at": now, "updated_at": now, "state": text("offered"),
            "service": "'{}'", "service_id": service,
        }  # fmt: skip
        fill(
            WaitlistEntry, count, **shared, id=id_("we", tag), contact_id=self._person, since=now,
            until=starts,
        )  # fmt: skip
        fill(
            Slot, count, **shared, id=id_("sl", tag), starts_at=starts, time_zone=text("UTC"),
            closes_at=starts,
        )  # fmt: skip
        fill(
            Offer, count, **self._own, id=id_("of", tag), slot_id=id_("sl", tag),
            waitlist_entry_id=id_("we", tag), contact_id=self._person, state=text("offered"),
            offered_at=now, expires_at=moment(begun, step),
        )  # fmt: skip

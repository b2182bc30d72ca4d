"""Jobs by the handful: claimed a moment before they fall due, each begun when its moment has come.

How many workers are at a kind of work is told by the leases: those of one handful end at the same
microsecond of some second, and no two handfuls' do.

No statement about several jobs waits for one that somebody else has locked: it would hold the
others meanwhile, and two such statements could wait for each other. It passes that one by.
"""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from peewee import SQL, fn

from gateway.domain.lifecycle import JobState as J
from gateway.models.base import alone, dialect, lock, whole
from gateway.models.hold import Hold
from gateway.models.job import Job, ending
from gateway.models.listed import among, listed
from gateway.models.prepared import Given, Prepared
from gateway.models.upcoming import wrote

MOST = 200  # jobs that one look of a clock hands out


@dataclass(frozen=True)
class Handful:
    """Jobs that one worker does one after the other, all under the same number of a claim."""

    claim: int
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Head:
    """A job that is about to be claimed: the number of its claims so far, and whether it failed."""

    id: str
    claim: int
    tried: bool


@dataclass(frozen=True)
class Waiting:
    """A claimed job that was not begun yet, its moment, and until when its claim lasts."""

    id: str
    due_at: datetime
    lease_until: datetime


def may_hand_out(kind: str) -> bool:
    """Whether no other clock is counting workers of this kind just now, nor will until this
    transaction ends."""
    return alone(f"kind|{kind}")


def heads(lane: str, kind: str, now: datetime, until: datetime) -> tuple[list[Head], int]:
    """The jobs of a lane that fall due first: those due now, and those that are to be done for the
    first time at a moment before `until`. They are locked until the transaction ends; at most MOST
    and one more. And how many workers are at jobs of the kind, if there are any to be claimed."""
    found = _HEADS.rows(lane=lane, kind=kind, now=now, until=until)
    heads = [Head(id_, claimed, reason is not None) for id_, claimed, reason, _, _ in found]
    return heads, found[0][-1] if found else 0


def claim(ids: Sequence[str], lease_until: datetime) -> None:
    """Claim jobs that this transaction has locked."""
    _CLAIM.run(ids=listed(ids), lease_until=lease_until)


def heads_of(ids: Sequence[str]) -> dict[str, Head]:
    """The same of jobs by their ids."""
    found: Any = Job.select(Job.id, Job.claim, Job.reason).where(Job.id.in_(list(ids))).tuples()
    return {id_: Head(id_, claimed, reason is not None) for id_, claimed, reason in found}


def waiting(ids: Sequence[str], under: int) -> list[Waiting]:
    """Those of a handful that were not begun nor taken back, the earliest first."""
    found = _WAITING.rows(ids=listed(ids), claim=under)
    return [Waiting(row.id, row.due_at, row.lease_until) for row in found]


def begin(
    ids: Sequence[str], under: int, lease_until: datetime, *, held: bool = False
) -> list[Job]:
    """Begin those of a handful that this claim still holds and nobody has locked. Unless `held`,
    none is begun while anything at all is held back: then the caller has to look what."""
    with _one_statement():
        return _beginning(held).rows(ids=listed(ids), claim=under, lease_until=lease_until)


def anything_held() -> bool:
    """Whether anything at all is held back."""
    return bool(_HELD.rows())


def finish(rows: Sequence[Job], now: datetime) -> set[str]:
    """Write down that active jobs are done, or that they are to be done once more, in one statement
    for each number of a claim. The ids of those that were these claims' still and that nobody has
    locked."""
    by_claim: dict[int, list[str]] = {}
    for row in rows:
        by_claim.setdefault(row.claim, []).append(row.id)
    ended: list[Any] = []
    with _one_statement() if len(by_claim) == 1 else whole():
        for number, ids in by_claim.items():
            ended += _FINISH.rows(ids=listed(ids), claim=number, now=now)
    return _written(ended)


def finish_one(row: Job, now: datetime) -> None:
    """The same for one, waiting for whoever has it locked. Call it outside of transactions."""
    with _one_statement():
        _written(_FINISH_ONE.rows(ids=listed([row.id]), claim=row.claim, now=now))


def give_back(ids: Sequence[str], under: int) -> None:
    """Have those of a handful that were not begun wait for their moment again, those that somebody
    has locked one at a time. Call it outside of transactions."""
    with _one_statement():
        back = _written(_GIVE_BACK.rows(ids=listed(ids), claim=under))
    for id_ in ids:
        if id_ not in back:
            with _one_statement():
                _written(_GIVE_BACK_ONE.rows(ids=listed([id_]), claim=under))


def _written(rows: Iterable[tuple[str, datetime | None]]) -> set[str]:
    """The ids of jobs that were written with the moments at which they fall due, if they do."""
    moments = dict(rows)
    for moment in moments.values():
        wrote(moment)
    return set(moments)


def _one_statement() -> Any:
    """SQLite's writers take turns by transactions; PostgreSQL needs none for one statement."""
    return nullcontext() if dialect() == "postgresql" else whole()


def _mine(state: J) -> tuple[Any, ...]:
    return among(Job.id, "ids"), Job.claim == Given("claim"), Job.state == state


def _free(state: J, *where: Any) -> Any:
    """Those of them that nobody else has locked."""
    mine = Job.select(Job.id).where(*_mine(state), *where).order_by(Job.id)
    return Job.id.in_(lock(mine, skip_locked=True))


def _heads() -> Any:
    other = Job.alias()
    micros = fn.TO_CHAR(other.lease_until, "US")
    if dialect() == "sqlite":
        micros = fn.SUBSTR(other.lease_until, 21, 6)
    at_work = other.select(fn.COUNT(micros.distinct())).where(
        other.lease_until.is_null(False), other.kind == Given("kind")
    )
    moment = Job.next_attempt_at
    for_the_first_time = (Job.due_at == moment) & Job.reason.is_null()
    query = Job.select(Job.id, Job.claim, Job.reason, moment, at_work).where(
        Job.lane == Given("lane"),
        moment.is_null(False),
        moment <= Given("until"),
        (moment <= Given("now")) | for_the_first_time,
    )
    return lock(query.order_by(moment).limit(SQL(str(MOST + 1))), skip_locked=True).tuples()


def _claiming() -> Any:
    claimed = Job.update(
        state=J.DUE, next_attempt_at=None, held_by=None, claim=Job.claim + 1,
        lease_until=Given("lease_until", Job.lease_until),
    )  # fmt: skip
    return claimed.where(among(Job.id, "ids"))


def _lying_ready() -> Any:
    found = Job.select(Job.id, Job.due_at, Job.lease_until).where(*_mine(J.DUE))
    return found.order_by(Job.due_at)


@cache
def _beginning(held: bool) -> Prepared:
    def build() -> Any:
        begun = Job.update(state=J.ACTIVE, lease_until=Given("lease_until", Job.lease_until))
        unless = () if held else (~fn.EXISTS(Hold.select(SQL("1"))),)
        return begun.where(_free(J.DUE, *unless)).returning(Job)

    return Prepared(build)


def _finishing(*which: Any) -> Any:
    done = Job.update(ending(Given("now", Job.finished_at))).where(*which)
    return done.returning(Job.id, Job.next_attempt_at).tuples()


def _giving_back(*which: Any) -> Any:
    back = Job.update(state=J.SCHEDULED, next_attempt_at=Job.due_at, lease_until=None)
    return back.where(*which).returning(Job.id, Job.next_attempt_at).tuples()


_HEADS, _CLAIM, _WAITING = Prepared(_heads), Prepared(_claiming), Prepared(_lying_ready)
_HELD = Prepared(lambda: Hold.select(Hold.id).limit(SQL("1")).tuples())
_FINISH = Prepared(lambda: _finishing(_free(J.ACTIVE)))
_FINISH_ONE = Prepared(lambda: _finishing(*_mine(J.ACTIVE)))
_GIVE_BACK = Prepared(lambda: _giving_back(_free(J.DUE)))
_GIVE_BACK_ONE = Prepared(lambda: _giving_back(*_mine(J.DUE)))

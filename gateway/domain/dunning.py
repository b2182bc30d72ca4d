"""Reminding of an unpaid invoice: which stage comes next, when, and why not sooner."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from gateway.domain import times
from gateway.domain.dunning_rules import Rules, Stage

IN_VAIN = 3  # reminders of one stage that did not leave, before the stage is given up
_DAY = timedelta(days=1)


class Because(StrEnum):
    """Why the next reminder comes when it does, or why there is none."""

    STAGE = "stage"  # its stage begins then
    MINIMUM_DAYS = "minimum_days_between"
    AGAIN = "not_sent"  # an earlier one of the stage did not leave
    UNDER_WAY = "under_way"  # one is on its way
    STAGES = "stages"  # all of them are over
    MAXIMUM = "maximum"
    PAUSED = "paused"
    PAID = "paid"
    DISPUTED = "disputed"
    CANCELED = "canceled"
    WRITTEN_OFF = "written_off"
    ERASED = "erased"  # whoever owes it was
    NOT_DUE = "not_due"  # asked for before the invoice is overdue


@dataclass(frozen=True)
class Reminded:
    """One reminder of the past: of which stage, when its last attempt was made (None: nothing of
    it left), whether it may still leave or try again, when it ended, and whether it ended in a way
    that another try would not change."""

    stage: int
    left_at: datetime | None = None
    open: bool = False
    ended_at: datetime | None = None
    in_vain: bool = False


@dataclass(frozen=True)
class Next:
    """The next reminder: its moment (UTC) and stage, both None when there is none; and why."""

    because: Because
    at: datetime | None = None
    stage: Stage | None = None


def days_overdue(due_on: date, zone: str, now: datetime) -> int:
    """For how many days, by the calendar of an IANA zone; negative before the day itself."""
    return (times.local_day(now, zone) - due_on).days


def following(
    rules: Rules, due_on: date, zone: str, past: Iterable[Reminded], now: datetime
) -> Next:
    """The reminder that comes next by itself. One whose moment is over is due now, and of stages
    that were missed the highest. `zone` is that of whoever owes."""
    known = list(past)
    if any(one.open for one in known):
        return Next(Because.UNDER_WAY)
    left = [one.left_at for one in known if one.left_at is not None]
    if len(left) >= rules.maximum:
        return Next(Because.MAXIMUM)
    ahead = [stage for stage in rules.stages if stage.days_overdue > _highest(known)]
    if not ahead:
        return Next(Because.STAGES)
    because, at = Because.STAGE, _moment(due_on + ahead[0].days_overdue * _DAY, rules, zone)
    if left:
        free = _moment(_free_on(rules, max(left), zone), rules, zone)
        because, at = (Because.MINIMUM_DAYS, free) if free > at else (because, at)
    ended = [one.ended_at for one in known if one.left_at is None and one.ended_at is not None]
    if ended:
        again = _moment(times.local_day(max(ended), zone) + _DAY, rules, zone)
        because, at = (Because.AGAIN, again) if again > at else (because, at)
    at = max(at, now)
    reached = [one for one in ahead if _moment(due_on + one.days_overdue * _DAY, rules, zone) <= at]
    return Next(because, at, reached[-1])


def by_hand(rules: Rules, due_on: date, zone: str, past: Iterable[Reminded], now: datetime) -> Next:
    """What somebody who asks for a reminder now gets: the highest stage of those that are reached
    or were told of, on the first day after the due date the first; no `stage` when there is none
    to be had, and why."""
    known = list(past)
    if any(one.open for one in known):
        return Next(Because.UNDER_WAY)
    overdue = days_overdue(due_on, zone, now)
    if overdue < 1:
        return Next(Because.NOT_DUE)
    left = [one.left_at for one in known if one.left_at is not None]
    if len(left) >= rules.maximum:
        return Next(Because.MAXIMUM)
    if left and times.local_day(now, zone) < _free_on(rules, max(left), zone):
        return Next(Because.MINIMUM_DAYS)
    if not rules.stages:
        return Next(Because.STAGES)
    told = max((one.stage for one in known if one.left_at is not None), default=0)
    reached = max(overdue, told)
    stages = [stage for stage in rules.stages if stage.days_overdue <= reached]
    chosen = stages[-1] if stages else rules.stages[0]
    if chosen.days_overdue < told:
        return Next(Because.STAGES)  # the rules were changed: this one would be a step down
    return Next(Because.STAGE, now, chosen)


def _highest(known: list[Reminded]) -> int:
    """The days of the last stage that is over: told, or given up."""
    done = [one.stage for one in known if one.left_at is not None or one.in_vain]
    vain = [one.stage for one in known if one.left_at is None and one.ended_at is not None]
    done += [stage for stage in set(vain) if vain.count(stage) >= IN_VAIN]
    return max(done, default=0)


def _free_on(rules: Rules, last: datetime, zone: str) -> date:
    return times.local_day(last, zone) + rules.minimum_days_between * _DAY


def _moment(on: date, rules: Rules, zone: str) -> datetime:
    return datetime.combine(on, rules.at, ZoneInfo(zone)).astimezone(UTC)


def tomorrow(rules: Rules, zone: str, now: datetime) -> datetime:
    """The moment of the next day at which reminders go out."""
    return _moment(times.local_day(now, zone) + _DAY, rules, zone)

"""Catching up after a restore: what left in the time that the database lost is found at the carrier
and taken into it again, before anything leaves once more."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.channel_plan import Step, satisfied
from gateway.domain.lifecycle import PENDING, AttemptState, arrived, is_final
from gateway.domain.pairing import Expecting, pair, reserved
from gateway.domain.provider import Found
from gateway.models import attempts, restored
from gateway.models.attempts import AnyAttempt
from gateway.models.call_log import CallLog
from gateway.models.feed import FeedEntry
from gateway.models.hold import Hold
from gateway.models.notification import Notification
from gateway.models.restored import Unfinished, Way
from gateway.usecases import adoption
from gateway.usecases.adoption import Line, Papers, Part
from gateway.usecases.listings import Lines, Listing


@dataclass
class CaughtUp:
    """What became of the notifications that were due and made before the freeze: all (`checked`);
    those whose calls or messages the carrier has (`adopted`); those nobody was called for, whose
    time is over (`expired`) or not (`waiting`: they leave now); those of which nobody can say
    (`unknown`). `suspected` counts calls that should not have been placed beside another."""

    checked: int = 0
    adopted: int = 0
    waiting: int = 0
    unknown: int = 0
    expired: int = 0
    suspected: int = 0


@dataclass
class _Case:
    """One notification: the steps of its plan whose carrier can't be asked, and what was found of
    the others."""

    row: Unfinished
    unasked: list[Way] = field(default_factory=list)
    parts: dict[int, Part] = field(default_factory=dict)  # by the way's place in row.ways


_Called = dict[tuple[Line, str], list[tuple[_Case, int]]]


def run(hold: Hold, now: datetime, *, dry: bool = False) -> CaughtUp:
    """Ask the carriers about every notification that may have left, on each channel that it may
    have left by, and write down what they have; with `dry` only count. It may end anywhere and be
    begun again: what was adopted is owned from then on. Raises LookupFailed when a carrier did not
    answer completely, NoProvider when there is none to be asked about live calls, Changed when
    somebody else works on the same rows: then nothing may leave yet."""
    lines, done = Lines(hold, now), CaughtUp()
    doubt = _Doubt(hold.since, lines)
    called: _Called = defaultdict(list)
    open_cases: list[_Case] = []
    for row in restored.unfinished(hold.since, now):
        case = _Case(row)
        if _look(case, lines, called):
            open_cases.append(case)
        else:
            _close(case, doubt, done, now, dry=dry)
    for (line, to), candidates in called.items():
        _pair_up(line, to, candidates, lines)
    papers = Papers.of_parked() if called and not dry else Papers()
    for case in open_cases:
        if case.parts:
            _adopt(case, papers, done, now, dry=dry)
        _close(case, doubt, done, now, dry=dry)
    return done


def _look(case: _Case, lines: Lines, called: _Called) -> bool:
    """Whether a carrier has anything for the person that might be this notification's."""
    found = False
    for place, way in enumerate(case.row.ways):
        line = lines.of(case.row, way.channel, required=place == 0)
        listing = lines.listing(line)
        if line is not None and listing is not None:
            if way.address in listing.free:
                called[line, way.address].append((case, place))
                found = True
        elif line is not None or place == 0:
            case.unasked.append(way)
    return found


class _Doubt:
    """Which notifications may have left before the freeze though nobody can say so."""

    def __init__(self, frozen_at: datetime, lines: Lines) -> None:
        self._frozen_at = frozen_at
        self._lines = lines
        self._moved: set[str] | None = None

    def about(self, case: _Case) -> bool:
        """Whether it would be sent (again) by itself, on a channel whose carrier can't be asked,
        and was to be before the freeze."""
        row = case.row
        if not case.unasked or row.due_at > self._frozen_at:
            return False
        known = max(case.parts, default=None if row.state in PENDING else 0)
        if known is None or (not case.parts and row.ways[0] in case.unasked):
            return row.ways[0] in case.unasked and self._first(row)
        following = row.ways[known + 1 : known + 2]
        unasked = any(way in case.unasked for way in following)
        return unasked and self._gone_on(case, known)

    def _first(self, row: Unfinished) -> bool:
        """Of the step it is at. A moment written since, as the clock does to a claim that nobody
        took up, says nothing of when it was to leave."""
        if row.state not in PENDING:
            last = _latest(row)
            return last is not None and last.state == last.FAILED and not last.external_id
        if row.next_attempt_at is None or row.held_by is not None or self._has_moved(row.id):
            return True
        return row.next_attempt_at <= self._frozen_at

    def _gone_on(self, case: _Case, known: int) -> bool:
        """Whether the step after one that is known to have left may have begun."""
        way = case.row.ways[known]
        if case.parts:
            found = case.parts[known].owned.attempts[-1]
            return self._over(way.planned, found.state, found.answered_by, found.created_at)
        last = _latest(case.row)
        if last is None:
            return False
        line = self._lines.of(case.row, way.channel, required=False)
        shown = _shown(last, self._lines.listing(line), way.address)
        by = last.answered_by if isinstance(last, CallLog) else None
        return self._over(way.planned, shown or last.standing, by, last.created_at)

    def _over(self, step: Step, state: AttemptState, by: str | None, at: datetime | None) -> bool:
        if is_final(state) and not arrived(state):
            return True
        if step.within_minutes is None or at is None or satisfied(step, state, by):
            return False
        return at + timedelta(minutes=step.within_minutes) <= self._frozen_at

    def _has_moved(self, notification_id: str) -> bool:
        if self._moved is None:
            self._moved = FeedEntry.of_this_base("notification")
        return notification_id in self._moved


def _close(case: _Case, doubt: _Doubt, done: CaughtUp, now: datetime, *, dry: bool) -> None:
    """What becomes of a notification beside what was found of it."""
    row = case.row
    if doubt.about(case):
        if dry or adoption.not_confirmed(row.id, now):
            done.checked += not case.parts
            done.unknown += 1
    elif row.ways and not case.parts and row.state in PENDING:
        done.checked += 1
        done.expired += row.expires_at <= now
        done.waiting += row.expires_at > now


def _pair_up(line: Line, to: str, candidates: list[tuple[_Case, int]], lines: Lines) -> None:
    """Give the calls to one number to the notifications that they belong to."""
    listing = lines.listing(line)
    assert listing is not None, "its rows have calls"
    case, place = candidates[0]
    begun = restored.nameless(*line, case.row.ways[place].address_hash)
    taken = reserved(begun, listing.free[to])
    free = [call for call in listing.free[to] if call.external_id not in taken]
    expecting = [_expecting(case.row, place, listing, to) for case, place in candidates]
    pairs = pair(expecting, free)
    for case, place in candidates:
        if case.row.id in pairs:
            part = Part(case.row.ways[place], line, pairs[case.row.id])
            case.parts[place] = part


def _expecting(row: Unfinished, place: int, listing: Listing, to: str) -> Expecting:
    later = place > 0
    waits = row.state in PENDING and not later
    last = None if waits or later else _last_state(row, listing, to)
    return Expecting(row.id, row.due_at, row.expires_at, waits, last, later)


def _last_state(row: Unfinished, listing: Listing, to: str) -> AttemptState | None:
    """What became of its last attempt, by the carrier's list if that shows it; None when it was
    open in the backup and nobody says."""
    last = _latest(row)
    if last is None:
        return None
    shown = _shown(last, listing, to)
    state: AttemptState = shown or last.standing
    return state if shown or is_final(state) or last.external_id is None else None


def _latest(row: Unfinished) -> AnyAttempt | None:
    return attempts.latest(Notification.get_by_id(row.id))


def _shown(last: AnyAttempt, listing: Listing | None, to: str) -> AttemptState | None:
    known: list[Found] = [] if listing is None else listing.known.get(to, [])
    return next((call.state for call in known if call.external_id == last.external_id), None)


def _adopt(case: _Case, papers: Papers, done: CaughtUp, now: datetime, *, dry: bool) -> None:
    parts = [case.parts[place] for place in sorted(case.parts)]
    if not dry:
        adoption.adopt(case.row, parts, papers, now)
    done.checked += 1
    done.adopted += 1
    done.suspected += sum(len(part.owned.suspected) for part in parts)

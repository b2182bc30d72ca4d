"""Catching up after a restore: what left in the time that the database lost is found at the carrier
and taken into it again, before anything leaves once more."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from gateway.domain.errors import NoProvider
from gateway.domain.lifecycle import PENDING, AttemptState, is_final
from gateway.domain.pairing import Expecting, pair, reserved
from gateway.domain.provider import Found
from gateway.models import attempts, restored
from gateway.models.feed import FeedEntry
from gateway.models.hold import Hold
from gateway.models.notification import Notification
from gateway.models.restored import Unfinished
from gateway.providers import get
from gateway.usecases import adoption, readiness
from gateway.usecases.adoption import Line, Papers

log = structlog.get_logger(__name__)

CLOCKS = timedelta(minutes=1)  # by which ours and a carrier's may differ

ByNumber = dict[str, list[Found]]


@dataclass
class CaughtUp:
    """What became of the notifications that were due and made before the freeze: all (`checked`);
    those whose call the carrier has (`adopted`); those nobody was called for, whose time is over
    (`expired`) or not (`waiting`: they leave now); those of which nobody can say (`unknown`).
    `suspected` counts calls that should not have been placed beside another."""

    checked: int = 0
    adopted: int = 0
    waiting: int = 0
    unknown: int = 0
    expired: int = 0
    suspected: int = 0


@dataclass
class _Listing:
    """The calls from one line by number: those that no call log has, and those that one has."""

    free: ByNumber = field(default_factory=lambda: defaultdict(list))
    known: ByNumber = field(default_factory=lambda: defaultdict(list))


def run(hold: Hold, now: datetime, *, dry: bool = False) -> CaughtUp:
    """Ask the carriers about every notification that may have left, and write down what they have;
    with `dry` only count. It may end anywhere and be begun again: what was adopted is owned from
    then on. Raises LookupFailed when a carrier did not answer completely, NoProvider when there is
    none to be asked about live calls, Changed when somebody else works on the same rows: then
    nothing may leave yet."""
    lines, doubt = _Lines(hold, now), _Doubt(hold.since)
    done = CaughtUp()
    called: dict[tuple[Line, str], list[Unfinished]] = defaultdict(list)
    doubtful: list[Unfinished] = []
    for row in restored.unfinished(hold.since, now):
        if row.address is None:
            continue
        line = lines.of(row)
        listing = lines.listing(line)
        if line is not None and listing is not None and row.address in listing.free:
            called[line, row.address].append(row)
        elif listing is None and doubt.about(row):
            doubtful.append(row)
        else:
            _count_uncalled(row, done, now)
    papers = Papers.of_parked() if called and not dry else Papers()
    for (line, to), rows in called.items():
        _pair_up(line, to, rows, lines, papers, done, dry=dry)
    for row in doubtful:
        if dry or adoption.not_confirmed(row.id, now):
            done.checked += 1
            done.unknown += 1
    return done


class _Lines:
    """Where each notification's call would come from, and what the carriers list of those."""

    def __init__(self, hold: Hold, now: datetime) -> None:
        self.now = now
        self._since: datetime = (hold.known_until or hold.since) - CLOCKS
        self._lines: dict[tuple[str, str, str], Line | None] = {}
        self._listings: dict[Line, _Listing | None] = {}

    def of(self, row: Unfinished) -> Line | None:
        """The row's line; None in test mode when nobody is set up to place its call."""
        key = (row.organization_id, row.mode, row.channel)
        if key not in self._lines:
            try:
                _, sender = readiness.sender_for(
                    row.organization_id, row.mode, row.channel, self.now
                )
                self._lines[key] = Line(
                    row.channel, sender.provider, sender.account, sender.address
                )
            except NoProvider:
                if row.mode == "live":
                    raise
                self._lines[key] = None
        return self._lines[key]

    def listing(self, line: Line | None) -> _Listing | None:
        """What the carrier lists; None when it can't be asked. Raises LookupFailed."""
        if line is None:
            return None
        if line not in self._listings:
            self._listings[line] = self._ask(line)
        return self._listings[line]

    def _ask(self, line: Line) -> _Listing | None:
        found = get(line.provider).listed(line.account, line.address, self._since, line.channel)
        if found is None:
            return None
        ids = [one.call.external_id for one in found]
        owned = restored.owned(line.channel, line.provider, line.account, ids)
        listing = _Listing()
        for one in found:
            side = listing.known if one.call.external_id in owned else listing.free
            side[one.to].append(one.call)
        log.info("calls listed", provider=line.provider, count=len(found), known=len(owned))
        return listing


class _Doubt:
    """Which notifications may have left before the freeze though nobody can say so."""

    def __init__(self, frozen_at: datetime) -> None:
        self._frozen_at = frozen_at
        self._moved: set[str] | None = None

    def about(self, row: Unfinished) -> bool:
        """Whether it would be called (again) by itself, and was to be before the freeze. A moment
        written since, as the clock does to a claim that nobody took up, says nothing of that."""
        if row.due_at > self._frozen_at:
            return False
        if row.state not in PENDING:
            last = attempts.latest(Notification.get_by_id(row.id))
            return last is not None and last.state == last.FAILED and not last.external_id
        if row.next_attempt_at is None or row.held_by is not None or self._has_moved(row.id):
            return True
        return row.next_attempt_at <= self._frozen_at

    def _has_moved(self, notification_id: str) -> bool:
        if self._moved is None:
            self._moved = FeedEntry.of_this_base("notification")
        return notification_id in self._moved


def _count_uncalled(row: Unfinished, done: CaughtUp, now: datetime) -> None:
    if row.state in PENDING:
        done.checked += 1
        done.expired += row.expires_at <= now
        done.waiting += row.expires_at > now


def _pair_up(
    line: Line,
    to: str,
    rows: list[Unfinished],
    lines: _Lines,
    papers: Papers,
    done: CaughtUp,
    *,
    dry: bool,
) -> None:
    """Give the calls to one number to the notifications that they belong to."""
    listing = lines.listing(line)
    assert listing is not None, "its rows have calls"
    begun = restored.nameless(*line, rows[0].address_hash or "")
    taken = reserved(begun, listing.free[to])
    free = [call for call in listing.free[to] if call.external_id not in taken]
    pairs = pair([_expecting(row, listing.known.get(to, [])) for row in rows], free)
    for row in rows:
        mine = pairs.get(row.id)
        if mine is None:
            _count_uncalled(row, done, lines.now)
            continue
        if not dry:
            adoption.adopt(row, line, mine, papers, lines.now)
        done.checked += 1
        done.adopted += 1
        done.suspected += len(mine.suspected)


def _expecting(row: Unfinished, known: list[Found]) -> Expecting:
    waits = row.state in PENDING
    last = None if waits else _last_state(row, known)
    return Expecting(row.id, row.due_at, row.expires_at, waits, last)


def _last_state(row: Unfinished, known: list[Found]) -> AttemptState | None:
    """What became of its last attempt, by the carrier's list if that shows it; None when it was
    open in the backup and nobody says."""
    last = attempts.latest(Notification.get_by_id(row.id))
    if last is None:
        return None
    shown = [call.state for call in known if call.external_id == last.external_id]
    state: AttemptState = shown[0] if shown else last.standing
    return state if shown or is_final(state) or last.external_id is None else None

"""The start gate for many claims at once: what is decided of each is decided as ever, on what was
read for all of them, and is written for all of them together."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from gateway.models import attempt_batch, claims, event_batch, gathering
from gateway.models.attempts import TABLES, AnyAttempt, table_of
from gateway.models.base import atomic, is_lost
from gateway.models.gathering import Gathering
from gateway.models.handle import answers
from gateway.models.notification import Notification
from gateway.usecases import drafts, facts, gate, pacing, passage, reading_ahead
from gateway.usecases.drafts import Ready
from gateway.usecases.gate import Opened
from gateway.usecases.passage import NEAR_TOGETHER, Wait

log = structlog.get_logger(__name__)

OFTEN = 5  # claims without an attempt: it may be the row itself that brings workers down
Claim = tuple[str, int]


def open_together(
    claimed: Sequence[Claim], now: datetime, lease: timedelta
) -> tuple[list[Opened], list[Claim]]:
    """Pass the start gate with several claims (id, claim) in one transaction: the attempts that it
    opened, and the claims that have to come to the gate one by one, which are all if anything went
    wrong. The others were turned away, and their rows say why or when. Raises only when the
    database is away."""
    try:
        with atomic(), gathering.gathered(event_batch.change) as kept:
            opened, done = _Batch(kept, now, lease).open(claimed)
            event_batch.write(kept)
    except Exception as fault:
        if is_lost(fault) and not answers():
            raise
        log.warning("claims not taken to the gate together", error=type(fault).__name__)
        return [], list(claimed)
    return opened, [one for one in claimed if one not in done]


class _Batch:
    """Some claims at the gate. `done` are those of which all is written."""

    def __init__(self, kept: Gathering, now: datetime, lease: timedelta) -> None:
        self.kept, self.now, self.lease, self.done = kept, now, lease, set[Claim]()

    def open(self, claimed: Sequence[Claim]) -> tuple[list[Opened], set[Claim]]:
        """Take them through."""
        rows = list(claims.held_each(claimed).values())
        for row in rows:
            self.kept.own(row)
        return self._written(self._in_turn(self._ready(rows))), self.done

    def _ready(self, rows: Sequence[Notification]) -> list[Ready]:
        """Those that may leave but for what they meet on their way; others are turned away."""
        about = reading_ahead.read(self.kept, [row for row in rows if _plain(row)], self.now)
        ready, people = [], set[object]()
        for row in rows:
            there = row.id in about
            person = {row.contact_id, *(facts.addresses_of(row) if there else ())}
            first = people.isdisjoint(person)
            people |= person
            if not there or (not first and facts.is_counted(row, about[row.id].policy)):
                continue  # what goes to the same person before it is to be counted first
            found = gate.examine(row, self.now)
            if isinstance(found, Ready):
                ready.append(found)
            else:
                gate.turn_away(row, found, self.now)
                self._is_done(row)
        return ready

    def _in_turn(self, ready: Sequence[Ready]) -> list[Ready]:
        """Those that nothing keeps back; what waits for a hold or a rate is put back. One that is
        to test a hold does that alone, and so does one whose next step is to begin instead."""
        comers, waits = list[Ready](), list[tuple[Notification, Wait]]()
        for one in ready:
            met = passage.obstacle(one.row, one.passage, self.now, one.about.circumstances)
            if met is None:
                comers.append(one)
            elif isinstance(met, Wait) and not met.too_long(self.now):
                waits.append((one.row, met))
        leaving = []
        for one, turn in zip(comers, self._turns(comers), strict=True):
            late = passage.by_turn(one.row, turn, self.now, NEAR_TOGETHER)
            if late is None:
                leaving.append(one)
            else:
                waits.append((one.row, late))
        passage.put_back_each(waits, self.now)
        for row, _ in waits:
            self._is_done(row)
        return leaving

    def _turns(self, comers: Sequence[Ready]) -> list[pacing.Turn]:
        return pacing.turns([_comer(one) for one in comers], self.now)

    def _written(self, leaving: Sequence[Ready]) -> list[Opened]:
        """Their attempts; those whose line is taken wait."""
        opened, drawn = [], [(one, _attempt(one, self.now)) for one in leaving]
        written = {
            id_
            for table in TABLES
            for id_ in attempt_batch.write_each(
                [attempt for _, attempt in drawn if isinstance(attempt, table)], self.now
            )
        }
        for one, attempt in sorted(drawn, key=lambda pair: pair[1].id not in written):
            way = passage.through(one.row, one.passage)
            if attempt.id in written:
                opened.append(gate.begin(one, attempt, way, self.now, self.lease))
            else:
                gate.wait_for_line(one, way, self.now)
            self._is_done(one.row)
        return opened

    def _is_done(self, row: Notification) -> None:
        self.done.add((row.id, row.claim))


def _plain(row: Notification) -> bool:
    """Whether it leaves for the first time: an attempt that is there already may hold locks that
    others wait for. What failed at the gate, or never gets past it, spoils no batch."""
    return row.tries == 0 and row.failures == 0 and row.claim <= OFTEN


def _comer(ready: Ready) -> pacing.Comer:
    known = ready.about.circumstances
    return pacing.Comer(ready.row, ready.sender, passage.limited(known))


def _attempt(ready: Ready, now: datetime) -> AnyAttempt:
    return table_of(ready.row.channel)(**drafts.attempt_of(ready, now))

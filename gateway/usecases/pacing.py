"""The moments at which notifications may leave by the rates that they are under: those of their
organization, and their sender's."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.models.hold import any_held, sender_scope
from gateway.models.notification import Notification
from gateway.models.pace import Paced
from gateway.models.rate import Rate
from gateway.models.sender import Sender
from gateway.usecases import holds, work

TOGETHER = timedelta(milliseconds=100)
QUICK = 16.0  # slots a second
SLOT_LASTS = timedelta(seconds=10)  # a slot missed for longer is lost; few are out at a time


@dataclass(frozen=True)
class Comer:
    """A notification that may leave but for the rates. `limited`: its organization may have set
    some itself."""

    row: Notification
    sender: Sender
    limited: bool


@dataclass(frozen=True)
class Turn:
    """The slot of a notification, None when there is none to be had now; `scope` is the rate for
    which it waits. `quick`: there are many slots a second. Whoever has one a little ahead comes
    along with others then, at `call_at`, and is waited for."""

    slot: datetime | None
    scope: str | None = None
    quick: bool = False

    @property
    def call_at(self) -> datetime | None:
        """When to come to the gate for it: at a tenth of a second, of which there are few."""
        if self.slot is None or not self.quick:
            return self.slot
        since = self.slot - TOGETHER
        return since - timedelta(microseconds=since.microsecond % 100_000)


@dataclass
class _Line:
    """One comer's way past its limits, the widest first."""

    comer: Comer
    limits: list[tuple[Paced, str]]
    slot: datetime
    latest: tuple[str | None, bool] = (None, False)
    closed: str | None = None

    def take(self, slot: datetime | None, limit: Paced, scope: str) -> None:
        if slot is None or slot >= self.comer.row.expires_at:
            self.closed = self.closed or scope
        elif slot > self.slot:
            self.slot, self.latest = slot, (scope, (limit.rate_per_second or 0) >= QUICK)

    @property
    def turn(self) -> Turn:
        return Turn(None, self.closed) if self.closed else Turn(self.slot, *self.latest)


def turns(comers: Sequence[Comer], now: datetime) -> list[Turn]:
    """The turn of each, in this order. A slot is taken seconds ahead at most, so that little is
    lost with a row that is canceled meanwhile; one that it has keeps. Call it in the gate's
    transaction."""
    lines = [_Line(comer, _limits(comer, now), now) for comer in comers]
    waited_for = _waited_for(lines)
    for line in lines:
        if line.comer.row.slot_at is None:
            scopes = (scope for _, scope in line.limits)
            line.closed = next((scope for scope in scopes if scope in waited_for), None)
    for table in (Rate, Sender):
        _pass(table, lines, now)
    return [_own(line.comer.row, now) or line.turn for line in lines]


def _own(row: Notification, now: datetime) -> Turn | None:
    """The slot that it was given before."""
    if row.slot_at is None or now - row.slot_at > SLOT_LASTS:
        return None
    return Turn(row.slot_at, quick=True)


def _limits(comer: Comer, now: datetime) -> list[tuple[Paced, str]]:
    row, sender = comer.row, comer.sender
    if _own(row, now) is not None:
        return []
    rates = work.limits(row.organization_id, row.purpose, any_own=comer.limited)
    limits: list[tuple[Paced, str]] = [(rate, rate.id) for rate in rates]
    limits.append((sender, sender_scope(sender.id)))
    return [(limit, scope) for limit, scope in limits if limit.rate_per_second]


def _waited_for(lines: Collection[_Line]) -> set[str]:
    """The limits for which others wait already: those that are let go have their turn."""
    fresh = (line for line in lines if line.comer.row.slot_at is None)
    return any_held({scope for line in fresh for _, scope in line.limits})


def _pass(table: type[Paced], lines: Sequence[_Line], now: datetime) -> None:
    asked = [
        (line, limit, scope)
        for line in lines
        if line.closed is None
        for limit, scope in line.limits
        if isinstance(limit, table)
    ]
    if len(asked) == 1:
        ((line, limit, scope),) = asked
        until = min(line.comer.row.expires_at, now + holds.AHEAD)
        line.take(table.reserve(limit, now, until), limit, scope)
    elif asked:
        wanted = Counter(limit.id for _, limit, _ in asked)
        slots = table.reserve_each(wanted, now, now + holds.AHEAD)
        left = {id_: iter(found) for id_, found in slots.items()}
        for line, limit, scope in asked:
            line.take(next(left.get(limit.id, iter(())), None), limit, scope)

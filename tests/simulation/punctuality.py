"""Whether what was due left in time, and what was to end was ended, unless the world stood in the
way: the time in which clocks, carrier or broker were out of order is not counted."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway.domain.provider import Result
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from tests.simulation.chronicle import Violated
from tests.simulation.exchange import ENDINGS, Call
from tests.simulation.names import Named
from tests.simulation.placements import Asked
from tests.simulation.promises import EPOCH, Promise, micro

if TYPE_CHECKING:
    from tests.simulation.world import World

AFTER_EPISODE = timedelta(seconds=180)  # a breaker's longest pause, its probe, and the backlog
RESOLVED = timedelta(seconds=800)  # an attempt of unknown fate keeps its line, at the most


@dataclass
class Punctuality:
    """Checks of one run that has come to rest."""

    world: "World"
    unasked: list[tuple[str, datetime]] = field(default_factory=list)

    def check(self, by_name: dict[Named, list[Notification]]) -> None:
        """Raises Violated for what was late without a reason."""
        asked = self.world.placements.questions
        ids = {one.attempt_id for questions in asked.values() for one in questions}
        self.unasked = [
            (row.to_address, row.created_at) for row in CallLog.select() if row.id not in ids
        ]
        for name, rows in by_name.items():
            promise = self.world.promises[name.subject]
            first = asked[name][0] if name in asked else None
            if first is not None:
                self._in_time(name, promise, first)
            elif any(row.state == "expired" for row in rows):
                self._rightly_expired(name, promise, rows)
        for questions in asked.values():
            for one in questions:
                if one.call is not None:
                    self._ended(one, one.call)

    def _in_time(self, name: Named, promise: Promise, first: Asked) -> None:
        if first.attempt > 1:
            return  # an earlier one was taken back at the last look: its worker had slept
        begins = self._owed_since(name, promise)
        until = self._excused(begins, self.world.in_time, self._line(name))
        if first.gated_at > until:
            late = (first.gated_at - begins).total_seconds()
            raise Violated("P6 late", f"{name.label} left {late:.0f} s late", name.subject)

    def _rightly_expired(self, name: Named, promise: Promise, rows: list[Notification]) -> None:
        begins = self._owed_since(name, promise)
        until = self._excused(begins, self.world.in_time, self._line(name))
        expires = max(row.expires_at for row in rows)
        if until < expires:
            raise Violated("P6 late", f"{name.label} expired without a reason", name.subject)

    def _owed_since(self, name: Named, promise: Promise) -> datetime:
        """The moment at which it was due and certainly owed, for the last time."""
        key = (name.rule, name.due)
        since = micro(EPOCH)
        for before, after in zip([None, *promise.history], promise.history, strict=False):
            if key in after.owed and (before is None or key not in before.owed):
                since = after.since
        return EPOCH + timedelta(microseconds=max(since, name.due))

    def _line(self, name: Named) -> list[datetime]:
        """When attempts of unknown fate were made, or ended with their worker before the carrier
        was asked: each may keep another call to the same number waiting."""
        mine = self._phones(name)
        died = [at for phone, at in self.unasked if phone in mine]
        return died + [
            one.at
            for other, questions in self.world.placements.questions.items()
            if mine & self._phones(other)
            for one in questions
            if one.result in (None, Result.UNKNOWN)
        ]

    def _phones(self, name: Named) -> frozenset[str]:
        history = self.world.promises[name.subject].history
        return frozenset().union(*(standing.phones for standing in history))

    def _excused(self, begins: datetime, allowed: timedelta, line: list[datetime]) -> datetime:
        """Until when something may take that should take `allowed` from `begins`."""
        until, before = begins + allowed, begins
        while until != before:
            before = until
            for episode in self.world.episodes.planned:
                if episode.begins <= until and episode.ends >= begins:
                    until = max(until, episode.ends + AFTER_EPISODE)
            for at in line:
                if begins - RESOLVED <= at <= until:
                    until = max(until, at + RESOLVED)
        return until

    def _ended(self, asked: Asked, call: Call) -> None:
        """A call that went on though its booking was canceled was asked to end."""
        canceled = self._canceled_at(self.world.promises[asked.subject])
        if canceled is None or call.account == "AC-mute":
            return
        begins = max(canceled, call.created_at)
        line = [asked.at] if asked.result in (None, Result.UNKNOWN) else []
        until = self._excused(begins, self.world.in_time, line)
        if call.status(until) not in ENDINGS and not any(at <= until for at in call.end_asked):
            raise Violated("P4 not ended", f"{asked.label} goes on though it was canceled",
                           asked.subject)  # fmt: skip

    def _canceled_at(self, promise: Promise) -> datetime | None:
        for standing in promise.history:
            if standing.canceled:
                return EPOCH + timedelta(microseconds=standing.since)
        return None

"""The oracle: set algebra over the client's ledger, the provider's ledger and the gateway's view.

It knows nothing of how the gateway works, and asks only what a client was promised.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from tests.faults.suite.evidence import Asked, Called, Evidence, Notified, Placed

STILL_DUE = timedelta(minutes=1)
OUTCOMES = frozenset({"reached", "not_reached", "canceled", "suppressed", "expired", "unknown"})
FINAL_CALLS = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
CORRECTED = {"reached", "not_reached"}
ENDING_GRACE = timedelta(seconds=5)  # a call on its way when it was canceled


@dataclass
class Verdict:
    """The numbers of one run. The sets name keys and ids, so that each can be looked into."""

    acked: int = 0
    placed: int = 0
    reached: int = 0
    not_reached: int = 0
    lost: set[str] = field(default_factory=set)
    duplicate: set[str] = field(default_factory=set)
    flagged: set[str] = field(default_factory=set)
    phantom: set[str] = field(default_factory=set)
    illicit: set[str] = field(default_factory=set)
    unknown_resolved: int = 0
    unknown_final: int = 0
    unknown_placed: int = 0
    callbacks_lost: set[str] = field(default_factory=set)
    not_final: set[str] = field(default_factory=set)
    too_late: int = 0
    misreported: set[str] = field(default_factory=set)
    feed: set[str] = field(default_factory=set)

    def good(self, residual: bool = False) -> bool:
        """Whether every promise was kept; with `residual` one duplicate that is flagged passes."""
        duplicates = len(self.duplicate - self.flagged) if residual else len(self.duplicate)
        kept = not (
            self.lost or self.phantom or self.illicit or self.callbacks_lost or self.not_final
            or self.misreported or self.feed
        )  # fmt: skip
        return kept and not duplicates and len(self.duplicate) <= 1


def judge(evidence: Evidence) -> Verdict:
    """All of it at once."""
    return _Judge(evidence).verdict()


class _Judge:
    def __init__(self, evidence: Evidence) -> None:
        self.e = evidence
        self.calls = {call.id: call for call in evidence.calls}
        self.rows = {row.id: row for row in evidence.notifications}
        self.asked = {item.to: item for item in evidence.asked}
        self.by_number: dict[str, list[Notified]] = defaultdict(list)
        for row in evidence.notifications:
            self.by_number[row.to].append(row)
        self.placed: dict[str, list[Placed]] = defaultdict(list)
        for line in evidence.placed:
            self.placed[self._owner(line)].append(line)

    def _owner(self, line: Placed) -> str:
        call = self.calls.get(line.attempt)
        return (call.notification or "") if call else ""

    def verdict(self) -> Verdict:
        states = Counter(row.state for row in self.e.notifications)
        unknown = [row for row in self.e.notifications if row.state == "unknown"]
        return Verdict(
            acked=sum(item.acked for item in self.e.asked),
            placed=len(self.e.placed),
            reached=states["reached"],
            not_reached=states["not_reached"],
            lost=set(self._lost()),
            duplicate=set(self._duplicates()),
            flagged=set(self._flagged()),
            phantom=set(self._phantoms()),
            illicit=set(self._illicit()),
            unknown_resolved=self._resolved(),
            unknown_final=len(unknown),
            unknown_placed=sum(bool(self.placed.get(row.id)) for row in unknown),
            callbacks_lost=set(self._callbacks_lost()),
            too_late=sum(item.too_late for item in self.e.asked),
            not_final={c.id for c in self.e.calls if c.state not in FINAL_CALLS},
            misreported=set(self._misreported()),
            feed=set(self._feed()),
        )

    def _lost(self) -> Iterator[str]:
        """Acknowledged, or at least asked for, and without the outcome it must have."""
        for item in self.e.asked:
            if not (item.acked or item.too_late):
                yield item.key  # after the drain every request has its answer
            for id_ in item.ids:
                row = self.rows.get(id_)
                if row is None or row.finished_at is None or row.state not in OUTCOMES:
                    yield f"{item.key} {id_}"
                elif self._unjustified(item, row):
                    yield f"{item.key} {id_} {row.state}"

    def _unjustified(self, item: Asked, row: Notified) -> bool:
        """An end without a call that nobody asked for."""
        assert row.finished_at is not None
        if row.state == "canceled":
            return not (item.cancels or item.moves)
        if row.state == "expired":  # at its time, or when the next try would be too late
            tried = any(call.notification == row.id for call in self.e.calls)
            return row.finished_at < row.expires_at and not tried
        # A reminder that is written more than a minute after its moment is kept and not sent.
        past = row.reason == "past" and row.finished_at > row.due_at + STILL_DUE
        return row.state == "suppressed" and not past

    def _duplicates(self) -> Iterator[str]:
        for id_, lines in self.placed.items():
            if id_ and len(lines) > 1:
                yield id_
        numbers = Counter(line.to for line in self.e.placed)
        for to, count in numbers.items():
            item = self.asked.get(to)
            if item and count > 1 + item.moves and not any(
                len(self.placed.get(row.id, ())) > 1 for row in self.by_number[to]
            ):  # fmt: skip
                yield item.key

    def _flagged(self) -> Iterator[str]:
        """Notifications whose second call the gateway found out itself, and says so."""
        for entry in self.e.feed:
            if entry["type"] == "call.duplicate_suspected":
                call = self.calls.get(entry["object_id"])
                yield (call.notification or call.id) if call else str(entry["object_id"])

    def _phantoms(self) -> Iterator[str]:
        """Calls that no committed attempt stands for, and notifications nobody asked for."""
        for line in self.e.placed:
            call = self.calls.get(line.attempt)
            if line.to not in self.asked or call is None or not self.placed_after(call, line):
                yield f"call {line.external_id}"
        for to, rows in self.by_number.items():
            item = self.asked.get(to)
            if item is None or len(rows) > 1 + item.moves:
                yield f"{item.key if item else 'unasked'}: {len(rows)} notifications"
        for item in self.e.asked:
            if len(item.first_ids) > 1:
                yield f"{item.key}: one key, {len(item.first_ids)} answers"

    def placed_after(self, call: Called, line: Placed) -> bool:
        """Whether the attempt was written down before the provider was asked."""
        return call.created_at <= self.e.shown(line.at)[1]

    def _illicit(self) -> Iterator[str]:
        """Too early, too late, or after the client was told that it would not happen."""
        for id_, lines in self.placed.items():
            row = self.rows.get(id_)
            if row is None:
                continue
            item = self.asked.get(row.to)
            for line in lines:
                earliest, latest = self.e.shown(line.at)
                if latest < row.due_at:
                    yield f"{id_} early by {row.due_at - latest}"
                if earliest >= row.expires_at + self.e.grace:
                    yield f"{id_} late by {earliest - row.expires_at}"
                if item and line.at > item.taken_back.get(id_, line.at):
                    yield f"{id_} after it was canceled"
                if item and line.at > item.ending.get(id_, line.at) + ENDING_GRACE:
                    yield f"{id_} long after it was to end"

    def _resolved(self) -> int:
        """Calls that were of unknown fate and then were not."""
        doubted = {
            entry["object_id"] for entry in self.e.feed
            if entry["object"] == "call" and entry["state"] == "unknown"
        }  # fmt: skip
        return sum(
            call.id in doubted and call.state in FINAL_CALLS and call.reason != "not_confirmed"
            for call in self.e.calls
        )

    def _callbacks_lost(self) -> Iterator[str]:
        """Acknowledged with a 2xx, and not in the inbox."""
        acknowledged: dict[str, set[str]] = defaultdict(set)
        for told in self.e.told:
            if told.status is not None and 200 <= told.status < 300:
                acknowledged[told.external_id].add(told.event)
        for external_id, events in acknowledged.items():
            if len(events) > self.e.stored[external_id]:
                yield external_id

    def _misreported(self) -> Iterator[str]:
        """An outcome that is not what happened at the provider."""
        for row in self.e.notifications:
            answered = bool(self.placed.get(row.id))
            if row.state == "reached" and not answered:
                yield f"{row.id} reached, and never called"
            if row.state in ("not_reached", "expired", "suppressed") and answered:
                yield f"{row.id} {row.state}, and called"

    def _feed(self) -> Iterator[str]:
        """Entries left out or shown twice, two ends, a last entry that is not the state."""
        shown = {str(entry["id"]) for entry in self.e.feed}
        yield from (f"entry {id_} not shown" for id_ in self.e.feed_rows - shown)
        seen = Counter(str(entry["id"]) for entry in self.e.feed)
        yield from (f"entry {id_} twice" for id_, count in seen.items() if count > 1)
        moves: dict[str, list[str]] = defaultdict(list)
        ids: dict[str, list[str]] = defaultdict(list)
        for entry in self.e.feed:
            if entry["object"] == "notification" and entry["state"]:
                moves[entry["object_id"]].append(entry["state"])
                ids[entry["object_id"]].append(str(entry["id"]))
        for row in self.e.notifications if self.e.feed else ():
            states = moves[row.id]
            if not states or states[-1] != row.state:
                yield f"{row.id} is {row.state}, the feed tells {states} {ids[row.id]}"
            ends = [state for state in states if state in OUTCOMES - {"unknown"}]
            if len(ends) > 1 and not set(ends[1:]) <= CORRECTED:
                yield f"{row.id} ended as {ends}"

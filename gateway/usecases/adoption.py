"""Taking calls into the database again that it lost by being restored from an older backup."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import structlog

from gateway.domain.lifecycle import PENDING
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.domain.pairing import Owned
from gateway.domain.provider import Found
from gateway.failpoints import hit
from gateway.models import restored
from gateway.models.attempts import AnyAttempt, table_with
from gateway.models.base import atomic
from gateway.models.dead_letter import DeadLetter
from gateway.models.notification import Notification
from gateway.models.restored import Unfinished, Way
from gateway.usecases import inbox, intake, outcomes, sightings, steps

log = structlog.get_logger(__name__)


class Changed(Exception):
    """Somebody else worked on the same notification: look at everything again."""


class Line(NamedTuple):
    """One address at one account of a carrier, for one channel."""

    channel: str
    provider: str
    account: str
    address: str


@dataclass
class Papers:
    """What parked events tell of calls that nobody knows: the ids they had here before, and the
    events that wait for them, by the carrier's (name, account, call id)."""

    ids: dict[tuple[str, str, str], str] = field(default_factory=dict)
    events: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)

    @classmethod
    def of_parked(cls) -> "Papers":
        """Those of every parked event."""
        papers = cls()
        for event_id, call, hint in restored.parked():
            papers.events.setdefault(call, []).append(event_id)
            if hint is not None:
                papers.ids[call] = hint
        return papers


class Part(NamedTuple):
    """What a carrier has of one step of a notification's plan."""

    way: Way
    line: Line
    owned: Owned


def adopt(row: Unfinished, parts: Sequence[Part], papers: Papers, now: datetime) -> None:
    """Make these calls and messages the attempts of a notification, in one transaction: it is at
    the carrier from then on, at the last of these steps, and its attempts go on like any other.
    `parts` are in the order of the plan. Raises Changed."""
    with atomic():
        present = Notification.locked(row.id)
        if present.finished_at is not None or present.tries != row.tries:
            raise Changed
        seen: list[tuple[AnyAttempt, Found]] = []
        for part in parts:
            seen += _write_all(present, part, papers, len(seen) + present.tries + 1, now)
        # Of those suspected the inbox makes calls of their own, and has them ended.
        calls = len(seen)
        for part in parts:
            mine = next(one for one, found in reversed(seen) if found in part.owned.attempts)
            seen += [(mine, found) for found in part.owned.suspected]
        until = now + intake.HANDED_OVER
        events = [sightings.keep(call, found, until, now) for call, found in seen]
        _bring_along(present, parts[-1], calls, now)
    log.info("call adopted", notification_id=row.id, calls=len(seen))
    hit("thaw.after_adoption")
    inbox.apply_each([event_id for event_id in events if event_id is not None], now)
    for call, found in seen:
        named = (call.provider, call.account, found.external_id)
        restored.wake(papers.events.get(named, []), now)


def _write_all(
    present: Notification, part: Part, papers: Papers, number: int, now: datetime
) -> list[tuple[AnyAttempt, Found]]:
    return [
        (_write(present, part, at, found, papers, now), found)
        for at, found in enumerate(part.owned.attempts, number)
    ]


def _write(
    present: Notification, part: Part, number: int, found: Found, papers: Papers, now: datetime
) -> AnyAttempt:
    """The row of one attempt, under the id that it had before if that is known."""
    way, line, _ = part
    former = papers.ids.get((line.provider, line.account, found.external_id))
    known = former is not None and _unheard_of(former)
    call = restored.adopt(
        line.channel,
        now,
        **({"id": former} if known else {}),
        organization=present.organization_id,
        mode=present.mode,
        notification=present.id,
        booking=present.booking_id,
        step=way.number,
        attempt=number,
        provider=line.provider,
        account=line.account,
        external_id=found.external_id,
        from_address=line.address,
        to_address=way.address,
        to_hash=way.address_hash,
        created_at=found.created_at,
        lookup_at=outcomes.first_look(now),
    )
    if call is None:
        raise Changed
    return call


def _unheard_of(attempt_id: str) -> bool:
    table = table_with(attempt_id)
    return table.get_or_none(table.id == attempt_id) is None


def _bring_along(row: Notification, last: Part, calls: int, now: datetime) -> None:
    """The notification is where its calls are. Further calls of one step count as repeats."""
    changes: dict[str, Any] = {"tries": row.tries + calls}
    if last.way.number > row.step:
        changes |= steps.onward(row, last.way.number) | {"repeats": len(last.owned.attempts) - 1}
    else:
        changes["repeats"] = row.repeats + calls - (row.state in PENDING)
    if row.state != N.SENDING:
        moved = Notification.move(row, N.SENDING, now, slot_at=None, reason=None, **changes)
        assert moved, "the row is locked"
    else:
        Notification.carry(row.id, **changes)


def not_confirmed(notification_id: str, now: datetime) -> bool:
    """End a notification of which nobody can say whether it left; False when it has moved on. It is
    never called by guess, but it can be replayed by hand."""
    with atomic():
        row = Notification.locked(notification_id)
        moved = row.finished_at is None and Notification.move(
            row, N.UNKNOWN, now, from_=[*PENDING, N.SENDING],
            finished_at=now, slot_at=None, reason=Reason.NOT_CONFIRMED,
        )  # fmt: skip
        if moved:
            DeadLetter.bury(row, Reason.NOT_CONFIRMED, now)
    hit("thaw.after_adoption")
    return bool(moved)

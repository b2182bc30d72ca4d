"""Sequences: made, changed, paused and ended as a whole."""

from collections.abc import Mapping
from collections.abc import Sequence as Items
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.domain import sequences
from gateway.domain.channel_plan import Plan
from gateway.domain.errors import Conflict, Invalid, NotFound
from gateway.domain.sequences import Step
from gateway.models import enrolment_notifications
from gateway.models.base import atomic, new_id
from gateway.models.enrolment import Enrolment
from gateway.models.feed import FeedEntry, entry
from gateway.models.listing import Position
from gateway.models.sequence import Sequence
from gateway.usecases import courses, jobs, step_words, stopping
from gateway.usecases.accounts import Caller
from gateway.usecases.courses import Left

RENEW = "sequence.renew"
BATCH = 200
LEAVE_ON = sequences.LEAVE_ON


@dataclass(frozen=True)
class StepWanted:
    """A step as asked for: `id` is that of the step it is, None for a new one."""

    after_minutes: int
    channels: Plan
    words: Mapping[str, Any]
    id: str | None = None


def create(
    caller: Caller, name: str, steps: Items[StepWanted], leave_on: Items[str], now: datetime
) -> Sequence:
    """Make a sequence. Raises Invalid for a template that is not there."""
    made = [_step(wanted) for wanted in steps]
    step_words.require_templates(caller, made)
    with atomic():
        row: Sequence = Sequence.create(
            organization=caller.organization_id, mode=caller.mode, name=name,
            steps=[step.to_json() for step in made], leave_on=sorted(leave_on), created_at=now,
            updated_at=now,
        )  # fmt: skip
        _tell(row, "created", now)
    return row


def show(caller: Caller, sequence_id: str) -> Sequence:
    """One sequence. Raises NotFound."""
    found = Sequence.of(caller.organization_id, caller.mode, sequence_id)
    if found is None:
        raise NotFound
    return found


def counted(sequence: Sequence) -> dict[str, int]:
    """How many people are at which state of it."""
    return Enrolment.counted(sequence.id)


def search(
    caller: Caller, filters: dict[str, Any], limit: int, before: Position | None
) -> list[Sequence]:
    """Sequences newest first, older than `before` (created_at, id). Filters: name, archived."""
    return Sequence.search(caller.organization_id, caller.mode, filters, limit, before)


def change(
    caller: Caller, sequence_id: str, changes: dict[str, Any], version: int | None, now: datetime
) -> Sequence:
    """Change any of name, steps (StepWanted of each, in their order), leave_on. `version` is the
    one the client read. Whoever is enrolled goes on by the changed steps; a step that was done is
    not done again. Raises NotFound, Conflict (stale version, archived), Invalid."""
    with atomic():
        row = _locked(caller, sequence_id)
        if version is not None and version != row.version:
            raise Conflict("the sequence was changed since this version was read", "version")
        if row.archived_at is not None:
            raise Conflict("the sequence is archived")
        values = {name: changes[name] for name in ("name",) if name in changes}
        if "leave_on" in changes:
            values["leave_on"] = sorted(changes["leave_on"])
        if "steps" in changes:
            values["steps"] = _changed(caller, row, changes["steps"])
        values = {name: value for name, value in values.items() if getattr(row, name) != value}
        if values:
            Sequence.write(row, version=row.version + 1, updated_at=now, **values)
            _tell(row, "changed", now)
        if "steps" in values:
            _renew(row, now)
    return row


def _changed(caller: Caller, row: Sequence, wanted: Items[StepWanted]) -> list[dict[str, Any]]:
    known = {step.id for step in row.plan}
    for index, one in enumerate(wanted):
        if one.id is not None and one.id not in known:
            raise Invalid("is no step of this sequence", f"steps.{index}.id")
    made = [_step(one) for one in wanted]
    step_words.require_templates(caller, made)
    return [step.to_json() for step in made]


def _step(wanted: StepWanted) -> Step:
    return Step(
        id=wanted.id or new_id("st"), after_minutes=wanted.after_minutes,
        channels=wanted.channels, **wanted.words,
    )  # fmt: skip


def pause(caller: Caller, sequence_id: str, now: datetime) -> Sequence:
    """Let nothing of a sequence leave until it is resumed, whoever is enrolled or will be. Raises
    NotFound, Conflict when it is archived."""
    with atomic():
        row = _in_use(caller, sequence_id)
        if row.paused_at is None:
            Sequence.write(row, paused_at=now, updated_at=now)
            enrolment_notifications.hold_all_back(row.id, now)
            _tell(row, "paused", now)
    return row


def resume(caller: Caller, sequence_id: str, now: datetime) -> Sequence:
    """Go on with a paused sequence; whoever was paused alone stays so. Raises as `pause`."""
    with atomic():
        row = _in_use(caller, sequence_id)
        if row.paused_at is not None:
            Sequence.write(row, paused_at=None, updated_at=now)
            _tell(row, "resumed", now)
            _renew(row, now)
    return row


def stop(caller: Caller, sequence_id: str, now: datetime, *, archive: bool = False) -> Left:
    """End the course of everybody who is enrolled now, and with `archive` take no more of them.
    Nothing that did not leave will, though the enrolments come to their ends one after the other.
    Raises NotFound."""
    with atomic():
        row = _locked(caller, sequence_id)
        if archive and row.archived_at is not None:
            return Left()
        archived = {"archived_at": now} if archive else {}
        Sequence.write(row, stopped_at=now, updated_at=now, **archived)
        _tell(row, "archived" if archive else "stopped", now)
        _renew(row, now)
        away = enrolment_notifications.under_way(row.id)
        return Left(all(one.finished_at for one in away), stopping.stop(away, now))


def renew(sequence_id: str, now: datetime) -> None:
    """Bring a change of a sequence to those who are enrolled: the next so many, and then plan the
    rest. Safe to repeat."""
    row: Sequence | None = Sequence.get_or_none(Sequence.id == sequence_id)
    if row is None:
        return
    ids = Enrolment.live_after(sequence_id, row.renewed_to, BATCH)
    for enrolment_id in ids:
        with atomic():
            one = Enrolment.locked(enrolment_id)
            if one is not None:
                courses.renew(one, now)
    with atomic():
        present = Sequence.locked(row.organization_id, row.mode, sequence_id)
        if present is None or present.renewals != row.renewals:
            return  # it was changed again, and begins anew
        if len(ids) == BATCH:
            Sequence.write(present, renewed_to=ids[-1])
            jobs.plan(RENEW, sequence_id, now, now, row.organization_id, row.mode)


def _renew(row: Sequence, now: datetime) -> None:
    Sequence.write(row, renewals=row.renewals + 1, renewed_to="")
    jobs.plan(RENEW, row.id, now, now, row.organization_id, row.mode)


def _locked(caller: Caller, sequence_id: str) -> Sequence:
    row = Sequence.locked(caller.organization_id, caller.mode, sequence_id)
    if row is None:
        raise NotFound
    return row


def _in_use(caller: Caller, sequence_id: str) -> Sequence:
    row = _locked(caller, sequence_id)
    if row.archived_at is not None:
        raise Conflict("the sequence is archived")
    return row


def _tell(row: Sequence, what: str, now: datetime) -> None:
    said = entry(row.organization_id, row.mode, now, "sequence", row.id, what)
    FeedEntry.append([said])

"""Who puts things right by hand, how far they see, and what came of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.models.reach import Reach
from gateway.models.records import AuditEntry
from gateway.providers import all_providers
from gateway.usecases.accounts import Caller

Position = tuple[datetime, str]
COMMAND_LINE = "command line"
BATCH = 200


@dataclass(frozen=True)
class Operator:
    """Whoever acts: an admin key, or somebody at the command line, who has none."""

    reach: Reach
    key_id: str | None = None
    person: str = COMMAND_LINE
    request_id: str | None = None


@dataclass
class Tally:
    """What a replay or a discard comes to. `expired` and `skipped` are left alone: the time of the
    former is over, the latter are no longer where they failed. `remaining` would go as well, and
    wait for the next call. `ids` are what was taken on, oldest first, `last` the position after
    which the next call goes on."""

    notifications: int = 0
    events: int = 0
    jobs: int = 0
    expired: int = 0
    skipped: int = 0
    remaining: int = 0
    people: set[str] = field(default_factory=set)  # one entry for each distinct address
    ids: list[str] = field(default_factory=list)
    last: Position | None = None

    def add(self, further: "Tally") -> None:
        """Take in the next batch of the same selection."""
        self.notifications += further.notifications
        self.events += further.events
        self.jobs += further.jobs
        self.skipped += further.skipped
        self.people |= further.people
        self.ids += further.ids


def key_holder(caller: Caller, request_id: str) -> Operator:
    """The operator that a key stands for."""
    return Operator(reach(caller), caller.key_id, caller.person, request_id)


def reach(caller: Caller) -> Reach:
    """How far a key sees: its organization and mode."""
    return Reach(caller.organization_id, caller.mode, _accounts(caller.mode))


def at_the_console(organization_id: str | None, mode: str | None) -> Operator:
    """Somebody at the command line; None is all organizations, or both modes."""
    return Operator(Reach(organization_id, mode, _accounts(mode) if mode else frozenset()))


def everything(
    work: Callable[..., Tally],
    operator: Operator,
    filters: dict[str, Any],
    now: datetime,
    *,
    dry_run: bool,
) -> Tally:
    """Replay or discard all that meets the filters and was there at `now`, in batches, each in a
    transaction of its own. What fails again meanwhile is left for another time."""
    bounded = {**filters, "to": min(filters.get("to", now), now)}
    total = part = work(operator, bounded, now, dry_run=dry_run, limit=BATCH)
    while part.last is not None:
        part = work(operator, bounded, now, dry_run=dry_run, limit=BATCH, after=part.last)
        total.add(part)
    total.remaining = 0
    return total


def _accounts(mode: str) -> frozenset[tuple[str, str]]:
    """The provider accounts of a mode: what came through them belongs to it."""
    known = ((provider.name, provider.account(mode)) for provider in all_providers())
    return frozenset((name, account) for name, account in known if account is not None)


def note(
    operator: Operator, action: str, of: Iterable[tuple[str | None, str]], now: datetime
) -> None:
    """Write what was done to these objects (organization, id) into the audit ledger. What is of no
    organization goes to the operator's; when the operator has none either, to the ledger of what
    is of all, but for the command line, which has none."""
    by_organization: dict[str | None, list[str]] = {}
    for organization_id, object_id in of:
        owner = organization_id or operator.reach.organization_id
        if owner is not None or operator.key_id is not None:
            by_organization.setdefault(owner, []).append(object_id)
    for owner, objects in by_organization.items():
        AuditEntry.create(
            organization=owner,
            at=now,
            key=operator.key_id,
            person=operator.person,
            action=action,
            objects=objects,
            request_id=operator.request_id,
        )

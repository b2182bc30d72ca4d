"""Rows of a database that was restored from an older backup: what may have left in the time that it
lost, and the calls that are taken into it again."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.domain.channel_plan import Step
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.models.attempts import AnyAttempt, table_of
from gateway.models.contact import Contact
from gateway.models.hold import EVERYTHING, Hold
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent

_PAGE = 2000
_UNFINISHED = (N.SCHEDULED, N.DUE, N.SENDING, N.UNKNOWN)


@dataclass(frozen=True)
class Way:
    """One step of a channel plan, and the address by which it reaches its person."""

    number: int
    planned: Step
    address: str = field(repr=False)
    address_hash: str = field(repr=False)

    @property
    def channel(self) -> str:
        """Its channel's name."""
        return self.planned.channel


@dataclass(frozen=True)
class Unfinished:
    """What is asked about one notification without an outcome. `ways` are the steps of its plan
    from the present one, `step`, on, but for those for which its person has no address."""

    id: str
    organization_id: str
    mode: str
    step: int
    ways: tuple[Way, ...]
    due_at: datetime
    expires_at: datetime
    state: str
    tries: int
    next_attempt_at: datetime | None
    held_by: str | None


def freeze(reason: str, now: datetime, known_until: datetime) -> bool:
    """Put the hold on everything; False when it is there already."""
    made = Hold.insert(scope=EVERYTHING, reason=reason, since=now, known_until=known_until)
    return bool(list(made.on_conflict_ignore().returning(Hold.id).execute()))


def freeze_again(now: datetime) -> None:
    """Have the hold on everything begin now; what the database knew when it first began stays."""
    Hold.update(since=now).where(Hold.scope == EVERYTHING).execute()


def unfinished(made_before: datetime, due_until: datetime) -> Iterator[Unfinished]:
    """Notifications without an outcome that were made before one moment and due by another."""
    row, last = Notification, ""
    columns = (
        row.id, row.organization, row.mode, row.plan, row.step, Contact.phone, Contact.phone_hash,
        Contact.email, Contact.email_hash, row.due_at, row.expires_at, row.state, row.tries,
        row.next_attempt_at, row.held_by,
    )  # fmt: skip
    while True:
        page = (
            row.select(*columns)
            .join(Contact)
            .where(
                row.id > last,
                row.state.in_(_UNFINISHED),
                row.finished_at.is_null(),
                row.created_at < made_before,
                row.due_at <= due_until,
            )
            .order_by(row.id)
            .limit(_PAGE)
        )
        found: list[tuple[Any, ...]] = list(_tuples(page))
        for id_, organization, mode, plan, step, *more in found:
            ways = tuple(_ways(plan, step, tuple(more[:2]), tuple(more[2:4])))
            yield Unfinished(id_, organization, mode, step, ways, *more[4:])
        if len(found) < _PAGE:
            return
        last = found[-1][0]


def _ways(
    plan: list[dict[str, Any]], step: int, phone: tuple[Any, ...], mail: tuple[Any, ...]
) -> Iterator[Way]:
    for number, kept in enumerate(plan[step:], step):
        address, hashed = mail if kept["channel"] == "email" else phone
        if address:
            planned = Step(kept["channel"], kept.get("unless"), kept.get("within_minutes"))
            yield Way(number, planned, address, hashed or "")


def _tuples(query: Any) -> Iterable[tuple[Any, ...]]:
    found: Iterable[tuple[Any, ...]] = query.tuples()
    return found


def owned(channel: str, provider: str, account: str, external_ids: Sequence[str]) -> set[str]:
    """Those of the ids that an attempt has."""
    table = table_of(channel)
    known: set[str] = set()
    for start in range(0, len(external_ids), 500):
        some = external_ids[start : start + 500]
        found = table.select(table.external_id).where(
            table.provider == provider, table.account == account, table.external_id.in_(some)
        )
        known |= {id_ for (id_,) in _tuples(found)}
    return known


def nameless(
    channel: str, provider: str, account: str, address: str, to_hash: str
) -> list[datetime]:
    """When attempts were made on a line of which it is not known whether they were placed."""
    table = table_of(channel)
    open_ = table.state.in_([table.BEGUN, table.UNKNOWN])
    given_up = (table.state == table.FAILED) & (table.reason == Reason.NOT_CONFIRMED)
    found = table.select(table.created_at).where(
        table.provider == provider,
        table.account == account,
        table.from_address == address,
        table.to_hash == to_hash,
        table.external_id.is_null(),
        open_ | given_up,
    )
    return [made for (made,) in _tuples(found)]


def adopt(channel: str, now: datetime, **values: Any) -> AnyAttempt | None:
    """An attempt of a call or message that the provider has; None when another has it, or its
    place."""
    table = table_of(channel)
    kind = {} if channel == "voice" else {"channel": channel}
    made = table.insert(state=table.TAKEN, **kind, **values).on_conflict_ignore()
    row: AnyAttempt | None = next(iter(made.returning(table).execute()), None)
    if row is not None:
        row.tell(now)
    return row


def parked() -> Iterator[tuple[str, tuple[str, str, str], str | None]]:
    """Events that wait for a call which nobody knows: id, the provider's (name, account, call id),
    and the id of a call of ours that their address names."""
    event = ProviderEvent
    columns = (event.id, event.provider, event.account, event.external_id, event.attempt_hint)
    waiting = event.select(*columns).where(
        event.organization.is_null(), event.applied_at.is_null(), event.state == "parked",
        event.external_id.is_null(False),
    )  # fmt: skip
    for id_, provider, account, external_id, hint in _tuples(waiting):
        yield id_, (provider, account, external_id), hint


def wake(event_ids: Sequence[str], now: datetime) -> None:
    """Have parked events applied at the next occasion."""
    ProviderEvent.update(next_attempt_at=now).where(
        ProviderEvent.id.in_(list(event_ids)), ProviderEvent.state == "parked"
    ).execute()

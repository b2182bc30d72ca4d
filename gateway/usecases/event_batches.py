"""Applying many provider events by few statements: reports of how calls and messages go, in one
transaction. All that is more than that, and all when anything is wrong, is applied one by one."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import structlog

from gateway.domain.callback import EventKind
from gateway.domain.callback import ProviderEvent as Told
from gateway.domain.outcomes import Reason
from gateway.failpoints import hit
from gateway.models import event_batch, gathering
from gateway.models.attempts import AnyAttempt
from gateway.models.base import atomic, is_lost
from gateway.models.call_log import CallLog
from gateway.models.message_log import MessageLog
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import ending, happenings, inbox

log = structlog.get_logger(__name__)

TABLES: dict[str, event_batch.Table] = {
    EventKind.CALL_STATUS: CallLog,
    EventKind.MESSAGE_STATUS: MessageLog,
}
Plain = tuple[ProviderEvent, Told, AnyAttempt]


def apply(event_ids: Sequence[str], now: datetime) -> None:
    """Apply stored events, each once. One whose application fails is put off and stops no other.
    Raises only when the database is away. Safe to run any number of times."""
    left = event_ids if len(event_ids) < 2 else _together(event_ids, now)
    inbox.apply_each(left, now)


def _together(event_ids: Sequence[str], now: datetime) -> Sequence[str]:
    """Apply what is plain; the ids of the others."""
    try:
        with atomic(), gathering.gathered(event_batch.change) as kept:
            events = event_batch.waiting(event_ids)
            plain = _plain(events)
            owners = {about.notification_id for _, _, about in plain} - {None}
            kept.hold(event_batch.notifications([str(one) for one in owners]))
            for event, told, about in plain:
                kept.own(about)
                happenings.apply(about, event, told, now)
            hit("inbox.mid_apply")
            _settle(plain, now)
            event_batch.write(kept)
    except Exception as fault:
        if is_lost(fault):
            raise
        log.warning("events not applied together", error=type(fault).__name__)
        return event_ids
    for event, _, about in plain:
        log.info("provider event processed", event_id=event.id, attempt_id=about.id)
        if isinstance(about, CallLog) and ending.is_due(about):
            ending.end(about.id, now)
    done = {event.id for event, _, _ in plain}
    return [event.id for event in events if event.id not in done]


def _plain(events: Sequence[ProviderEvent]) -> list[Plain]:
    """Of these events those that tell alone how a known call or message goes, with that, locked;
    one for each call or message."""
    told: dict[event_batch.Table, dict[tuple[str, str], dict[str, tuple[ProviderEvent, Told]]]]
    told = defaultdict(lambda: defaultdict(dict))
    for event in events:
        said = inbox.plain(event) if event.kind in TABLES else None
        if said is None or (said.failure and said.failure.reason == Reason.OPTED_OUT):
            continue
        told[TABLES[event.kind]][event.provider, event.account].setdefault(
            said.external_id, (event, said)
        )
    return [
        (*of_account[str(about.external_id)], about)
        for table in TABLES.values()
        for account, of_account in told[table].items()
        for about in event_batch.attempts(table, *account, of_account)
        if about.erased_at is None
    ]


def _settle(plain: Sequence[Plain], now: datetime) -> None:
    for table in TABLES.values():
        ids = [event.id for event, _, about in plain if isinstance(about, table)]
        if ids:
            event_batch.settle(table, ids, now)

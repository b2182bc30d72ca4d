"""Dead letters: what failed for good, with its history, until somebody replays or discards it."""

from datetime import datetime
from typing import Any

from peewee import CharField, ForeignKeyField, JSONField

from gateway.models import attempts
from gateway.models.base import Row, UTCField, id_field
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.models.provider_event import ProviderEvent

NOTIFICATION, EVENT, JOB = "notification", "event", "job"
REPLAYED, DISCARDED = "replayed", "discarded"


class DeadLetter(Row):
    """One letter about one notification, provider event or job. An object has at most one open
    letter (`resolved_at` is null): a partial unique index sees to it. `history` is everything that
    happened to the object until the letter was written, oldest first."""

    id = id_field("dl")
    organization = ForeignKeyField(Organization, index=False, null=True)
    organization_id: str | None
    mode = CharField(max_length=4, null=True)
    object = CharField(max_length=20)
    object_id = CharField(max_length=40)
    reason = CharField(max_length=200)
    history = JSONField(default=list)
    created_at = UTCField()
    resolved_at = UTCField(null=True)
    resolution = CharField(max_length=20, null=True)  # replayed | discarded
    subject: Notification  # joined by dead_letter_search where it is about one
    event: ProviderEvent  # likewise
    job: Job  # likewise

    class Meta:
        indexes = (
            (("object", "object_id"), False),
            (("organization", "mode", "created_at", "id"), False),
        )

    @classmethod
    def bury(cls, row: Notification | ProviderEvent | Job, reason: str, now: datetime) -> bool:
        """Write the letter of a notification, an event or a job that failed for good. False when
        it has an open one already. Call it in the transaction that makes the failure final."""
        mode: str | None
        if isinstance(row, Notification):
            object_, mode, steps = NOTIFICATION, row.mode, _attempts(row.id)
        elif isinstance(row, Job):
            object_, mode, steps = JOB, row.mode, []
        else:
            object_, mode, steps = EVENT, None, _told(row)
        letter = cls.insert(
            organization=row.organization_id,
            mode=mode,
            object=object_,
            object_id=row.id,
            reason=reason[:200],
            history=sorted([*cls._earlier(object_, row.id), *steps], key=lambda step: step["at"]),
            created_at=now,
        )
        return bool(list(letter.on_conflict_ignore().returning(cls.id).execute()))

    @classmethod
    def resolve(cls, object_: str, object_id: str, resolution: str, now: datetime) -> bool:
        """Close the open letter of an object; False when there is none."""
        closed = cls.update(resolved_at=now, resolution=resolution).where(
            cls.object == object_, cls.object_id == object_id, cls.resolved_at.is_null()
        )
        return bool(closed.execute())

    @classmethod
    def _earlier(cls, object_: str, object_id: str) -> list[dict[str, Any]]:
        """What became of the letters that the object had before."""
        steps = []
        closed = cls.select().where(
            cls.object == object_, cls.object_id == object_id, cls.resolved_at.is_null(False)
        )
        for letter in closed:
            steps.append(_step(letter.created_at, "buried", reason=letter.reason))
            steps.append(_step(letter.resolved_at, str(letter.resolution)))
        return steps


def _step(at: datetime, what: str, **known: Any) -> dict[str, Any]:
    """One entry of a history; `at` is ISO 8601 in UTC, which sorts as text."""
    return {"at": at.isoformat(timespec="microseconds"), "what": what, **known}


def _attempts(notification_id: str) -> list[dict[str, Any]]:
    return [
        _step(
            one.created_at,
            "attempt",
            attempt=one.attempt,
            **{f"{one.OBJECT}_id": one.id},
            state=str(one.state),
            reason=one.reason,
            provider_status=one.provider_status,
            provider_code=one.provider_code,
        )
        for one in attempts.of_notifications([notification_id])
    ]


def _told(event: ProviderEvent) -> list[dict[str, Any]]:
    return [_step(event.received_at, "received", provider_status=event.status)]

"""The queue of record: one row for each thing to tell one person at one moment."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from peewee import Case, CharField, ForeignKeyField, IntegerField, JSONField

from gateway.domain.lifecycle import NOTIFICATION_MOVES, PENDING, NotificationState, sources
from gateway.models.base import Row, UTCField, atomic, id_field, lock
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.feed import FeedEntry, entry
from gateway.models.organization import Organization
from gateway.models.upcoming import wrote

N = NotificationState
# Stands in `slot_at` of a row that waited for its sender and was let go: it may take a slot.
LET_GO = datetime(2000, 1, 1, tzinfo=UTC)
OPEN = (*PENDING, N.SENDING, N.UNKNOWN)  # may still leave, or be tried again


class _Overtaken(Exception):
    """A row passed the gate while an UPDATE waited for it. PostgreSQL has locked it all the same,
    and whoever brings news of its call waits for it with the call locked: undone, the UPDATE lets
    go of it."""


class Notification(Row):
    """One intent. `next_attempt_at` is set while it is scheduled, `lease_until` while a clock, a
    worker or a look-up holds it; everything else about its turn is in `state` and `claim`."""

    id = id_field("nt")
    organization = ForeignKeyField(Organization, index=False, backref="notifications")
    organization_id: str
    mode = CharField(max_length=4)
    subject_type = CharField(max_length=20)
    subject_id = CharField(max_length=40)
    schedule_version = IntegerField(default=1)
    rule = CharField(max_length=120)
    number = IntegerField(default=1)
    kind = CharField(max_length=20)
    purpose = CharField(max_length=20)
    booking = ForeignKeyField(Booking, backref="notifications", null=True)
    booking_id: str | None
    contact = ForeignKeyField(Contact, backref="notifications")
    contact_id: str
    plan = JSONField(default=list)  # ordered steps: [{"channel": …}]
    step = IntegerField(default=0)
    wording = JSONField(default=dict)  # {"say": …} as given; rendered when it is sent
    metadata = JSONField(default=dict)
    due_at = UTCField()
    expires_at = UTCField()
    next_attempt_at = UTCField(null=True)
    lease_until = UTCField(null=True)
    slot_at = UTCField(null=True)  # the sender's slot reserved for the next attempt, or LET_GO
    claim = IntegerField(default=0)
    tries = IntegerField(default=0)  # attempts made
    failures = IntegerField(default=0)  # technical ones in a row
    repeats = IntegerField(default=0)  # further calls because somebody was busy or did not answer
    held_by = CharField(max_length=160, null=True)  # the hold or sender it waits for
    state = CharField(max_length=12)
    reason = CharField(max_length=40, null=True)
    failure_class = CharField(max_length=10, null=True)
    cancel_requested_at = UTCField(null=True)
    created_at = UTCField()
    finished_at = UTCField(null=True)

    class Meta:
        indexes = (
            (("subject_type", "subject_id", "schedule_version", "rule", "number"), True),
            (("organization", "mode", "state"), False),
        )

    @property
    def channel(self) -> str:
        """The channel of the step it is at."""
        return str(self.plan[self.step]["channel"])

    @classmethod
    def of_subject(cls, subject_type: str, subject_id: str) -> list["Notification"]:
        """All notifications of one subject, in the order in which they fall due."""
        return list(
            cls.select(cls, Contact)
            .join(Contact)
            .where(cls.subject_type == subject_type, cls.subject_id == subject_id)
            .order_by(cls.due_at, cls.rule, cls.number)
        )

    @classmethod
    def add(cls, rows: list[dict[str, Any]]) -> None:
        """Insert notifications with their feed entries. Call it inside a transaction."""
        for start in range(0, len(rows), 100):
            cls.insert_many(rows[start : start + 100]).execute()
        for row in rows:
            wrote(row["next_attempt_at"])
        FeedEntry.append([told(row, row["created_at"]) for row in rows])

    @classmethod
    def move(
        cls,
        row: "Notification",
        to: NotificationState,
        now: datetime,
        *,
        only_claim: bool = False,
        from_: Iterable[NotificationState] | None = None,
        **changes: Any,
    ) -> bool:
        """One legal move of the lifecycle, as one conditional UPDATE with its feed entry. False
        when the row was not (any more) in a state from which it may be made. `only_claim` asks
        in addition that nobody claimed it since it was read. `row` is brought up to date."""
        legal = sources(NOTIFICATION_MOVES, to)
        before = legal if from_ is None else legal & frozenset(from_)
        ends = to not in (N.SCHEDULED, N.DUE, N.SENDING, N.UNKNOWN)
        stands = {"next_attempt_at": None, "lease_until": None, "held_by": None}
        values = {"state": to, **stands, **changes}
        if ends:
            values = {"finished_at": now, "slot_at": None, **values}
        where = [cls.id == row.id, cls.state.in_(before)]
        if only_claim:
            where.append(cls.claim == row.claim)
        with atomic():
            if not cls.update(**values).where(*where).execute():
                return False
            for name, value in values.items():
                setattr(row, name, value)
            wrote(row.next_attempt_at)
            FeedEntry.append([told(row.__data__, now)])
        return True

    @classmethod
    def locked(cls, notification_id: str) -> "Notification":
        """A row that is there, locked until the transaction ends."""
        row: Notification = lock(cls.select().where(cls.id == notification_id)).get()
        return row

    @classmethod
    def held(cls, notification_id: str, claim: int) -> "Notification | None":
        """The due row that this claim holds, locked; None when it was used or taken back."""
        # Without its contact: PostgreSQL would look at the join again after waiting for the lock,
        # and pass over a row whose contact was replaced meanwhile.
        query = cls.select().where(
            cls.id == notification_id, cls.claim == claim, cls.state == N.DUE
        )
        return next(iter(lock(query)), None)

    @classmethod
    def carry(cls, notification_id: str, **values: Any) -> None:
        """Bring a row that may still leave in step with its edited subject; where it stands does
        not change, but that one which is held back waits for its own end."""
        if "expires_at" in values:
            held = (cls.held_by.is_null(False), cls.expires_at.to_value(values["expires_at"]))
            values["next_attempt_at"] = Case(None, [held], cls.next_attempt_at)
        cls.update(**values).where(cls.id == notification_id, cls.state.in_(OPEN)).execute()

    @classmethod
    def let_go(cls, notification_id: str, claim: int) -> None:
        """Nobody holds the attempt of this row any more; its state stays."""
        mine = (cls.id == notification_id, cls.claim == claim)
        taken = cls.update(lease_until=None).where(*mine, cls.state.in_([N.SENDING, N.UNKNOWN]))
        taken.execute()

    @classmethod
    def settle_unknown(cls, row: "Notification", now: datetime, reason: str) -> bool:
        """Make `unknown` the outcome of a row that is being resolved; False when it has one."""
        settled = cls.update(finished_at=now, reason=reason, lease_until=None).where(
            cls.id == row.id, cls.state == N.UNKNOWN, cls.finished_at.is_null()
        )
        if not settled.execute():
            return False
        row.finished_at, row.reason = now, reason
        FeedEntry.append([told(row.__data__, now)])
        return True

    @classmethod
    def ask_to_cancel(cls, ids: Sequence[str], now: datetime) -> None:
        """Remember a cancel for rows that are already at the provider."""
        cls.update(cancel_requested_at=now).where(
            cls.id.in_(list(ids)), cls.cancel_requested_at.is_null()
        ).execute()

    @classmethod
    def cancel_pending(
        cls,
        subject_type: str,
        subject_id: str,
        now: datetime,
        reason: str,
        keep: Iterable[str] = (),
    ) -> list[str]:
        """Cancel what has not passed the start gate, but for the ids to keep. Returns the ids."""
        which = (
            cls.subject_type == subject_type,
            cls.subject_id == subject_id,
            cls.state.in_(PENDING),
            cls.id.not_in(list(keep)),
        )
        gone = {"next_attempt_at": None, "lease_until": None, "held_by": None, "finished_at": now}
        query = cls.update(state=N.CANCELED, reason=reason, **gone).returning(cls)
        with atomic():
            free = lock(cls.select(cls.id).where(*which), skip_locked=True)
            rows = list(query.where(cls.id.in_(free)).execute())
            for busy in list(cls.select(cls.id).where(*which)):
                with suppress(_Overtaken), atomic():
                    waited_for = list(query.where(cls.id == busy.id, *which).execute())
                    if not waited_for:
                        raise _Overtaken
                    rows += waited_for
            FeedEntry.append([told(row.__data__, now) for row in rows])
        return [row.id for row in rows]

    @classmethod
    def under_way(cls, subject_type: str, subject_id: str) -> list["Notification"]:
        """Those of a subject that are at the provider or being resolved, and those that were given
        up as not confirmed: their call may still turn up."""
        return list(
            cls.select().where(
                cls.subject_type == subject_type,
                cls.subject_id == subject_id,
                cls.state.in_([N.SENDING, N.UNKNOWN]),
            )
        )


def told(row: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The feed row that tells where a notification stands."""
    reason = row.get("reason")
    return entry(
        row["organization"],
        row["mode"],
        now,
        "notification",
        row["id"],
        str(row["state"]),
        str(reason) if reason else None,
    )

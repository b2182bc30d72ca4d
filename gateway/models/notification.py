"""The queue of record: one row for each thing to tell one person at one moment."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from peewee import Case, CharField, ForeignKeyField, IntegerField, JSONField, fn

from gateway import tracing
from gateway.domain.lifecycle import NOTIFICATION_MOVES, PENDING, NotificationState, sources
from gateway.models import gathering, reminder_counts
from gateway.models.base import Row, UTCField, id_field, locking, whole
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.feed import FeedEntry, entry
from gateway.models.many import Statement, at_once, inserting
from gateway.models.organization import Organization
from gateway.models.prepared import changing
from gateway.models.upcoming import wrote

N = NotificationState
# Stands in `slot_at` of a row that waited for its sender and was let go: it may take a slot.
LET_GO = datetime(2000, 1, 1, tzinfo=UTC)
OPEN = (*PENDING, N.SENDING, N.UNKNOWN)  # may still leave, or be tried again


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
    plan = JSONField(default=list)  # ordered steps: [{"channel": …, "unless": …}]
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
    lane = CharField(max_length=14, default="voice:3")  # queue and priority, by which it is claimed
    step_until = UTCField(null=True)  # when the next step of its plan begins, unless …
    held_by = CharField(max_length=160, null=True)  # the hold or sender it waits for
    state = CharField(max_length=12)
    reason = CharField(max_length=40, null=True)
    failure_class = CharField(max_length=10, null=True)
    cancel_requested_at = UTCField(null=True)
    created_at = UTCField()
    finished_at = UTCField(null=True)
    erased_at = UTCField(null=True)  # nothing personal is left in it since then
    traceparent = CharField(max_length=55, null=True)  # of the request or job that made it

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
    def waiting(cls, organization_id: str, purpose: str) -> int:
        """How many of a kind of work wait for their turn to leave, in both modes."""
        return int(
            cls.select()
            .where(cls.organization == organization_id, cls.mode.in_(["live", "test"]),
                   cls.state.in_(PENDING), cls.purpose == purpose)
            .count()
        )  # fmt: skip

    @classmethod
    def after(cls, row: "Notification") -> datetime | None:
        """The moment of the next notification of the same repeating rule, be it still to come or
        brought forward and sent by now; None after the last."""
        return (  # type: ignore[no-any-return]
            cls.select(fn.MIN(cls.due_at))
            .where(
                cls.subject_type == row.subject_type,
                cls.subject_id == row.subject_id,
                cls.rule == row.rule,
                cls.due_at > row.due_at,
                cls.state != N.CANCELED,
            )
            .scalar()
        )

    @classmethod
    def add(
        cls,
        rows: list[dict[str, Any]],
        also: Sequence[dict[str, Any]] = (),
        beside: Sequence[Statement] = (),
    ) -> "list[Notification]":
        """Insert notifications with their feed entries, those `also` told of, which are about what
        this transaction made, and what is to be written `beside` them, in one statement where the
        database can. Call it inside a transaction."""
        here = tracing.here()
        made = [cls.made({**row, "traceparent": here}) for row in rows]
        said = [told(row, row["created_at"]) for row in rows] + list(also)
        written = [inserting(cls, [row.__data__ for row in made])] if made else []
        written += [FeedEntry.appending(said, first=True)] if said else []
        if written or beside:
            at_once([*written, *beside])
        for row in made:
            wrote(row.next_attempt_at)
        return made

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
        if to not in (N.SENDING, N.UNKNOWN):
            stands["step_until"] = None
        values = {"state": to, **stands, **changes}
        if ends:
            values = {"finished_at": now, "slot_at": None, **values}
        with whole():
            moved = gathering.change(row, before, values)
            if moved is None:
                change = changing(cls, tuple(values), frozenset(before), only_claim)
                moved = bool(change.run(of=row.id, under=row.claim, **values))
            if not moved:
                return False
            for name, value in values.items():
                setattr(row, name, value)
            wrote(row.next_attempt_at)
            FeedEntry.append([told(row.__data__, now)])
            reminder_counts.ended(row.purpose, to, row.reason)
        return True

    @classmethod
    def locked(cls, notification_id: str) -> "Notification":
        """A row that is there, locked until the transaction ends."""
        kept: Notification | None = gathering.take(notification_id)
        if kept is not None:
            return kept
        rows: list[Notification] = locking(cls, ("id",)).rows(id=notification_id)
        if not rows:
            raise cls.DoesNotExist  # type: ignore[attr-defined]
        return rows[0]

    @classmethod
    def held(cls, notification_id: str, claim: int) -> "Notification | None":
        """The due row that this claim holds, locked; None when it was used or taken back."""
        # Without its contact: PostgreSQL would look at the join again after waiting for the lock,
        # and pass over a row whose contact was replaced meanwhile.
        mine = locking(cls, ("id", "claim", "state"))
        return next(iter(mine.rows(id=notification_id, claim=claim, state=N.DUE)), None)

    @classmethod
    def carry(cls, notification_id: str, opens_at: datetime | None = None, **values: Any) -> None:
        """Bring a row that may still leave in step with its edited subject; where it stands does
        not change, but that one which is held back waits for its own end, and one that waits, but
        not between two tries, is looked at when it `opens_at`."""
        moment = cls.next_attempt_at
        cases = []
        if "expires_at" in values:
            cases.append((cls.held_by.is_null(False), moment.to_value(values["expires_at"])))
        if opens_at is not None:
            waits = (cls.state == N.SCHEDULED) & cls.held_by.is_null() & cls.slot_at.is_null()
            fresh = waits & (cls.failures == 0) & (cls.repeats == 0)
            cases.append((fresh, moment.to_value(opens_at)))
            wrote(opens_at)
        if cases:
            values["next_attempt_at"] = Case(None, cases, moment)
        cls.update(**values).where(cls.id == notification_id, cls.state.in_(OPEN)).execute()

    @classmethod
    def let_go(cls, notification_id: str, claim: int, step_until: datetime | None = None) -> None:
        """Nobody holds the attempt of this row any more; its state stays. At `step_until` the next
        step of its plan begins."""
        free: dict[str, Any] = {"lease_until": None}
        if step_until is not None:
            free["step_until"] = step_until
        taken = changing(cls, tuple(free), frozenset((N.SENDING, N.UNKNOWN)), True)
        taken.run(of=notification_id, under=claim, **free)

    @classmethod
    def settle_unknown(cls, row: "Notification", now: datetime, reason: str) -> bool:
        """Make `unknown` the outcome of a row that is being resolved; False when it has one."""
        done = {"finished_at": now, "reason": reason, "lease_until": None, "step_until": None}
        settled = cls.update(**done).where(
            cls.id == row.id, cls.state == N.UNKNOWN, cls.finished_at.is_null()
        )
        if not settled.execute():
            return False
        row.finished_at, row.reason = now, reason
        FeedEntry.append([told(row.__data__, now)])
        reminder_counts.given_up(row.purpose, reason)
        return True


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

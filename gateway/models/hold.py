"""What holds sending back: everything (frozen), or one account of one provider."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from peewee import CharField, IntegerField, fn

from gateway.kinds import REMINDERS as REMINDERS
from gateway.models import gathering
from gateway.models.base import Row, UTCField, db, dialect, id_field
from gateway.models.listed import among, listed
from gateway.models.notification import Notification
from gateway.models.prepared import Prepared

EVERYTHING = "all"
PROVIDER, SENDER, CHANNEL = "provider|", "sender|", "channel|"
COURSE = "enrolment"  # what waits until its own course is resumed; no hold ever has this name


def provider_scope(provider: str, account: str) -> str:
    """The scope of one account of one provider."""
    return f"{PROVIDER}{provider}|{account}"


def queue_scope(queue: str, organization_id: str | None = None) -> str:
    """The scope of all that goes through one queue, an organization's or everybody's."""
    return _of(f"queue|{queue}", organization_id)


def kind_scope(purpose: str, organization_id: str | None = None) -> str:
    """The scope of one kind of work, an organization's or everybody's."""
    return _of(f"kind|{purpose}", organization_id)


def reminders_scope(organization_id: str | None = None) -> str:
    """The scope of an organization's reminders, or of everybody's."""
    return _of("reminders", organization_id)


def _of(scope: str, organization_id: str | None) -> str:
    return f"{scope}|{organization_id}" if organization_id else scope


def sender_scope(sender_id: str) -> str:
    """The name under which rows wait for a busy sender. No hold ever has it: the sender's own row
    says when it is free."""
    return f"{SENDER}{sender_id}"


def channel_scope(mode: str, channel: str, organization_id: str | None = None) -> str:
    """The name under which rows wait for a channel that nobody serves any more, those of an
    organization with a sender of its own apart. No hold ever has it: the settings say when."""
    return _of(f"{CHANNEL}{mode}|{channel}", organization_id)


class Hold(Row):
    """One scope that may not send: everything, an account of a provider, a queue, a kind of work,
    the reminders of an organization. Without `until` it lasts until it is lifted. `failures` counts
    in a row, `check_at` is when the provider is asked next whether all is well again,
    `known_until` the newest moment the database knew when it began."""

    id = id_field("ho")
    scope = CharField(max_length=160, unique=True)
    reason = CharField(max_length=40)
    since = UTCField()
    until = UTCField(null=True)
    failures = IntegerField(default=0)
    check_at = UTCField(null=True)
    known_until = UTCField(null=True)

    @classmethod
    def over(cls, scopes: Iterable[str]) -> "dict[str, Hold]":
        """The holds on these scopes, by scope."""
        asked = set(scopes)
        found = gathering.known(cls, asked)
        if found is not None:
            return {scope: hold for scope, hold in found.items() if hold is not None}
        rows = _OVER.rows(scopes=listed(asked)) if asked else []
        return {row.scope: row for row in rows}

    @classmethod
    def listed(cls) -> "list[Hold]":
        """All holds, oldest first."""
        return list(cls.select().order_by(cls.since, cls.scope))

    def blocks(self, now: datetime) -> bool:
        """Whether nothing at all may pass; when its time has passed, one may try."""
        return self.until is None or self.until > now

    @classmethod
    def open(cls, scope: str, reason: str, now: datetime, until: datetime) -> bool:
        """Hold a scope back for a while; False when there is a hold on it already."""
        made = cls.insert(scope=scope, reason=reason, since=now, until=until, failures=1)
        return bool(list(made.on_conflict_ignore().returning(cls.id).execute()))

    @classmethod
    def pause(cls, scope: str, reason: str, now: datetime, check_at: datetime) -> bool:
        """Hold a scope back until it is lifted; what held it for a while gives way. False when it
        was paused already."""
        paused = {"reason": reason, "since": now, "until": None, "check_at": check_at}
        made = cls.insert(scope=scope, failures=1, **paused).on_conflict(
            conflict_target=[cls.scope],
            update={getattr(cls, name): value for name, value in paused.items()},
            where=cls.until.is_null(False),
        )
        return bool(list(made.returning(cls.id).execute()))

    @classmethod
    def put(cls, scope: str, reason: str, now: datetime) -> bool:
        """Hold a scope back until somebody lifts it; False when it is held already."""
        made = cls.insert(scope=scope, reason=reason, since=now)
        return bool(list(made.on_conflict_ignore().returning(cls.id).execute()))

    @classmethod
    def remove(cls, scope: str) -> bool:
        """Take away whatever holds a scope back; False when nothing does."""
        return bool(cls.delete().where(cls.scope == scope).execute())

    @classmethod
    def take_probe(cls, row: "Hold", until: datetime) -> bool:
        """Become the one that tries whether the provider is well again, until a moment; False when
        somebody else did. `row` is brought up to date."""
        taken = cls.update(until=until).where(cls.id == row.id, cls.until == row.until)
        if taken.execute():
            row.until = until
            return True
        return False

    @classmethod
    def put_back(cls, row: "Hold", until: datetime, failures: int) -> bool:
        """Hold on until another moment, unless the row was changed since."""
        kept = cls.update(until=until, failures=failures)
        return bool(kept.where(cls.id == row.id, cls.until == row.until).execute())

    @classmethod
    def lift(cls, row: "Hold") -> bool:
        """End a hold; False when it was changed or ended since it was read."""
        same = cls.until.is_null() if row.until is None else cls.until == row.until
        return bool(cls.delete().where(cls.id == row.id, same).execute())

    @classmethod
    def well_again(cls, hold_id: str, now: datetime) -> bool:
        """Let one row of a paused scope try from now on; False when it is not paused any more."""
        paused = (cls.id == hold_id, cls.until.is_null(), cls.scope != EVERYTHING)
        return bool(cls.update(until=now, check_at=None).where(*paused).execute())

    @classmethod
    def claim_checks(cls, now: datetime, again: datetime) -> list[str]:
        """Ids of the holds whose provider is to be asked now, each put off until `again`."""
        due = cls.update(check_at=again).where(cls.check_at <= now, cls.until.is_null())
        return [row.id for row in due.returning(cls.id).execute()]


def scopes_held() -> list[str]:
    """The names under which rows wait, each once: a jump through the index for each, however many
    rows there are."""
    held = Notification.held_by
    found: list[str] = []
    while True:
        first = held.is_null(False) if not found else held > found[-1]
        scope = Notification.select(fn.MIN(held)).where(first).scalar()
        if scope is None:
            return found
        found.append(scope)


def any_held(scopes: Collection[str]) -> set[str]:
    """Under which of these names any row waits."""
    if not scopes:
        return set()
    names = "json_each(?) AS name" if dialect() == "sqlite" else "unnest(%s::text[]) AS name(value)"
    waits = "SELECT 1 FROM notification WHERE held_by = name.value"
    found = db.execute_sql(
        f"SELECT name.value FROM {names} WHERE EXISTS ({waits})",  # noqa: S608
        [listed(scopes)],
    )
    return {scope for (scope,) in found.fetchall()}


def rows_held() -> dict[str, int]:
    """How many rows wait under each name."""
    held = Notification.held_by
    counted: Any = Notification.select(held, fn.COUNT(Notification.id)).where(held.is_null(False))
    return dict(counted.group_by(held).tuples())


_OVER = Prepared(lambda: Hold.select().where(among(Hold.scope, "scopes")))

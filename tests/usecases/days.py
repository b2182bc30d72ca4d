"""An organization whose days are counted, and what happens on them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.domain.lifecycle import MessageState
from gateway.domain.lifecycle import NotificationState as N
from gateway.models.base import db
from gateway.models.booking import Booking
from gateway.models.job import Job
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.snapshot import Snapshot, SnapshotReading
from gateway.usecases import accounts, bookings, snapshots
from gateway.usecases.wanted import Wanted
from tests.jobs import work_off
from tests.rows import notification

BEGAN = datetime(2026, 10, 22, 6, 0, tzinfo=UTC)  # a Thursday; clocks change on Sunday the 25th
TWILIO = {"provider": "twilio", "account": "AC" + "0" * 32}


def at(day: int, hour: float, minutes: float = 0) -> datetime:
    """A moment of October or November 2026, in UTC."""
    first = datetime(2026, 10, 1, tzinfo=UTC)
    return first + timedelta(days=day - 1, hours=hour, minutes=minutes)


class Days:
    """An organization in Berlin that began on the 22nd, and its days."""

    def __init__(self, name: str = "Salon") -> None:
        row = accounts.create_organization(name, "Europe/Berlin", BEGAN)
        _, secret = accounts.create_key(row.id, "Eve", "test", list(accounts.SCOPES), BEGAN)
        self.organization, self.caller = row, accounts.authenticate(secret, BEGAN)

    def book(self, now: datetime, starts_at: datetime, **more: Any) -> Booking:
        wanted = Wanted(
            starts_at=starts_at, starts_at_text=starts_at.isoformat(), fingerprint="f",
            contact={"name": "Ada", "phone": "+12025550100"}, reminders=[], **more,
        )  # fmt: skip
        return bookings.book(self.caller, wanted, now).booking

    def told(self, due_at: datetime, **changes: Any) -> Notification:
        """A reminder by SMS that fell due then and reached somebody."""
        usual = {
            "purpose": "reminder", "plan": [{"channel": "sms"}], "state": N.REACHED, "tries": 1,
            "created_at": due_at, "finished_at": due_at, "next_attempt_at": None,
        }  # fmt: skip
        return notification(self.organization.id, due_at=due_at, **{**usual, **changes})

    def night(self, now: datetime) -> list[str]:
        """What the clock does in a night; the days that are counted then."""
        snapshots.plan_days(now)
        work_off(now)
        assert not Job.select().where(Job.failures > 0).exists()
        return [row.day for row in self.rows()]

    def rows(self) -> list[Snapshot]:
        mine = Snapshot.organization == self.organization.id
        return list(Snapshot.select().where(mine).order_by(Snapshot.day))

    def figures(self, day: str) -> dict[str, Any]:
        found = Snapshot.of(self.organization.id, "test", day)
        assert found is not None
        return dict(found.figures)

    def from_scratch(self, now: datetime) -> list[tuple[Any, ...]]:
        """All rows, counted anew from nothing."""
        Snapshot.delete().execute()
        SnapshotReading.delete().execute()
        self.night(now)
        return kept()


def kept() -> list[tuple[Any, ...]]:
    """Every row, byte for byte."""
    columns = "id, organization_id, mode, day, time_zone, starts_at, ends_at"
    query = f"SELECT {columns}, CAST(figures AS TEXT) FROM snapshot ORDER BY id"
    return list(db.execute_sql(query).fetchall())


def message(row: Notification, state: MessageState, **more: Any) -> MessageLog:
    """The message of a notification."""
    usual: dict[str, Any] = {
        "organization": row.organization_id, "mode": row.mode, "notification": row.id,
        "channel": "whatsapp", "from_address": "+15005550006", "to_address": "+12025550100",
        "to_hash": "h", "created_at": row.due_at, "external_id": f"SM{row.id}", **TWILIO,
    }  # fmt: skip
    made = MessageLog.write(**{**usual, "state": state, **more})
    assert made is not None
    return made

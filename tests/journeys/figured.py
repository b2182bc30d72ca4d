"""A month in which every night is counted: with appointments kept, missed and moved after their
time, and carriers that tell some things days later."""

from datetime import datetime, timedelta
from typing import Any

from gateway.domain.lifecycle import BookingState
from gateway.models.attempts import AnyAttempt
from gateway.models.base import db
from gateway.models.booking import Booking
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.models.preference import Preference
from gateway.models.snapshot import Snapshot, SnapshotReading
from gateway.usecases import bookings, preferences, snapshots
from tests.jobs import work_off
from tests.journeys.month import DAYS, START, Month
from tests.usecases.reports import Reports

SERVICES = ({"id": "cut", "name": "Haircut"}, {"id": "dye", "name": "Dyeing"}, {"name": "Shave"})
NIGHT = timedelta(hours=16, minutes=5)  # after the month's beginning at eight: past one in Berlin


class Figured(Month):
    """`nights` counts those of which anything came out that was counted before."""

    nights = 0

    def __init__(self, reports: Reports, seed: int) -> None:
        super().__init__(reports, seed)
        Organization.update(created_at=START).execute()
        for day in range(DAYS + 3):
            self._later(START + timedelta(days=day) + NIGHT, "night", None)

    def _night(self, _: Any) -> None:
        before = rows()
        snapshots.plan_days(self.now)
        work_off(self.now)
        assert not Job.select().where(Job.failures > 0).exists()
        self.nights += bool(set(before["snapshot"]) - set(rows()["snapshot"]))

    def _book(self, about: Any) -> None:
        known = set(self._made)
        super()._book(about)
        for booking_id in set(self._made) - known:
            self._equip(booking_id)

    def _equip(self, booking_id: str) -> None:
        """What is booked, and what becomes of the appointment."""
        booking = Booking.get_by_id(booking_id)
        changes = {"service": self.random.choice(SERVICES)}
        bookings.edit(self.desk.caller, booking_id, changes, None, self.now)
        for minutes in (5, 15):
            self._later(booking.starts_at - timedelta(minutes=minutes), "say", booking_id)
        after = booking.starts_at + timedelta(hours=self.random.randrange(1, 70))
        self._later(after, self.random.choice(["end", "end", "shift"]), booking_id)

    def _end(self, booking_id: str) -> None:
        state = self.random.choice([BookingState.FULFILLED, BookingState.NO_SHOW])
        caller = self.desk.caller
        self._try(lambda: bookings.edit(caller, booking_id, {"state": state}, None, self.now))

    def _shift(self, booking_id: str) -> None:
        """Somebody who did not come gets another time."""
        moved = self.now + timedelta(hours=self.random.randrange(1, 60))
        changes = {"starts_at": moved, "starts_at_text": moved.isoformat(), "reminders": []}
        caller = self.desk.caller
        self._try(lambda: bookings.edit(caller, booking_id, changes, None, self.now))

    def _expect_news(self, attempt: AnyAttempt) -> None:
        super()._expect_news(attempt)
        if self.random.random() < 0.3:
            late = self.now + timedelta(hours=self.random.randrange(5, 60))
            word = "delivered" if attempt.channel == "voice" else "read"
            self._later(late, "report", (attempt.notification_id, word))

    def over(self) -> datetime:
        """The last night, in which the news of the days before is counted."""
        self.now = max(self.now, START + timedelta(days=DAYS + 3) + NIGHT)
        self._night(None)
        return self.now


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of what is computed, byte for byte as the database keeps it."""
    days = "id, organization_id, mode, day, time_zone, starts_at, ends_at"
    return {
        "preference": _rows(
            "preference", "id, organization_id, mode, customer, bookings", "counts"
        ),
        "snapshot": _rows("snapshot", days, "figures"),
    }


def _rows(table: str, plain: str, json: str) -> list[tuple[Any, ...]]:
    query = f"SELECT {plain}, CAST({json} AS TEXT) FROM {table} ORDER BY id"
    return list(db.execute_sql(query).fetchall())


def from_scratch(now: datetime) -> dict[str, list[tuple[Any, ...]]]:
    """The same, computed anew from nothing."""
    Preference.delete().execute()
    Snapshot.delete().execute()
    SnapshotReading.delete().execute()
    for organization in Organization.listed():
        for mode in ("live", "test"):
            preferences.recompute(organization.id, mode)
    snapshots.plan_days(now)
    work_off(now)
    assert Notification.select().exists()
    return rows()

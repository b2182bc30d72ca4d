"""Very many reminders as the database has them, copied from one that was written as usual."""

from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.domain import lanes
from gateway.models import base
from gateway.models.base import Row, new_id
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.notification import Notification
from gateway.usecases import accounts
from tests import hours

FAR = timedelta(days=300)


def reminders(how_many: int, channel: str = "voice") -> str:
    """So many bookings of as many people with one reminder each, which waits for a far moment; the
    organization's id. Each person has a number of their own."""
    now = datetime.now(UTC)
    organization = accounts.create_organization(new_id("or"), "Europe/Berlin", now).id
    hours.none_are_quiet(organization)  # benchmarks run at any hour
    own: dict[str, Any] = {"organization": organization, "mode": "live"}
    contact = Contact.create(
        **own, role="contact", name="Ada", phone="+12", phone_hash="0", locale="en",
        created_at=now, updated_at=now,
    )  # fmt: skip
    booking = Booking.create(
        **own, contact=contact.id, starts_at=now + FAR + timedelta(days=1), starts_at_text="x",
        time_zone="Europe/Berlin", state="booked", fingerprint="x", booked_at=now, updated_at=now,
        service={"name": "haircut"}, duration_minutes=30,
    )  # fmt: skip
    row = Notification.create(
        **own, subject_type="booking", subject_id=booking.id, rule="before:1", kind="before",
        purpose="reminder", booking=booking.id, contact=contact.id, plan=[{"channel": channel}],
        due_at=now + FAR, expires_at=now + FAR + timedelta(hours=12), next_attempt_at=now + FAR,
        lane=lanes.lane(channel, "reminder"), state="scheduled", created_at=now,
    )  # fmt: skip
    _copy(
        Contact, contact.id, how_many - 1, id=_of("ct"), phone="'+1205' || lpad(n::text, 7, '0')",
        phone_hash="md5(n::text) || md5('x' || n)",
    )  # fmt: skip
    _copy(Booking, booking.id, how_many - 1, id=_of("bk"), contact_id=_of("ct"))
    _copy(
        Notification, row.id, how_many - 1, id=_of("nt"), subject_id=_of("bk"),
        booking_id=_of("bk"), contact_id=_of("ct"), due_at=_later("due_at"),
        next_attempt_at=_later("next_attempt_at"),
    )  # fmt: skip
    base.db.execute_sql("ANALYZE")
    return str(organization)


def let_due(at: datetime, per_second: float | None = None) -> None:
    """Have all that wait for a far moment be due then, or from then on so many a second."""
    gap = 1 / per_second if per_second else 0.0
    base.db.execute_sql(
        "WITH one AS (SELECT id, %s::timestamptz + make_interval(secs => %s * row_number()"
        " OVER (ORDER BY id)) AS due FROM notification WHERE state = 'scheduled')"
        " UPDATE notification SET due_at = due, next_attempt_at = due,"
        " expires_at = due + interval '12 hours' FROM one WHERE one.id = notification.id",
        (at, gap),
    )


def _later(column: str) -> str:
    return f"one.{column} + n * interval '1 millisecond'"  # no two at one moment


def _of(prefix: str) -> str:
    return f"'{prefix}_' || lpad(n::text, 26, '0')"


def _copy(table: type[Row], id_: str, how_many: int, **own: str) -> None:
    columns = [field.column_name for field in table._meta.sorted_fields]
    told = ", ".join(own.get(name, f'one."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    kept = table._meta.table_name
    base.db.execute_sql("SET statement_timeout = 0")
    base.db.execute_sql(
        f'INSERT INTO "{kept}" ({names}) SELECT {told} FROM "{kept}" one,'
        " generate_series(1, %s) n WHERE one.id = %s",
        (how_many, id_),
    )

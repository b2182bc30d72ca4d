"""What the tables themselves hold: moments in UTC, and keys that nothing gets round."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peewee import IntegrityError

from gateway.domain.lifecycle import CallState
from gateway.models import base, booking_intake
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.models.provider_event import ProviderEvent
from tests.rows import NOW, call, contact, notification
from tests.together import together

ON_ONE_DATABASE = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)


@ON_ONE_DATABASE
@given(
    at=st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)),  # noqa: DTZ001 - made aware below
    offset=st.integers(-14 * 60, 14 * 60),
)
def test_a_moment_comes_back_as_the_same_moment_in_utc(
    organization: str, at: datetime, offset: int
) -> None:
    given = at.replace(tzinfo=timezone(timedelta(minutes=offset)))
    Organization.update(created_at=given).where(Organization.id == organization).execute()
    kept = Organization.get_by_id(organization).created_at
    assert kept == given
    assert kept.tzinfo is UTC


def test_moments_sort_by_time_whatever_their_offset_was(organization: str) -> None:
    offsets = [timezone(timedelta(hours=hours)) for hours in (-11, 0, 13)]
    ahead = [timedelta(microseconds=n) for n in (0, 1, 999_999, 1_000_000)]
    moments = [NOW + step for step in ahead]
    rows = [
        notification(organization, next_attempt_at=at.astimezone(offsets[n % 3]))
        for n, at in enumerate(reversed(moments))
    ]
    found = Notification.select().order_by(Notification.next_attempt_at)
    assert [row.id for row in found] == [row.id for row in reversed(rows)]
    assert Notification.select().where(Notification.next_attempt_at < moments[2]).count() == 2


def test_a_moment_without_its_zone_is_refused(organization: str) -> None:
    with pytest.raises(ValueError, match="zone"):
        Organization.update(created_at=datetime(2026, 1, 1)).execute()  # noqa: DTZ001


def _booked(organization: str, **changes: object) -> bool:
    person = contact(organization)
    values = {
        "organization": organization, "mode": "test", "external_id": "bk-1",
        "contact": person.id, "starts_at": NOW, "starts_at_text": "now",
        "time_zone": "UTC", "state": "booked", "fingerprint": "f", "booked_at": NOW,
        "updated_at": NOW, **changes,
    }  # fmt: skip
    return booking_intake.write(Booking(**values), person).made


@pytest.mark.row("A4")
def test_an_external_id_is_one_booking_in_its_organization_and_mode(organization: str) -> None:
    other = Organization.add("Other", "UTC", [], NOW)
    assert other is not None
    assert _booked(organization)
    assert not _booked(organization)
    assert _booked(organization, mode="live")
    assert _booked(other.id)
    assert _booked(organization, external_id=None)
    assert _booked(organization, external_id=None)


@pytest.mark.row("A4")
def test_of_many_bookings_with_one_external_id_at_once_one_is_made(organization: str) -> None:
    def book(_: int) -> bool:
        with base.atomic():
            return _booked(organization, external_id="bk-race")

    assert sum(together(6, book)) == 1


@pytest.mark.row("A2")
def test_the_identity_of_a_notification_is_taken_once(organization: str) -> None:
    row = notification(organization)
    same = {"subject_id": row.subject_id}
    for changed in ({"number": 2}, {"rule": "other"}, {"schedule_version": 2}):
        notification(organization, **(same | changed))
    with pytest.raises(IntegrityError), base.atomic():
        notification(organization, **same)


@pytest.mark.row("F3")
def test_a_providers_id_belongs_to_one_call_of_one_account(organization: str) -> None:
    first = call(notification(organization), external_id="CA1")
    assert CallLog.write(**_values(organization, external_id="CA1")) is None
    assert CallLog.write(**_values(organization, external_id="CA1", account="other")) is not None
    assert CallLog.write(**_values(organization, external_id="CA1", provider="other")) is not None
    owner = CallLog.owner("twilio", first.account, "CA1")
    assert owner is not None
    assert owner.id == first.id


def _values(organization: str, **changes: object) -> dict[str, object]:
    row = notification(organization)
    return {
        "organization": organization, "mode": "test", "notification": row.id,
        "provider": "twilio", "account": "AC" + "0" * 32, "from_address": "+1", "to_address": "+2",
        "to_hash": "h", "state": CallState.PLACING, "created_at": NOW, **changes,
    }  # fmt: skip


def test_one_call_at_a_time_is_open_on_a_line(organization: str) -> None:
    first = call(notification(organization), open_key="line")
    assert CallLog.write(**_values(organization, open_key="line")) is None
    assert first.move(CallState.QUEUED, NOW, external_id="CA1")
    assert CallLog.write(**_values(organization, open_key="line")) is not None


def test_a_try_of_a_notification_is_one_call(organization: str) -> None:
    row = notification(organization)
    call(row)
    assert CallLog.write(**_values(organization, notification=row.id)) is None
    assert CallLog.write(**_values(organization, notification=row.id, attempt=2)) is not None


def _event(dedup_key: str = "k", **changes: object) -> str | None:
    values: dict[str, object] = {
        "provider": "twilio", "account": "AC1", "kind": "call-status", "dedup_key": dedup_key,
        "digest": "d", "path": "twilio/voice", "received_at": NOW, **changes,
    }  # fmt: skip
    return ProviderEvent.keep(**values)


@pytest.mark.row("F3")
def test_an_event_is_stored_once_by_provider_account_and_key(organization: str) -> None:
    assert _event() is not None
    assert _event() is None
    assert _event("other") is not None
    assert _event(account="AC2") is not None
    assert _event(provider="voice_api") is not None
    assert sum(made is not None for made in together(8, lambda _: _event("race"))) == 1

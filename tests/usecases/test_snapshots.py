"""The figures of days: when they are counted, what belongs to which, and news that comes late."""

from datetime import timedelta

import pytest
from flask import Flask

from gateway.domain.lifecycle import BookingState, CallState, MessageState
from gateway.domain.lifecycle import NotificationState as N
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.models.provider_event import ProviderEvent
from gateway.models.snapshot import Snapshot
from gateway.usecases import bookings, organizations, snapshots
from tests.jobs import work_off
from tests.rows import call
from tests.usecases.days import BEGAN, TWILIO, Days, at, kept, message


@pytest.fixture
def days(app: Flask) -> Days:
    return Days()


@pytest.mark.row("C4")
def test_a_day_is_counted_at_one_in_the_morning_where_the_organization_is(days: Days) -> None:
    assert days.night(at(22, 22, 59)) == []  # 00:59 in Berlin
    assert days.night(at(22, 23, 0)) == ["2026-10-22"]
    (row,) = days.rows()
    assert (row.time_zone, row.starts_at, row.ends_at) == ("Europe/Berlin", at(21, 22), at(22, 22))


@pytest.mark.row("C4")
def test_a_day_on_which_the_clocks_change_has_all_of_its_25_hours(days: Days) -> None:
    for moment in (at(24, 21, 59), at(24, 22), at(25, 0, 30), at(25, 1, 30), at(25, 22, 59)):
        days.book(moment, at(60, 12))
    days.book(at(25, 23), at(60, 12))
    days.night(at(27, 0))
    made = {row.day: row.figures["bookings"]["made"] for row in days.rows()}
    assert made == {
        "2026-10-22": 0, "2026-10-23": 0, "2026-10-24": 1, "2026-10-25": 4, "2026-10-26": 1,
    }  # fmt: skip
    spans = {row.day: row.ends_at - row.starts_at for row in days.rows()}
    assert spans["2026-10-25"] == timedelta(hours=25)


@pytest.mark.row("C4")
def test_bookings_count_on_the_day_they_are_made_canceled_and_kept(days: Days) -> None:
    kept_one = days.book(at(22, 8), at(23, 10))
    missed, unreported = days.book(at(22, 9), at(23, 11)), days.book(at(22, 9), at(23, 12))
    gone = days.book(at(23, 8), at(24, 9))
    bookings.cancel(days.caller, gone.id, at(24, 8))
    bookings.edit(days.caller, kept_one.id, {"state": BookingState.FULFILLED}, None, at(23, 11))
    bookings.edit(days.caller, missed.id, {"state": BookingState.NO_SHOW}, None, at(23, 12))
    days.night(at(25, 6))
    assert unreported.state == "booked"
    assert days.figures("2026-10-22")["bookings"] == {
        "made": 3, "canceled": 0, "kept": 0, "missed": 0, "unreported": 0,
    }  # fmt: skip
    assert days.figures("2026-10-23")["bookings"] == {
        "made": 1, "canceled": 0, "kept": 1, "missed": 1, "unreported": 1,
    }  # fmt: skip
    assert days.figures("2026-10-24")["bookings"]["canceled"] == 1


@pytest.mark.row("C4")
def test_notifications_count_by_kind_channel_and_outcome_and_by_who_took_notice(
    days: Days,
) -> None:
    read = days.told(at(23, 8), plan=[{"channel": "whatsapp"}, {"channel": "sms"}])
    message(read, MessageState.READ)
    days.told(at(23, 9), state=N.SUPPRESSED, reason="quiet_hours")
    days.told(at(23, 9), state=N.SCHEDULED, finished_at=None)  # not over yet
    rung = days.told(at(23, 10), plan=[{"channel": "voice"}], purpose="dunning")
    call(rung, state=CallState.COMPLETED, answered_by="human", created_at=at(23, 10))
    taped = days.told(at(23, 10), plan=[{"channel": "voice"}], purpose="dunning")
    call(taped, state=CallState.COMPLETED, answered_by="machine", created_at=at(23, 10))
    days.told(at(24, 9))
    days.night(at(24, 6))
    found = days.figures("2026-10-23")
    names = ("kind", "channel", "outcome", "count")
    assert [tuple(one[name] for name in names) for one in found["notifications"]] == [
        ("dunning", "voice", "reached", 2),
        ("reminder", "sms", "suppressed", 1),
        ("reminder", "whatsapp", "reached", 1),
    ]
    assert found["reach"] == {
        "notifications": 4, "reached": 3, "answered": 1, "read": 1, "noticed": 2,
        "replied": 0, "confirmed": 0,
    }  # fmt: skip


@pytest.mark.row("C4")
def test_news_about_a_day_that_is_counted_is_counted_in_the_next_night(days: Days) -> None:
    row = days.told(at(22, 9), state=N.SENDING, finished_at=None)
    sent = message(row, MessageState.DELIVERED)
    late = days.book(at(22, 10), at(23, 12))
    days.night(at(23, 23))
    before = days.figures("2026-10-22")["reach"], days.figures("2026-10-23")["bookings"]
    Notification.move(row, N.REACHED, at(24, 4))
    sent.move(MessageState.READ, at(24, 5))
    bookings.edit(days.caller, late.id, {"state": BookingState.FULFILLED}, None, at(24, 6))
    days.night(at(24, 23))
    after = days.figures("2026-10-22")["reach"], days.figures("2026-10-23")["bookings"]
    assert [one["reached"] + one["read"] for one in (before[0], after[0])] == [0, 2]
    assert [one["kept"] for one in (before[1], after[1])] == [0, 1]
    assert kept() == days.from_scratch(at(24, 23))


def test_who_answered_a_call_is_counted_also_when_it_is_told_days_later(days: Days) -> None:
    row = days.told(at(22, 9), plan=[{"channel": "voice"}])
    rung = call(row, state=CallState.COMPLETED, created_at=at(22, 9))
    days.night(at(22, 23))
    assert days.figures("2026-10-22")["reach"]["answered"] == 1
    rung.answered("machine")
    event_id = ProviderEvent.keep(
        kind="answered-by", dedup_key="a", digest="d", path="twilio/amd", received_at=at(24, 5),
        next_attempt_at=at(24, 5), **TWILIO,
    )  # fmt: skip
    ProviderEvent.settle(ProviderEvent.get_by_id(event_id), rung, at(24, 5))
    days.night(at(24, 23))
    assert days.figures("2026-10-22")["reach"]["answered"] == 0
    assert kept() == days.from_scratch(at(24, 23))


def test_a_message_that_came_in_and_could_not_be_read_for_days_is_a_reply_of_its_day(
    days: Days,
) -> None:
    row = days.told(at(22, 9))
    days.night(at(22, 23))
    message(row, MessageState.RECEIVED, direction="inbound", notification=None)
    days.night(at(24, 23))
    assert days.figures("2026-10-22")["reach"]["replied"] == 1
    assert kept() == days.from_scratch(at(24, 23))


def test_an_appointment_that_is_moved_after_its_time_leaves_its_day(days: Days) -> None:
    late = days.book(at(22, 8), at(22, 12))
    days.night(at(22, 23))
    assert days.figures("2026-10-22")["bookings"]["unreported"] == 1
    moved = {"starts_at": at(26, 12), "starts_at_text": at(26, 12).isoformat()}
    bookings.edit(days.caller, late.id, moved, None, at(23, 8))
    work_off(at(23, 8))
    assert days.figures("2026-10-22")["bookings"]["unreported"] == 0
    days.night(at(27, 1))
    assert days.figures("2026-10-26")["bookings"]["unreported"] == 1
    assert kept() == days.from_scratch(at(27, 1))


@pytest.mark.row("C4")
def test_days_that_were_missed_are_caught_up_one_after_the_other(days: Days) -> None:
    other = Days("Practice")
    assert days.night(at(22, 23)) == ["2026-10-22"]
    assert snapshots.plan_days(at(53, 5)) == 2
    assert snapshots.plan_days(at(53, 5)) == 2
    waiting = Job.select().where(Job.name == "snapshot.day", Job.finished_at.is_null())
    assert waiting.count() == 2  # one of each organization, however many days are missing
    work_off(at(53, 5))
    assert len(days.rows()) == len(other.rows()) == 31
    assert snapshots.plan_days(at(53, 5)) == 0


def test_nothing_is_left_out_when_later_days_are_asked_for_first(days: Days) -> None:
    assert snapshots.recompute(days.caller, at(25, 0).date(), at(25, 0).date(), at(27, 6))
    work_off(at(27, 6))
    assert [row.day[-2:] for row in days.rows()] == ["22", "23", "24", "25", "26"]


def test_a_day_keeps_its_zone_and_no_hour_is_lost_when_the_organization_moves(days: Days) -> None:
    days.night(at(22, 23))
    organizations.change(days.organization.id, {"time_zone": "America/New_York"})
    days.night(at(25, 12))
    snapshots.recompute(days.caller, at(22, 0).date(), at(24, 0).date(), at(25, 12))
    work_off(at(25, 12))
    spans = [(row.time_zone, row.starts_at, row.ends_at) for row in days.rows()]
    assert spans == [
        ("Europe/Berlin", at(21, 22), at(22, 22)),
        ("America/New_York", at(22, 22), at(24, 4)),
        ("America/New_York", at(24, 4), at(25, 4)),
    ]


def test_a_mode_without_a_key_and_a_day_that_is_not_over_are_not_counted(days: Days) -> None:
    Organization.create(name="Nobody", time_zone="Europe/Berlin", created_at=BEGAN)
    days.night(at(23, 6))
    assert Snapshot.select().count() == 1
    snapshots.count(f"{days.organization.id}|test|2026-10-23", at(23, 21))
    assert Snapshot.select().count() == 1


def test_figures_of_another_mode_and_organization_stay_apart(days: Days) -> None:
    other = Days("Practice")
    days.book(at(22, 8), at(30, 9))
    other.told(at(22, 9))
    days.night(at(22, 23))
    assert days.figures("2026-10-22")["bookings"]["made"] == 1
    assert days.figures("2026-10-22")["reach"]["notifications"] == 0
    assert other.figures("2026-10-22")["bookings"]["made"] == 0

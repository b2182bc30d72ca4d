"""Finished work leaves the queue views after the time of its kind, and jobs the database."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.models import base
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.usecases import cron, job_handlers, jobs, retention
from tests.http.stage import STATS, Api

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def sweep(now: datetime = NOW) -> None:
    """Clean what is too old and belongs to nobody in particular."""
    with base.connection():
        retention.sweep(retention.NOBODYS, now)


@pytest.mark.row("A6")
@pytest.mark.row("B5")
def test_finished_jobs_are_deleted_after_the_time_of_their_kind(api: Api) -> None:
    kinds = {"contact.preferences": "preference", "invoice.remind": "dunning"}
    with base.connection():
        for name in kinds:
            for key, state, hours in (
                ("done", "done", 0.5), ("done long ago", "done", 25), ("failed", "failed", 25),
                ("failed long ago", "failed", 8 * 24), ("canceled", "canceled", 25),
            ):  # fmt: skip
                jobs.plan(name, key, NOW, NOW, api.account.organization_id, "test")
                ended = {"state": state, "finished_at": NOW - timedelta(hours=hours)}
                Job.update(next_attempt_at=None, **ended).where(
                    Job.name == name, Job.key == key
                ).execute()
            jobs.plan(name, "waits", NOW + DAY, NOW, api.account.organization_id, "test")
    sweep()
    with base.connection():
        kept = {(row.name, row.key) for row in Job.select()}
    assert kept == {(name, key) for name in kinds for key in ("done", "failed", "waits")}
    with base.connection():
        sweep(NOW + timedelta(hours=1))
        kept = {(row.name, row.key) for row in Job.select()}
    assert ("contact.preferences", "done") not in kept
    assert ("invoice.remind", "done") in kept


def test_only_the_newest_finished_jobs_of_a_kind_are_kept(api: Api) -> None:
    with base.connection():
        for n in range(53):
            jobs.plan("contact.preferences", f"k{n}", NOW, NOW)
            ended = {"state": "done", "finished_at": NOW - timedelta(minutes=n)}
            Job.update(next_attempt_at=None, **ended).where(Job.key == f"k{n}").execute()
    sweep()
    with base.connection():
        assert {row.key for row in Job.select()} == {f"k{n}" for n in range(50)}


@pytest.mark.row("A6")
@pytest.mark.row("B5")
@pytest.mark.parametrize(
    ("state", "hours", "shown"),
    [("reached", 23, True), ("reached", 25, False), ("not_reached", 6 * 24, True),
     ("not_reached", 8 * 24, False)],
)  # fmt: skip
def test_a_finished_reminder_leaves_the_queue_views_after_its_time_and_stays_with_its_booking(
    api: Api, state: str, hours: int, shown: bool
) -> None:
    made = api.book()
    with base.connection():
        Notification.update(
            state=state, finished_at=datetime.now(UTC) - timedelta(hours=hours),
            next_attempt_at=None,
        ).where(Notification.booking == made["id"]).execute()  # fmt: skip
    count = "completed" if state == "reached" else "failed"
    kinds = {one["kind"]: one[count] for one in api.read(STATS)["kinds"]}
    listed = api.read("/api/v1/admin/jobs", kind="reminder")["data"]
    assert (kinds["reminder"], len(listed)) == ((1, 1) if shown else (0, 0))
    kept = api.read(f"/api/v1/bookings/{made['id']}/reminders")["data"]
    assert [one["state"] for one in kept] == [state]


@pytest.mark.row("B5")
def test_a_finished_job_leaves_the_queue_views_after_the_time_of_its_kind(api: Api) -> None:
    now = datetime.now(UTC)  # the views look at the time of the request
    with base.connection():
        for key, minutes in (("a", 30), ("b", 90)):
            jobs.plan("contact.preferences", key, now, now, api.account.organization_id, "test")
            ended = {"state": "done", "finished_at": now - timedelta(minutes=minutes)}
            Job.update(next_attempt_at=None, **ended).where(Job.key == key).execute()
    kinds = {one["kind"]: one["completed"] for one in api.read(STATS)["kinds"]}
    assert kinds["preference"] == 1
    assert len(api.read("/api/v1/admin/jobs", kind="preference")["data"]) == 1
    sweep(now)
    with base.connection():
        assert [row.key for row in Job.select().where(Job.kind == "preference")] == ["a"]


@pytest.mark.row("B5")
def test_every_night_a_job_cleans_each_organization_and_what_is_of_nobody(api: Api) -> None:
    with base.connection():
        salon = Organization.get_by_id(api.account.organization_id)
        assert cron.BUILT_IN["retention"].plan([salon], NOW) == 2
        planned = {row.key: row for row in Job.select().where(Job.name == retention.JOB)}
        assert set(planned) == {salon.id, retention.NOBODYS}
        for key in planned:
            job_handlers.HANDLERS[retention.JOB](key, NOW)
    assert planned[salon.id].organization_id == salon.id

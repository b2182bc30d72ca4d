"""Metrics: in Prometheus's format, there from the start, and they name nobody."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain import lanes
from gateway.domain.outcomes import Reason
from gateway.http import create_app
from gateway.http.metric_catalogue import ALWAYS, COUNTED, COUNTER, GAUGES, OF_BROKER
from gateway.models import base
from gateway.models.booking import Booking
from gateway.models.cron_job import CronJob
from gateway.models.hold import Hold, kind_scope, provider_scope, queue_scope, reminders_scope
from gateway.usecases import cron
from tests import statements
from tests.conftest import Configure
from tests.failures import failed, unmatched
from tests.http.callbacks import twilio
from tests.http.conftest import SETTINGS
from tests.http.scrape import Scrape, look_anew, scrape
from tests.http.stage import PHONE, Api
from tests.rows import call, notification
from tests.servers import RedisServer
from tests.tasks.crew import heard


@pytest.mark.row("B7")
@pytest.mark.row("E5")
def test_every_series_is_there_at_zero_before_anything_happened(api: Api) -> None:
    seen = scrape(api)
    for queue, kind, status in (
        ("voice", "reminder", "completed"), ("messages", "notification", "failed"),
        ("timers", "expiry", "completed"), ("background", "snapshot", "failed"),
        ("events", "apply_event", "completed"),
    ):  # fmt: skip
        assert seen.of("ringback_jobs_total", queue=queue, kind=kind, status=status) == 0
        about = {"queue": queue, "kind": kind}
        assert seen.of("ringback_job_duration_seconds_count", **about) == 0
        assert seen.of("ringback_job_duration_seconds_bucket", **about, le="+Inf") == 0
    for state in ("waiting", "active", "delayed", "failed", "stalled"):
        assert seen.of("ringback_jobs", queue="voice", kind="reminder", state=state) == 0
    for status in ("sent", "reached", "not_reached", "unknown", "expired", "skipped"):
        assert seen.of("ringback_reminders_sent_total", status=status) == 0
    for reason in Reason:
        assert seen.of("ringback_reminders_failed_total", reason=reason) == 0
    assert seen.of("ringback_overdue") == 0
    assert seen.of("ringback_signature_failures_total", provider="twilio") == 0


def test_each_family_has_its_type_and_says_what_it_is(api: Api) -> None:
    types = {line.split(" ", 3)[2]: line.split(" ", 3)[3] for line in scrape(api).text.splitlines()
             if line.startswith("# TYPE ")}  # fmt: skip
    names = {family.name + ("_total" if family.type == COUNTER else ""): family.type
             for family in (*ALWAYS, *COUNTED, *GAUGES, *OF_BROKER)}  # fmt: skip
    assert {name for name in names if name not in types} == set()
    assert types == names
    assert "# HELP ringback_jobs_total Jobs" in scrape(api).text


@pytest.mark.row("B7")
def test_work_is_counted_by_queue_kind_and_state(api: Api, new_api: Callable[[str], Api]) -> None:
    api.book()
    other = new_api("Clinic").account.organization_id
    own, now = api.account.organization_id, datetime.now(UTC)
    ago, ahead = now - timedelta(seconds=90), now + timedelta(hours=1)
    with base.connection():
        notification(own, purpose="nudge", lane="voice:1", next_attempt_at=ago)
        notification(other, purpose="reminder", next_attempt_at=ahead, held_by="all")
        notification(own, mode="live", state="due", next_attempt_at=None, lease_until=ago)
        taken = notification(own, state="sending", next_attempt_at=None, plan=[{"channel": "sms"}],
                             lane="messages:3")  # fmt: skip
        call(taken, state="unknown", lookup_at=ahead)
        failed(own, purpose="waitlist", lane="messages:2")
        notification(own, state="unknown", next_attempt_at=None, finished_at=now)
        unmatched("AC1", state="parked")
        unmatched("AC1", state="received", next_attempt_at=ago, received_at=ago)
        unmatched("AC1")
    seen = scrape(api)

    def jobs(queue: str, kind: str, state: str) -> float:
        return seen.of("ringback_jobs", queue=queue, kind=kind, state=state)

    assert jobs("voice", "reminder", "delayed") == 1
    assert jobs("voice", "nudge", "waiting") == 1
    assert jobs("voice", "reminder", "waiting") == 1
    assert jobs("voice", "request", "stalled") == 1
    assert jobs("messages", "request", "active") == 1
    assert jobs("messages", "notification", "failed") == 1
    assert seen.sum("ringback_jobs", queue="voice") == 4
    assert seen.sum("ringback_jobs", queue="events", state="failed") == 1
    for object_ in ("notification", "event"):
        assert seen.of("ringback_dead_letters", object=object_) == 1
    assert (seen.of("ringback_parked_events"), seen.of("ringback_inbox_events")) == (1, 1)
    assert seen.of("ringback_inbox_age_seconds") == pytest.approx(90, abs=20)
    for queue in ("voice", "events"):
        assert seen.of("ringback_oldest_due_seconds", queue=queue) == pytest.approx(90, abs=20)
    assert seen.of("ringback_oldest_due_seconds", queue="messages") == 0
    assert seen.of("ringback_unknown_placements", object="call") == 1


def test_holds_pauses_overdue_appointments_and_cron_jobs_are_shown(api: Api) -> None:
    booked, own = api.book(), api.account.organization_id
    now = datetime.now(UTC)
    with base.connection():
        Booking.update(overdue=True).where(Booking.id == booked["id"]).execute()
        Hold.put(queue_scope("messages"), "by_hand", now)
        for scope in (queue_scope("voice", own), kind_scope("nudge", own), reminders_scope(own)):
            Hold.put(scope, "by_hand", now)
        Hold.open(provider_scope("twilio", "AC1"), "provider_error", now, now)
        Hold.pause(provider_scope("meta", "1"), "configuration", now, now)
        cron.install(now - timedelta(hours=2))
        CronJob.change("retention", {"last_result": "failed", "last_run_at": now})
    seen = scrape(api)
    assert seen.of("ringback_overdue") == 1
    assert [seen.of("ringback_queue_paused", queue=name) for name in lanes.QUEUES] == [
        0,
        1,
        0,
        0,
        0,
    ]
    assert seen.of("ringback_provider_held", provider="twilio", hold="breaker") == 1
    assert seen.of("ringback_provider_held", provider="meta", hold="paused") == 1
    assert seen.of("ringback_provider_held", provider="meta", hold="breaker") == 0
    on = {"all": 0, "provider": 2, "queue": 1, "kind": 0, "reminders": 0, "organization": 3}
    assert {name: seen.of("ringback_holds", scope=name) for name in on} == on
    assert seen.of("ringback_cron_failed", cron="retention") == 1
    last = seen.of("ringback_cron_last_run_timestamp_seconds", cron="retention")
    assert last == pytest.approx(now.timestamp(), abs=1)
    assert seen.of("ringback_cron_late_seconds", cron="retention") == pytest.approx(7200, abs=20)


def test_workers_and_the_broker_are_told_of(api: Api, redis_server: RedisServer) -> None:
    heard(redis_server, 8, ("voice", "events"), name="one")
    heard(redis_server, 4, ("voice",), name="two")
    heard(redis_server, 4, ("voice",), name="gone", seconds_ago=60)
    seen = scrape(api)
    assert (seen.of("ringback_workers"), seen.of("ringback_broker_up")) == (2, 1)
    assert seen.of("ringback_worker_threads", queue="voice") == 12
    assert seen.of("ringback_broker_memory_bytes") > 0
    assert seen.of("ringback_database_size_bytes") > 10_000


@pytest.mark.row("F2")
def test_a_callback_that_is_not_authentic_is_counted_by_its_provider(api: Api) -> None:
    before = scrape(api).of("ringback_signature_failures_total", provider="twilio")
    assert twilio(token="another").to(api).status_code == 401
    assert scrape(api).of("ringback_signature_failures_total", provider="twilio") == before + 1


def test_answers_are_counted_by_pattern_and_no_address_becomes_a_label(api: Api) -> None:
    for path in ("/api/v1/bookings/bk_1", "/api/v1/bookings/bk_2", f"/{PHONE}", "/../etc"):
        api.get(path)
    api.ask("BREW", "/api/v1/bookings")
    seen = scrape(api)
    route = "/api/v1/bookings/<booking_id>"
    assert seen.of("ringback_http_requests_total", method="GET", route=route, status="404") == 2
    assert seen.sum("ringback_http_requests_total", route="none", method="GET") == 2
    assert seen.sum("ringback_http_requests_total", method="other") == 1
    assert seen.of("ringback_http_request_duration_seconds_count", area="api") >= 2


def test_nobody_is_named(api: Api) -> None:
    booked = api.book(external_id="visit-7", metadata={"note": "knee"})
    api.get(f"/api/v1/bookings/{booked['id']}")
    text = scrape(api).text
    for private in (PHONE, PHONE[1:], "Ada", "visit-7", "knee", booked["id"], "Salon",
                    api.account.organization_id, api.account.test_key):  # fmt: skip
        assert private not in text


def test_with_a_token_only_who_has_it_may_read(api: Api, configure: Configure) -> None:
    token = "a token of more than sixteen"
    app = create_app(configure(**SETTINGS, METRICS_TOKEN=token))
    nobody = Api(app, api.account, api.description, None)
    for headers in ({}, {"Authorization": "Bearer another"}, {"Authorization": token}):
        answer = nobody.get("/metrics", headers=headers)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "ringback_" not in answer.text
    assert scrape(nobody, Authorization=f"Bearer {token}").of("ringback_database_up") == 1


def test_without_the_database_there_is_a_gap_and_no_zero(api: Api, configure: Configure) -> None:
    configure(**SETTINGS, DATABASE_URL="sqlite:////nowhere/at/all.db")
    seen = scrape(api)
    assert (seen.of("ringback_database_up"), seen.of("ringback_broker_up")) == (0, 1)
    assert not any(name.startswith(("ringback_jobs", "ringback_reminders")) for name in seen.names)


def test_without_the_broker_the_work_is_still_told(api: Api, redis_server: RedisServer) -> None:
    redis_server.kill()
    try:
        seen = scrape(api)
    finally:
        redis_server.start()
    assert (seen.of("ringback_database_up"), seen.of("ringback_broker_up")) == (1, 0)
    assert seen.of("ringback_jobs", queue="voice", kind="reminder", state="waiting") == 0
    assert "ringback_workers" not in seen.names


def test_a_scrape_asks_little_and_whoever_else_asks_then_nothing(api: Api) -> None:
    nobody = api.with_key(None)
    look_anew(api)
    with statements.heard(everywhere=True) as first:
        nobody.get("/metrics")
    with statements.heard(everywhere=True) as then:
        for path in ("queues", "jobs", "cron"):
            nobody.get(f"/health/{path}")
    with statements.heard(everywhere=True) as again:
        assert Scrape(nobody.get("/metrics").text).of("ringback_database_up") == 1
    assert 5 < len([one for one in first if one.sql.startswith("SELECT")]) <= 40
    assert then == []
    assert len(again) <= 6
    assert all("tally" in one.sql for one in again if one.sql.startswith("SELECT"))


def test_a_counter_is_never_less_than_it_was(api: Api) -> None:
    nobody = api.with_key(None)
    route = {"method": "GET", "route": "/health", "status": "200"}
    for times in range(1, 4):
        nobody.get("/health")
        seen = Scrape(nobody.get("/metrics").text)
        assert seen.of("ringback_http_requests_total", **route) == times

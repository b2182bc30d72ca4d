"""Whether the work gets done, as far as anybody can tell: on real parts, present and away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from gateway.domain import lanes
from gateway.http import create_app, metrics
from gateway.models import base
from gateway.models.cron_job import CronJob
from gateway.models.hold import EVERYTHING, Hold, queue_scope
from gateway.usecases import cron, operators
from tasks.wake import Alarm
from tests.conftest import Configure, StartStack
from tests.failures import failed, unmatched
from tests.http.conftest import SETTINGS
from tests.http.scrape import look_anew
from tests.http.stage import Api
from tests.jobs import work_off
from tests.rows import notification
from tests.servers import RedisServer
from tests.tasks.crew import heard
from tests.waiting import until

AWAY = ["sqlite:////nowhere/at/all.db", "postgresql://nobody@127.0.0.1:1/nothing"]


def health(api: Api, of: str) -> tuple[int, dict[str, Any]]:
    """The answer of this moment."""
    look_anew(api)
    answer = api.with_key(None).get(f"/health/{of}")
    assert answer.json is not None
    return answer.status_code, answer.json


@contextmanager
def a_clock_listens() -> Iterator[None]:
    """A clock that sleeps until it is woken."""
    alarm = Alarm()
    assert alarm.listen()
    try:
        yield
    finally:
        alarm.close()


@pytest.mark.row("B8")
@pytest.mark.row("C7")
def test_queues_are_healthy_while_fewer_jobs_failed_than_the_limit(
    api: Api, configure: Configure, redis_server: RedisServer
) -> None:
    api = Api(create_app(configure(**SETTINGS, HEALTH_FAILED_JOBS="2")), api.account,
              api.description, None)  # fmt: skip
    heard(redis_server, 8, ("voice", "events"), name="one")
    heard(redis_server, 4, ("voice",), name="two")
    own = api.account.organization_id
    with base.connection():
        failed(own)
        failed(own, bury=False)  # somebody looked after it
    status, told = health(api, "queues")
    assert (status, told["status"], told["limit"], told["workers"]) == (200, "ok", 2, 2)
    assert [one["queue"] for one in told["queues"]] == list(lanes.QUEUES)
    [voice] = [one for one in told["queues"] if one["queue"] == "voice"]
    assert (voice["healthy"], voice["failed"], voice["workers"]) == (True, 1, 12)

    with base.connection():
        failed(own)
    status, told = health(api, "queues")
    assert (status, told["status"]) == (503, "failing")
    assert [one["queue"] for one in told["queues"] if not one["healthy"]] == ["voice"]


@pytest.mark.row("B8")
def test_the_limit_is_a_hundred_unless_something_else_is_said(api: Api) -> None:
    with base.connection():
        for _ in range(99):
            unmatched("AC1")
    assert health(api, "queues")[0] == 200
    with base.connection():
        unmatched("AC1")
    status, told = health(api, "queues")
    assert (status, told["status"], told["limit"]) == (503, "failing", 100)
    [events] = [one for one in told["queues"] if one["queue"] == "events"]
    assert (events["healthy"], events["failed"]) == (False, 100)


@pytest.mark.row("B8")
def test_a_paused_queue_is_told_and_is_not_ill(api: Api) -> None:
    now = datetime.now(UTC)
    with base.connection():
        Hold.put(queue_scope("messages"), "by_hand", now)
        Hold.put(queue_scope("voice", api.account.organization_id), "by_hand", now)
    status, told = health(api, "queues")
    assert status == 200
    assert [one["queue"] for one in told["queues"] if one["paused"]] == ["messages"]
    with base.connection():
        Hold.put(EVERYTHING, "by_hand", now)
    _, told = health(api, "queues")
    assert [one["queue"] for one in told["queues"] if one["paused"]] == ["voice", "messages"]


@pytest.mark.parametrize("database", AWAY, ids=["no file", "no server"])
@pytest.mark.parametrize("of", ["queues", "jobs", "cron"])
def test_without_the_database_nothing_is_made_up(
    api: Api, configure: Configure, database: str, of: str
) -> None:
    configure(**SETTINGS, DATABASE_URL=database)
    status, told = health(api, of)
    assert (status, told["status"]) == (503, "unavailable")
    assert told.get("queues", told.get("jobs", [])) == []
    if of == "jobs":
        assert (told["active"], told["per_minute"], told["oldest_due_seconds"]) == (None,) * 3


def test_before_the_migrations_it_is_unavailable(
    api: Api, configure: Configure, postgres: Any
) -> None:
    url = postgres.create_database()
    configure(**SETTINGS, DATABASE_URL=url)
    for of in ("queues", "jobs", "cron"):
        status, told = health(api, of)
        assert (status, told["status"]) == (503, "unavailable")


def test_without_the_broker_workers_are_unknown_and_counts_are_told(
    api: Api, redis_server: RedisServer
) -> None:
    redis_server.kill()
    try:
        queues, jobs = health(api, "queues"), health(api, "jobs")
    finally:
        redis_server.start()
    assert (queues[0], queues[1]["status"], queues[1]["workers"]) == (200, "ok", None)
    assert {one["workers"] for one in queues[1]["queues"]} == {None}
    assert (jobs[0], jobs[1]["status"]) == (503, "broker-away")
    assert (jobs[1]["workers"], jobs[1]["clocks"], jobs[1]["active"]) == (None, None, 0)


@pytest.mark.row("C7")
def test_jobs_are_well_with_workers_and_a_clock_that_take_up_what_is_due(
    api: Api, redis_server: RedisServer
) -> None:
    assert health(api, "jobs")[1]["status"] == "no-workers"
    heard(redis_server, 8)
    assert health(api, "jobs")[1]["status"] == "no-clock"
    now = datetime.now(UTC)
    with a_clock_listens():
        status, told = health(api, "jobs")
        assert (status, told["status"], told["workers"], told["clocks"]) == (200, "ok", 1, 1)
        with base.connection():
            notification(api.account.organization_id, next_attempt_at=now - timedelta(seconds=30))
        assert health(api, "jobs")[0] == 200
        with base.connection():
            notification(api.account.organization_id, next_attempt_at=now - timedelta(seconds=90))
        status, told = health(api, "jobs")
        assert (status, told["status"]) == (503, "stalled")
        assert told["oldest_due_seconds"] == pytest.approx(90, abs=20)
        with base.connection():
            Hold.put(queue_scope("voice"), "by_hand", now)
        status, told = health(api, "jobs")
        assert (status, told["oldest_due_seconds"]) == (200, 0)


@pytest.mark.row("C7")
def test_the_health_of_cron_tells_the_last_run_the_next_one_and_the_result(api: Api) -> None:
    now = datetime.now(UTC)
    status, told = health(api, "cron")
    assert (status, told["status"]) == (503, "late")  # no clock was ever there

    with base.connection():
        cron.install(now)
        operator = operators.at_the_console(None, None)
        cron.change(operator, "daily-snapshots", now, enabled=False)
    status, told = health(api, "cron")
    jobs = {one["name"]: one for one in told["jobs"]}
    assert (status, told["status"], set(jobs)) == (200, "ok", set(cron.BUILT_IN))
    assert jobs["appointment-scan"]["last_run_at"] is None
    assert jobs["appointment-scan"]["next_run_at"] > now.isoformat()[:13]
    assert (jobs["daily-snapshots"]["status"], jobs["daily-snapshots"]["next_run_at"]) == (
        "off", None,
    )  # fmt: skip

    with base.connection():
        CronJob.change("appointment-scan", {"looked_at": now - timedelta(hours=1), "next_at": now})
        assert cron.fire(now) == 2
        work_off(now)
    _, told = health(api, "cron")
    scan = next(one for one in told["jobs"] if one["name"] == "appointment-scan")
    assert (scan["status"], scan["last_result"]) == ("ok", "ok")
    assert scan["last_run_at"][:13] == now.isoformat()[:13]

    with base.connection():
        CronJob.change("retention", {"last_result": "failed"})
    assert health(api, "cron")[1]["status"] == "failing"
    with base.connection():
        CronJob.change("retention", {"next_at": now - timedelta(minutes=3), "last_result": None})
    assert health(api, "cron")[1]["status"] == "late"


def test_many_who_ask_cost_one_look(api: Api, new_api: Callable[[str], Api]) -> None:
    first = health(api, "queues")[1]
    with base.connection():
        failed(api.account.organization_id)
    again = api.get("/health/queues").json
    assert again == first
    assert health(api, "queues")[1] != first


@pytest.mark.row("C7")
def test_the_running_product_is_well_until_its_clock_goes(
    start_stack: StartStack,
) -> None:
    stack = start_stack()

    def told() -> str:
        metrics.look_anew(stack.web.app)
        answer = requests.get(f"{stack.web.url}/health/jobs", timeout=10).json()
        return str(answer["status"])

    until(lambda: told() == "ok", "health")
    stack.stop_clock()
    assert told() == "no-clock"
    stack.start_clock()
    until(lambda: told() == "ok", "health")

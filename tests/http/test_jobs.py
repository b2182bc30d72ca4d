"""Jobs and cron jobs over HTTP: counted, listed, tried again, switched."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.models import base
from gateway.models.cron_job import CronJob
from gateway.models.job import Job
from gateway.usecases import cron
from gateway.wallclock import now
from tests.http.stage import STATS, Api, fields_at_fault
from tests.jobs import known, plan, work_off

JOBS, LETTERS, CRON = "/api/v1/admin/jobs", "/api/v1/admin/dead-letters", "/api/v1/admin/cron"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def spoilt() -> Iterator[list[str]]:
    """The jobs test.ring (timers) fail for the keys in this list."""
    keys: list[str] = []

    def ring(key: str, at: datetime) -> None:
        if key in keys:
            raise RuntimeError

    with known(ring=("timer", ring)):
        yield keys


def planned(api: Api, key: str, at: datetime, mode: str | None = "test") -> str:
    """A job of the organization; its id."""
    with base.connection():
        return str(plan("test.ring", key, at, now(), api.account.organization_id, mode).id)


def given_up(api: Api, keys: list[str], key: str) -> str:
    """A job that failed four times; its id."""
    keys.append(key)
    begun = now() - MINUTE
    made = planned(api, key, begun)
    with base.connection():
        for tried in range(4):
            work_off(begun + tried * MINUTE / 6)
        assert Job.get_by_id(made).state == "failed"
    return made


def listed(api: Api, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.read(JOBS, **query)["data"]
    return found


def counted(api: Api, part: str, name: str) -> dict[str, int]:
    """The counts of a queue or a kind that are not zero."""
    word = part.removesuffix("s")
    [found] = [one for one in api.read(STATS)[part] if one[word] == name]
    words = ("waiting", "active", "delayed", "completed", "failed", "dead", "stalled")
    return {word: found[word] for word in words if found[word]}


@pytest.mark.row("A6")
@pytest.mark.row("B5")
def test_jobs_stand_in_the_statistics_and_the_lists_of_their_organization_and_mode(
    api: Api, new_api: Callable[[str], Api], spoilt: list[str]
) -> None:
    later = planned(api, "later", now() + MINUTE)
    both = planned(api, "both", now() + MINUTE, None)
    dead = given_up(api, spoilt, "dead")
    for part, name in (("queues", "timers"), ("kinds", "expiry")):
        assert counted(api, part, name) == {"delayed": 2, "failed": 1, "dead": 1}
    assert [one["id"] for one in listed(api, queue="timers")] == [dead, both, later]
    [shown] = listed(api, kind="expiry", state="dead")
    assert (shown["id"], shown["name"], shown["key"]) == (dead, "test.ring", "dead")
    assert (shown["attempts"], shown["reason"], shown["dead"]) == (4, "RuntimeError", True)
    live = api.with_key(api.account.live_key)
    assert [one["id"] for one in listed(live)] == [both]
    assert listed(new_api("Clinic")) == []


@pytest.mark.row("B5")
def test_of_what_is_done_only_the_newest_hundred_timers_are_shown_for_an_hour(
    api: Api, spoilt: list[str]
) -> None:
    with base.connection():
        for number in range(103):
            plan("test.ring", f"{number}", now(), now(), api.account.organization_id, "test")
        work_off(now())
        assert Job.select().where(Job.state == "done").count() == 103
    assert counted(api, "kinds", "expiry") == {"completed": 100}
    assert len(listed(api, queue="timers", limit=200)) >= 100
    with base.connection():
        Job.update(finished_at=now() - 61 * MINUTE).execute()
    assert counted(api, "kinds", "expiry") == {}
    assert listed(api, queue="timers") == []


@pytest.mark.row("C6")
def test_a_job_that_was_given_up_is_a_dead_letter_and_can_be_tried_again(
    api: Api, spoilt: list[str]
) -> None:
    made = given_up(api, spoilt, "dead")
    [letter] = api.read(LETTERS, object="job")["data"]
    assert (letter["object_id"], letter["job"]["name"]) == (made, "test.ring")
    assert api.read(f"{LETTERS}/{letter['id']}")["job"]["state"] == "failed"
    spoilt.clear()
    told = api.post(f"{LETTERS}/replay", {"ids": [letter["id"]]}).json or {}
    assert (told["jobs"], told["notifications"], told["events"]) == (1, 0, 0)
    with base.connection():
        work_off(now())
    assert counted(api, "queues", "timers") == {"completed": 1}
    assert api.read(LETTERS)["data"] == []


@pytest.mark.row("B5")
def test_a_kind_is_retried_and_a_queue_is_cleaned(api: Api, spoilt: list[str]) -> None:
    made = given_up(api, spoilt, "first")
    spoilt.clear()
    told = api.post("/api/v1/admin/kinds/expiry/retry", None).json or {}
    assert told["jobs"] == 1
    with base.connection():
        work_off(now())
        assert Job.get_by_id(made).state == "done"
    given_up(api, spoilt, "second")
    told = api.post("/api/v1/admin/queues/timers/clean", None).json or {}
    assert told["jobs"] == 1
    assert counted(api, "queues", "timers") == {}
    assert listed(api, queue="timers") == []


@pytest.mark.row("C7")
def test_what_comes_by_the_clock_is_shown_with_its_last_and_next_run(api: Api) -> None:
    shown = {one["name"]: one for one in api.read(CRON)["data"]}
    assert {"appointment-scan", "daily-snapshots"} <= set(shown)
    scan = shown["appointment-scan"]
    assert (scan["expression"], scan["enabled"], scan["last_run_at"]) == ("0 * * * *", True, None)
    assert scan["next_run_at"].endswith(":00:00Z")
    with base.connection():
        hour = now() + 61 * MINUTE
        cron.fire(hour)
        work_off(hour)
    scan = api.read(f"{CRON}/appointment-scan")
    assert (scan["last_result"], scan["waiting"], scan["failed"]) == ("ok", 0, 0)
    assert scan["last_run_at"] is not None
    assert api.get(f"{CRON}/nothing").status_code == 404


@pytest.mark.row("C7")
def test_one_of_them_is_run_and_switched_by_the_only_organization(
    api: Api, new_api: Callable[[str], Api]
) -> None:
    answer = api.post(f"{CRON}/appointment-scan/run", None)
    assert (answer.status_code, answer.json) == (202, {"name": "appointment-scan", "jobs": 2})
    changed = api.patch(f"{CRON}/appointment-scan", {"expression": "*/5  * * * *"})
    assert (changed.json or {})["expression"] == "*/5 * * * *"
    off = api.patch(f"{CRON}/appointment-scan", {"enabled": False}).json or {}
    assert (off["enabled"], off["next_run_at"]) == (False, None)
    for body, field in (
        ({"expression": "often"}, "expression"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"enabled": "perhaps"}, "enabled"),
        ({"colour": "red"}, "colour"),
    ):
        assert fields_at_fault(api.patch(f"{CRON}/appointment-scan", body)) == [field]
    assert api.patch(f"{CRON}/nothing", {"enabled": True}).status_code == 404
    other = new_api("Clinic")
    assert other.patch(f"{CRON}/appointment-scan", {"enabled": True}).status_code == 409
    with base.connection():
        assert CronJob.get_by_id("appointment-scan").enabled is False

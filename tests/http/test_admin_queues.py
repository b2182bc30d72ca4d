"""The queues and the reminders, by hand, over HTTP."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.models import base
from gateway.models.hold import Hold
from gateway.models.notification import Notification
from gateway.models.records import AuditEntry
from tests.failures import failed
from tests.http.stage import STATS, Api, booking, soon
from tests.http.test_pagination import walk

HAND = "/api/v1/admin"
pytestmark = pytest.mark.row("E7")


def paused(api: Api, part: str, name: str) -> bool:
    """Whether a queue or a kind is shown as paused."""
    word = part.removesuffix("s")
    return next(bool(one["paused"]) for one in api.read(STATS)[part] if one[word] == name)


@pytest.mark.row("B5")
@pytest.mark.parametrize(("part", "name"), [("queues", "messages"), ("kinds", "nurture")])
def test_a_pause_is_seen_in_the_statistics_and_in_the_ledger_and_concerns_nobody_else(
    api: Api, new_api: Callable[[str], Api], part: str, name: str
) -> None:
    other = new_api("Clinic")
    for act, now in (("pause", True), ("resume", False)):
        for changed in (True, False):
            answer = api.post(f"{HAND}/{part}/{name}/{act}", None)
            assert answer.json == {"name": name, "paused": now, "changed": changed}
        assert paused(api, part, name) is now
        assert not paused(other, part, name)
    with base.connection():
        actions = [entry.action for entry in AuditEntry.select().order_by(AuditEntry.id)]
    assert actions == [f"{act} {part.removesuffix('s')} {name}" for act in ("pause", "resume")]


def test_b5_s_words_and_ours_name_the_same_kind(api: Api) -> None:
    assert api.post(f"{HAND}/kinds/notification/pause", None).status_code == 200
    assert paused(api, "kinds", "notification")
    answer = api.post(f"{HAND}/kinds/waitlist/resume", None)
    assert (answer.json or {})["changed"] is True


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("queues/letters/pause", 404), ("kinds/letters/pause", 404), ("queues/events/pause", 409),
        ("queues/letters/clean", 404), ("kinds/letters/retry", 404),
    ],
)  # fmt: skip
def test_what_can_t_be_paused_is_refused(api: Api, path: str, status: int) -> None:
    assert api.post(f"{HAND}/{path}", None).status_code == status
    with base.connection():
        assert Hold.select().count() == 0


@pytest.mark.row("A3")
@pytest.mark.row("A6")
@pytest.mark.row("B5")
@pytest.mark.row("E2")
def test_the_statistics_show_each_queue_and_kind_with_its_figures(api: Api) -> None:
    api.book()
    shown = api.read(STATS)
    assert [one["queue"] for one in shown["queues"]] == [
        "voice", "messages", "timers", "events", "background"
    ]  # fmt: skip
    kinds = {one["kind"]: one for one in shown["kinds"]}
    asked = "expiry notification preference reminder nurture dunning snapshot nudge request"
    assert set(kinds) == set(asked.split())
    assert (kinds["reminder"]["delayed"], kinds["reminder"]["concurrency"]) == (1, None)
    assert (kinds["nudge"]["priority"], kinds["nudge"]["concurrency"]) == (1, 2)
    assert shown["overdue"] == 0


def test_a_retry_replays_the_dead_letters_of_its_kind_alone(api: Api) -> None:
    own = api.account.organization_id
    with base.connection():
        rows = [failed(own, purpose=kind) for kind in ("nurture", "reminder")]
    for query, dry in (("?dry_run=true", True), ("", False)):
        answer = api.post(f"{HAND}/kinds/nurture/retry{query}", None).json or {}
        assert (answer["notifications"], answer["dry_run"]) == (1, dry)
    with base.connection():
        states = [str(Notification.get_by_id(row.id).state) for row in rows]
    assert states == ["scheduled", "not_reached"]


def jobs(api: Api, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.read(f"{HAND}/jobs", **query)["data"]
    return found


@pytest.mark.row("A6")
def test_jobs_are_listed_by_queue_kind_and_state_without_personal_data(api: Api) -> None:
    api.book()
    with base.connection():
        dead = failed(api.account.organization_id, purpose="nurture", lane="messages:6")
    # The booking is also counted for what its contact prefers.
    assert {one["queue"] for one in jobs(api)} == {"voice", "messages", "background"}
    [job] = jobs(api, queue="messages")
    assert (
        jobs(api, kind="nurture") == jobs(api, state="dead") == jobs(api, state="failed") == [job]
    )
    assert (job["id"], job["attempts"], job["reason"]) == (dead.id, 1, "provider_error")
    assert [one["kind"] for one in jobs(api, queue="voice", state="delayed")] == ["reminder"]
    told = json.dumps(jobs(api))
    assert not any(secret in told for secret in ("+49", "+1202", "Ada", "noon"))
    for query in ("queue=letters", "kind=letters", "state=letters", "colour=red"):
        assert api.get(f"{HAND}/jobs?{query}").status_code == 422
    assert jobs(api.with_key(api.account.live_key)) == []


def test_a_walk_shows_each_job_once(api: Api) -> None:
    with base.connection():
        made = [failed(api.account.organization_id).id for _ in range(5)]
    assert walk(api, f"{HAND}/jobs", lambda: None, limit=2) == made[::-1]


@pytest.mark.row("A6")
def test_cleaning_a_queue_hides_what_is_finished_and_touches_nothing_else(api: Api) -> None:
    api.book()
    with base.connection():
        done = failed(api.account.organization_id)
    told = api.post(f"{HAND}/queues/voice/clean?dry_run=true", None).json or {}
    assert (told["notifications"], len(jobs(api, queue="voice"))) == (1, 2)
    api.post(f"{HAND}/queues/voice/clean", None)
    assert [one["state"] for one in jobs(api, queue="voice")] == ["delayed"]
    [voice] = [one for one in api.read(STATS)["queues"] if one["queue"] == "voice"]
    assert [voice[name] for name in ("failed", "dead", "delayed")] == [0, 0, 1]
    with base.connection():
        assert Notification.get_by_id(done.id).state == "not_reached"


@pytest.mark.row("E3")
def test_reminders_are_switched_off_and_on_for_the_key_s_organization(
    api: Api, new_api: Callable[[str], Api]
) -> None:
    other = new_api("Clinic")
    off = api.post(f"{HAND}/reminders/off", None)
    assert off.json == {"on": False, "changed": True}
    assert paused(api, "kinds", "reminder")
    assert paused(api, "kinds", "nudge")
    assert not paused(api, "kinds", "request")
    assert not paused(other, "kinds", "reminder")
    assert api.post("/api/v1/bookings", booking(starts_at=soon(days=2))).status_code == 201
    on = api.post(f"{HAND}/reminders/on", None)
    assert on.json == {"on": True, "changed": True}
    assert not paused(api, "kinds", "reminder")


def test_missing_reminders_are_found_and_planned(api: Api) -> None:
    made = api.book()
    with base.connection():
        Notification.delete().execute()
    for query, missing in (("?dry_run=true", 1), ("", 1), ("", 0)):
        answer = api.post(f"{HAND}/reminders/rescan{query}", None).json or {}
        assert (answer["bookings"], answer["missing"], answer["next"]) == (1, missing, None)
    [planned] = api.read(f"/api/v1/bookings/{made['id']}/reminders")["data"]
    assert planned["due_at"] == made["reminders"][0]["due_at"]
    answer = api.post(f"{HAND}/reminders/reset", None)
    assert answer.json == {"dry_run": False, "stalled": 0, "waiting": 0, "failed": 0}

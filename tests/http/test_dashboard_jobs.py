"""Jobs, dead letters and parked events on the board."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.models import base
from gateway.models.dead_letter import DeadLetter
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import jobs as planning
from gateway.wallclock import now
from tests import rows
from tests.failures import failed, letter
from tests.http.staff_stage import Browser, ledger
from tests.http.stage import Api
from tests.http.test_dead_letters import park

BOARD = "/admin/queues"
SignedIn = Callable[..., Browser]
pytestmark = pytest.mark.row("B6")


def fields(page: str) -> dict[str, str]:
    """The hidden fields of the form that does what was looked at."""
    form = page.split('<form method="post"')[1]
    found = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    found.pop("csrf")
    return found


def ids(page: str) -> list[str]:
    """The jobs that a page lists."""
    return re.findall(r'href="/admin/queues/jobs/(\w+)"', page)


def test_a_job_is_shown_with_its_attempts_and_errors_and_nothing_personal(
    api: Api, signed_in: SignedIn
) -> None:
    with base.connection():
        row = failed(api.account.organization_id, reason="provider_error")
    page = signed_in("viewer").see(f"{BOARD}/jobs/{row.id}")
    for word in ("provider_error", "21220", "not_reached", "1, 3 failed in a row", "voice, twilio"):
        assert word in page, word
    with base.connection():
        assert letter(row).id in page
    assert not any(secret in page for secret in ("+1202556", "+15005550006", "noon"))


def test_jobs_are_found_by_queue_kind_and_state(api: Api, signed_in: SignedIn) -> None:
    own = api.account.organization_id
    with base.connection():
        late = now() + timedelta(hours=1)
        waits = rows.notification(own, due_at=late, next_attempt_at=late, lane="voice:3")
        dead = failed(own, purpose="nurture", lane="messages:6")
        planning.plan("snapshot.day", f"{own}|x", late, now(), own, "test")
        job = Job.get(Job.key == f"{own}|x")
    browser = signed_in("viewer")
    for query, expected in {
        "": {waits.id, dead.id, job.id}, "queue=voice": {waits.id}, "kind=nurture": {dead.id},
        "state=dead": {dead.id}, "queue=background": {job.id}, "state=delayed": {waits.id, job.id},
        "held_by=nobody": set(),
    }.items():  # fmt: skip
        assert set(ids(browser.see(f"{BOARD}/jobs?{query}"))) == expected, query
    for query, status in {"queue=x": 404, "kind=x": 404, "state=x": 422, "before=x": 422}.items():
        assert browser.get(f"{BOARD}/jobs?{query}").status_code == status
    assert ids(signed_in("viewer", mode="live", email="l@example.com").see(f"{BOARD}/jobs")) == []


def test_what_has_an_open_letter_is_listed_however_old_it_is(api: Api, signed_in: SignedIn) -> None:
    own, long_ago = api.account.organization_id, now() - timedelta(days=30)
    with base.connection():
        dead = failed(own, finished_at=long_ago)
        failed(own, finished_at=long_ago, bury=False)
    browser = signed_in("viewer")
    for query in ("", "?state=dead", "?queue=voice"):
        assert ids(browser.see(f"{BOARD}/jobs{query}")) == [dead.id]


def test_a_walk_over_the_pages_shows_each_job_once(api: Api, signed_in: SignedIn) -> None:
    with base.connection():
        made = rows.notifications(api.account.organization_id, 120)
    browser, seen, path = signed_in("viewer"), list[str](), f"{BOARD}/jobs?queue=voice"
    while path:
        page = browser.see(path)
        seen += ids(page)
        onward = re.search(r'rel="next" href="([^"]+)"', page)
        path = onward[1] if onward else ""
    assert seen == sorted(made, reverse=True)


def test_another_organization_s_job_is_not_there(
    api: Api, new_api: Callable[[str], Api], signed_in: SignedIn
) -> None:
    with base.connection():
        row = failed(new_api("Clinic").account.organization_id)
        found = letter(row)
    browser = signed_in("admin")
    browser.see(BOARD)
    for path in (
        f"jobs/{row.id}",
        f"dead-letters/{found.id}",
        f"dead-letters/replay?id={found.id}",
    ):
        assert browser.get(f"{BOARD}/{path}").status_code == 404, path
    answer = browser.post(f"{BOARD}/jobs/{row.id}/remove", reason="test")
    assert answer.status_code == 404
    assert ledger() == []


def test_what_waits_is_removed_with_a_reason_and_never_done(api: Api, signed_in: SignedIn) -> None:
    own = api.account.organization_id
    with base.connection():
        row = rows.notification(own, next_attempt_at=now() + timedelta(1))
        planning.plan("snapshot.day", f"{own}|x", now() + timedelta(1), now(), own, "test")
        job = Job.get(Job.key == f"{own}|x")
        dead = failed(own)
    browser = signed_in("operator")
    for id_ in (row.id, job.id, dead.id):
        browser.see(f"{BOARD}/jobs/{id_}")
        assert browser.post(f"{BOARD}/jobs/{id_}/remove", reason="fun").status_code == 422
        assert browser.post(f"{BOARD}/jobs/{id_}/remove", reason="test").status_code == 303
        assert "The job is removed." in browser.see(f"{BOARD}/jobs/{id_}")
        assert browser.post(f"{BOARD}/jobs/{id_}/remove", reason="test").status_code == 409
    with base.connection():
        assert Notification.get_by_id(row.id).state == "canceled"
        assert Job.get_by_id(job.id).state == "canceled"
        assert letter(dead).resolution == "discarded"
    told = [(one.objects, one.reason) for one in ledger() if one.action == "remove-job"]
    assert told == [([id_], "test") for id_ in (row.id, job.id, dead.id)]


def test_a_timer_that_waits_can_t_be_removed(api: Api, signed_in: SignedIn) -> None:
    own = api.account.organization_id
    with base.connection():
        planning.plan("offer.expire", "of_x", now() + timedelta(1), now(), own, "test")
        job = Job.get(Job.key == "of_x")
    browser = signed_in("operator")
    assert "Remove" not in browser.see(f"{BOARD}/jobs/{job.id}")
    assert browser.post(f"{BOARD}/jobs/{job.id}/remove", reason="test").status_code == 409
    with base.connection():
        assert Job.get_by_id(job.id).state == "scheduled"


@pytest.mark.row("C6")
def test_a_dry_run_says_how_many_people_and_does_nothing(api: Api, signed_in: SignedIn) -> None:
    own = api.account.organization_id
    with base.connection():
        one = rows.contact(own)
        made = [failed(own, contact=one.id), failed(own, contact=one.id), failed(own)]
        old = failed(own, expires_at=now() - timedelta(1))
    browser = signed_in("operator")
    page = browser.see(f"{BOARD}/dead-letters/replay?queue=voice")
    assert "This would replay 3 notifications to 2 people." in page
    assert "Left alone: 1, their time is over." in page
    with base.connection():
        assert {row.state for row in Notification.select()} == {"not_reached"}
        later = failed(own)  # after the look: not among what was agreed to
    answer = browser.post(f"{BOARD}/dead-letters/replay", **fields(page))
    assert answer.headers["Location"] == f"{BOARD}/dead-letters"
    page = browser.see(f"{BOARD}/dead-letters")
    assert "Replayed: 3 notifications to 2 people; left alone: 1." in page
    with base.connection():
        states = {row.id: row.state for row in Notification.select()}
    assert states == {
        **{row.id: "scheduled" for row in made}, old.id: "not_reached", later.id: "not_reached"
    }  # fmt: skip
    (entry,) = ledger()
    assert (entry.action, entry.person, len(entry.objects)) == (
        "replay-dead-letters", "Sam Operator", 3
    )  # fmt: skip


@pytest.mark.row("C6")
def test_one_letter_is_replayed_or_discarded_alone(api: Api, signed_in: SignedIn) -> None:
    own = api.account.organization_id
    with base.connection():
        first, second, third = (letter(failed(own)) for _ in range(3))
    browser = signed_in("operator")
    for act, found in (("replay", first), ("discard", second)):
        assert f"{act}?id={found.id}" in browser.see(f"{BOARD}/dead-letters/{found.id}")
        page = browser.see(f"{BOARD}/dead-letters/{act}?id={found.id}")
        assert f"This would {act} 1 notification to 1 person." in page
        browser.post(f"{BOARD}/dead-letters/{act}", **fields(page))
    with base.connection():
        resolved = {row.id: row.resolution for row in DeadLetter.select()}
    assert resolved == {first.id: "replayed", second.id: "discarded", third.id: None}
    assert third.id in browser.see(f"{BOARD}/dead-letters")
    assert third.id not in browser.see(f"{BOARD}/dead-letters?resolved=yes")
    assert "It was replayed" in browser.see(f"{BOARD}/dead-letters/{first.id}")


def test_all_failed_of_a_kind_are_retried(api: Api, signed_in: SignedIn) -> None:
    own = api.account.organization_id
    with base.connection():
        made = [failed(own, purpose=kind) for kind in ("nurture", "reminder")]
    browser = signed_in("operator")
    assert "/dead-letters/replay?kind=nurture" in browser.see(BOARD)
    page = browser.see(f"{BOARD}/dead-letters/replay?kind=nurture")
    browser.post(f"{BOARD}/dead-letters/replay", **fields(page))
    with base.connection():
        states = [Notification.get_by_id(row.id).state for row in made]
    assert states == ["scheduled", "not_reached"]


def test_a_run_without_a_look_is_refused(api: Api, signed_in: SignedIn) -> None:
    with base.connection():
        failed(api.account.organization_id)
    browser = signed_in("operator")
    for until in ({}, {"until": "soon"}, {"until": "2026-01-01"}):
        answer = browser.post(f"{BOARD}/dead-letters/replay", **until)
        assert answer.status_code == 422
    assert ledger() == []


def test_parked_events_are_shown_without_what_they_say_and_tried_again(
    api: Api, signed_in: SignedIn
) -> None:
    dead, waiting = park(), park(state="parked")
    browser = signed_in("operator")
    page = browser.see(f"{BOARD}/parked-events")
    assert dead in page
    assert waiting in page
    assert "4915112345678" not in page
    assert waiting not in browser.see(f"{BOARD}/parked-events?state=dead")
    assert browser.get(f"{BOARD}/parked-events?state=x").status_code == 422

    page = browser.see(f"{BOARD}/parked-events/replay?state=dead")
    assert "This would try 1 provider event." in page
    browser.post(f"{BOARD}/parked-events/replay", **fields(page))
    assert "Tried again: 1 provider event; left alone: 0." in browser.see(f"{BOARD}/parked-events")
    page = browser.see(f"{BOARD}/parked-events/discard?id={waiting}")
    browser.post(f"{BOARD}/parked-events/discard", **fields(page))
    with base.connection():
        states = {row.id: row.state for row in ProviderEvent.select()}
    assert states == {dead: "received", waiting: "discarded"}
    assert [one.action for one in ledger()] == ["replay-events", "discard-events"]

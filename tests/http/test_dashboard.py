"""The board at /admin/queues: what it shows, to whom, and what steering it comes to."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.models import base
from gateway.models.booking import Booking
from gateway.models.hold import Hold
from gateway.models.notification import Notification
from gateway.wallclock import now
from tests import rows
from tests.conftest import Account
from tests.failures import failed
from tests.http.staff_stage import Browser, ledger
from tests.http.stage import Api, soon

BOARD = "/admin/queues"
SignedIn = Callable[..., Browser]
pytestmark = pytest.mark.row("B6")


def cells(page: str, row: str) -> dict[str, str]:
    """The row of this id in the board's tables, by the headings of its columns."""
    table = next(part for part in page.split("<table>") if f'id="{row}"' in part)
    heads = [text(one) for one in re.findall(r"<th scope=\"col\".*?</th>", table, re.S)]
    line = table.split(f'id="{row}"')[1].split("</tr>")[0]
    found = [text(one) for one in re.findall(r"<t[hd][ >].*?</t[hd]>", line, re.S)]
    return dict(zip(heads, found, strict=True))


def text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_each_queue_and_kind_stands_there_with_its_counts_and_its_oldest(
    api: Api, signed_in: SignedIn
) -> None:
    own = api.account.organization_id
    with base.connection():
        late = now() - timedelta(minutes=12)
        rows.notification(own, due_at=late, next_attempt_at=late, expires_at=now() + timedelta(1))
        failed(own, purpose="nurture", lane="messages:6")
    page = signed_in("viewer").see(BOARD)

    voice, messages = cells(page, "queue-voice"), cells(page, "queue-messages")
    assert (voice["waiting"], voice["oldest waits"], voice["dead"]) == ("1", "12 min", "0")
    assert (messages["waiting"], messages["oldest waits"], messages["dead"]) == ("0", "—", "1")
    request, nurture = cells(page, "kind-request"), cells(page, "kind-nurture")
    assert (request["waiting"], request["oldest waits"]) == ("1", "12 min")
    assert (nurture["failed"], nurture["dead"]) == ("1", "1")
    assert "worker" in page
    assert set(re.findall(r'id="(queue-\w+)"', page)) == {
        f"queue-{name}" for name in ("voice", "messages", "timers", "events", "background")
    }


@pytest.mark.row("E2")
def test_reminders_stand_there_by_state_with_the_number_overdue(
    api: Api, signed_in: SignedIn
) -> None:
    made = api.book()
    with base.connection():
        Booking.update(overdue=True).where(Booking.id == made["id"]).execute()
        at = now()
        for state, ended in (("reached", at), ("reached", at - timedelta(days=2)), ("expired", at)):
            rows.notification(
                api.account.organization_id, purpose="reminder", state=state, finished_at=ended
            )
    page = signed_in("viewer").see(BOARD)
    table = page.split('id="reminders"')[1].split("</table>")[0]
    heads, counts = (
        [text(one) for one in re.findall(rf"<{tag}[ >].*?</{tag}>", table)] for tag in ("th", "td")
    )
    assert dict(zip(heads, counts, strict=True)) == {
        "scheduled": "1", "reached": "1", "expired": "1"
    }  # fmt: skip
    assert re.search(r'id="overdue"[^>]*>1<', page)


@pytest.mark.row("E3")
def test_only_operators_steer(api: Api, signed_in: SignedIn) -> None:
    with base.connection():
        letter = failed(api.account.organization_id)
    for role in ("viewer", "support"):
        browser = signed_in(role)
        for path in (
            "", "/jobs", f"/jobs/{letter.id}", "/dead-letters", "/parked-events", "/cron", "/charts"
        ):  # fmt: skip
            page = browser.see(BOARD + path)
            assert 'method="post" action="/admin' not in page
            assert "Retry" not in page
        for path in (
            "queue/voice/pause", "kind/nurture/pause", "reminders/off", "reminders/rescan",
            "queue/voice/clean", "dead-letters/replay", "parked-events/discard",
            f"jobs/{letter.id}/remove", "cron/retention/run", "cron/retention/off",
        ):  # fmt: skip
            assert browser.post(f"{BOARD}/{path}").status_code == 403, path
        for path in ("dead-letters/replay", "queue/voice/clean", "reminders/reset"):
            assert browser.get(f"{BOARD}/{path}").status_code == 403, path
    assert ledger() == []


@pytest.mark.row("E7")
@pytest.mark.parametrize(("what", "name"), [("queue", "messages"), ("kind", "nurture")])
def test_a_pause_is_seen_and_stands_in_the_ledger_with_who_did_it(
    signed_in: SignedIn, what: str, name: str
) -> None:
    browser = signed_in("operator")
    browser.see(BOARD)
    for act, word, state in (("pause", "is paused", "paused"), ("resume", "goes on", "goes on")):
        for again in ("", " already"):
            answer = browser.post(f"{BOARD}/{what}/{name}/{act}")
            assert (answer.status_code, answer.headers["Location"]) == (303, BOARD)
            page = browser.see(BOARD)
            assert f"The {what} {name} {word}{again}." in page
            assert cells(page, f"{what}-{name}")["state"] == state
    assert [(one.action, one.person) for one in ledger()] == [
        (f"{act} {what} {name}", "Sam Operator") for act in ("pause", "resume")
    ]
    assert browser.post(f"{BOARD}/{what}/{name}/explode").status_code == 404
    assert browser.post(f"{BOARD}/{what}/letters/pause").status_code == 404


def test_a_pause_for_everybody_is_not_one_organization_s_to_end(signed_in: SignedIn) -> None:
    everywhere, own = signed_in("admin", everywhere=True), signed_in("operator")
    everywhere.see(BOARD)
    everywhere.post(f"{BOARD}/queue/timers/pause")
    assert cells(everywhere.see(BOARD), "queue-timers")["state"] == "paused"

    page = own.see(BOARD)
    assert cells(page, "queue-timers")["state"] == "paused for everybody"
    assert "/queue/timers/" not in page.replace("/queue/timers/clean", "")
    assert own.post(f"{BOARD}/queue/timers/resume").status_code == 409
    with base.connection():
        assert [hold.scope for hold in Hold.listed()] == ["queue|timers"]


@pytest.mark.row("E3")
@pytest.mark.row("E7")
def test_reminders_are_switched_off_and_on(api: Api, signed_in: SignedIn) -> None:
    browser = signed_in("operator")
    assert "Switch off" in browser.see(BOARD)
    for act, then in (("off", "Switch on"), ("on", "Switch off")):
        assert browser.post(f"{BOARD}/reminders/{act}").status_code == 303
        page = browser.see(BOARD)
        assert f"Reminders are {act}." in page
        assert then in page
    assert [one.action for one in ledger()] == ["pause reminders", "resume reminders"]


@pytest.mark.row("E7")
def test_missing_reminders_are_looked_for_first_and_planned_then(
    api: Api, signed_in: SignedIn
) -> None:
    api.book(starts_at=soon(days=2))
    with base.connection():
        Notification.delete().execute()
    browser = signed_in("operator")
    assert "1 booking looked at, 1 missing" in browser.see(f"{BOARD}/reminders/rescan")
    with base.connection():
        assert Notification.select().count() == 0
    answer = browser.post(f"{BOARD}/reminders/rescan")
    assert answer.status_code == 303, answer.text
    assert "Done: 1 booking looked at, 1 missing." in browser.see(BOARD)
    with base.connection():
        assert Notification.select().count() == 1
    assert "There is nothing to be done." in browser.see(f"{BOARD}/reminders/rescan")
    assert "There is nothing to be done." in browser.see(f"{BOARD}/reminders/reset")
    browser.see(BOARD)
    browser.post(f"{BOARD}/reminders/reset")
    assert {"rescan-reminders", "reset-reminders"} <= {one.action for one in ledger()}


def test_cleaning_a_queue_hides_what_is_finished_after_a_look(
    api: Api, signed_in: SignedIn
) -> None:
    with base.connection():
        done = failed(api.account.organization_id)
    browser = signed_in("operator")
    assert "1 notification to 1 person" in browser.see(f"{BOARD}/queue/voice/clean")
    assert cells(browser.see(BOARD), "queue-voice")["dead"] == "1"
    browser.see(f"{BOARD}/queue/voice/clean")
    browser.post(f"{BOARD}/queue/voice/clean")
    voice = cells(browser.see(BOARD), "queue-voice")
    assert (voice["dead"], voice["failed"]) == ("0", "0")
    with base.connection():
        assert Notification.get_by_id(done.id).state == "not_reached"
    assert "clear queue voice" in [one.action for one in ledger()]


def test_the_live_part_is_sent_only_when_it_changed(api: Api, signed_in: SignedIn) -> None:
    browser = signed_in("viewer")
    first = browser.get(f"{BOARD}/live")
    assert first.text in browser.get(BOARD).text
    again = browser.get(f"{BOARD}/live", headers={"HX-PTag": first.headers["HX-PTag"]})
    assert (again.status_code, again.data) == (304, b"")
    api.book()
    after = browser.get(f"{BOARD}/live", headers={"HX-PTag": first.headers["HX-PTag"]})
    assert after.status_code == 200
    assert cells(after.text, "queue-voice")["delayed"] == "1"


def test_who_chose_no_organization_sees_all_of_them_at_once(
    api: Api, signed_in: SignedIn, open_account: Callable[[str], Account]
) -> None:
    clinic = open_account("Clinic")
    with base.connection():
        for own in (api.account.organization_id, clinic.organization_id):
            failed(own)
            rows.notification(own, mode="live", due_at=now() + timedelta(1),
                              next_attempt_at=now() + timedelta(1))  # fmt: skip
    everywhere = signed_in("viewer", everywhere=True)
    for path in ("live", "jobs", "dead-letters", "parked-events", "cron", "charts"):
        everywhere.see(f"{BOARD}/{path}")
    assert everywhere.see(f"{BOARD}/jobs").count("<td>voice</td>") == 4
    page = everywhere.see(BOARD)
    voice = cells(page, "queue-voice")
    assert (voice["dead"], voice["delayed"]) == ("2", "2")
    assert "completed" not in voice
    assert cells(page, "kind-request")["delayed"] == "2"
    assert (
        cells(signed_in("viewer", email="own@example.com").see(BOARD), "queue-voice")["dead"] == "1"
    )

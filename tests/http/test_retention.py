"""How long things are kept: shown and set over HTTP, and what a sweep leaves of what is older."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway import failpoints
from gateway.models import base
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.contact import Contact
from gateway.models.dead_letter import DeadLetter
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.models.transcript import Transcript, TranscriptSegment
from gateway.usecases import retention
from tests.http import seed
from tests.http.stage import CALLS, MESSAGES, ORGANIZATION, PHONE, Api, fields_at_fault

USUAL = {"calls": 395, "messages": 395, "transcripts": 90, "events": 30, "people": 730}
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def ago(days: float) -> datetime:
    return NOW - days * DAY


def sweep(api: Api, now: datetime = NOW) -> None:
    """Clean what is too old of the organization, and of nobody."""
    with base.connection():
        for key in (api.account.organization_id, retention.NOBODYS):
            retention.sweep(key, now)


def keep(api: Api, **days: int | None) -> None:
    """Set how long the organization keeps things."""
    assert api.patch(ORGANIZATION, {"retention": days}).status_code == 200


@pytest.fixture
def old(api: Api) -> Callable[[float], dict[str, str]]:
    """Makes everything that is kept of one call and one message to PHONE, that many days ago."""

    def make(days: float) -> dict[str, str]:
        at = ago(days)
        call = seed.call(api, created_at=at, text="Hello Ada", digits="1")
        message = seed.message(api, created_at=at, text="Hello Ada")
        inbound = seed.message(
            api, created_at=at, text="I am Ada", direction="inbound", from_address=PHONE,
            to_address="+15005550006", state="received",
        )  # fmt: skip
        seed.transcript(call, "yes this is ada")
        seed.event(call, "completed", seconds=1)
        with base.connection():
            Transcript.update(received_at=at).where(Transcript.call == call).execute()
            ProviderEvent.update(
                body="To=4915112345678", query="a=b", received_at=at,
                organization=api.account.organization_id,
            ).where(ProviderEvent.call == call).execute()  # fmt: skip
        return {"call": call, "message": message, "inbound": inbound}

    return make


def left(made: dict[str, str]) -> dict[str, bool]:
    """Of what was made, what is still there."""
    with base.connection():
        call = CallLog.get_by_id(made["call"])
        out, came = (MessageLog.get_by_id(made[name]) for name in ("message", "inbound"))
        spoken = Transcript.select().where(Transcript.call == call.id).exists()
        event = ProviderEvent.get(ProviderEvent.call == call.id)
        return {
            "calls": (call.to_address, call.text, call.digits) == (PHONE, "Hello Ada", "1"),
            "messages": [out.to_address, out.text, came.from_address, came.text]
            == [PHONE, "Hello Ada", PHONE, "I am Ada"],
            "transcripts": bool(spoken),
            "events": event.body is not None,
        }


def test_the_days_are_shown_and_set(api: Api) -> None:
    shown = api.read(ORGANIZATION)
    assert (shown["retention"], shown["retention_in_force"]) == ({}, USUAL)
    changed = api.patch(ORGANIZATION, {"retention": {"transcripts": 7, "calls": None}})
    assert changed.status_code == 200
    shown = api.read(ORGANIZATION)
    assert shown["retention"] == {"transcripts": 7, "calls": None}
    assert shown["retention_in_force"] == USUAL | {"transcripts": 7, "calls": None}


@pytest.mark.parametrize(
    ("kept", "field"),
    [([], "retention"), ({"letters": 3}, "retention"), ({"calls": 0}, "retention.calls"),
     ({"calls": 1.5}, "retention.calls"), ({"events": True}, "retention.events"),
     ({"people": "30"}, "retention.people"), ({"people": 36501}, "retention.people")],
)  # fmt: skip
def test_days_that_can_not_be_change_nothing(api: Api, kept: object, field: str) -> None:
    answer = api.patch(ORGANIZATION, {"retention": kept})
    assert (answer.status_code, fields_at_fault(answer)) == (422, [field])
    assert api.read(ORGANIZATION)["retention"] == {}


@pytest.mark.row("A6")
@pytest.mark.parametrize(
    ("days", "gone"),
    [(29, []), (31, ["events"]), (91, ["events", "transcripts"]),
     (396, ["calls", "events", "messages", "transcripts"])],
)  # fmt: skip
def test_each_thing_goes_after_its_own_time(
    api: Api, old: Callable[[float], dict[str, str]], days: float, gone: list[str]
) -> None:
    made = old(days)
    sweep(api)
    assert sorted(name for name, there in left(made).items() if not there) == gone
    shown = api.read(f"{CALLS}/{made['call']}")
    assert (shown["external_id"][:2], shown["state"]) == ("CA", "completed")
    words = 0 if "transcripts" in gone else 1
    assert len(api.read(CALLS, q="ada")["data"]) == words
    with base.connection():
        assert TranscriptSegment.select().count() == words


@pytest.mark.parametrize("what", ["calls", "messages", "transcripts", "events"])
def test_an_organization_sets_each_by_itself(
    api: Api, old: Callable[[float], dict[str, str]], what: str
) -> None:
    forever: dict[str, int | None] = dict.fromkeys(USUAL)
    keep(api, **{**forever, what: 2})
    young, made = old(1), old(3)
    sweep(api)
    assert [name for name, there in left(made).items() if not there] == [what]
    assert all(left(young).values())


def test_nothing_is_cleaned_that_is_still_open(
    api: Api, old: Callable[[float], dict[str, str]]
) -> None:
    open_ = [old(400) for _ in range(4)]
    running, looked_up, ended, failed = (made["call"] for made in open_)
    with base.connection():
        CallLog.update(state="in-progress").where(CallLog.id == running).execute()
        CallLog.update(lookup_at=NOW).where(CallLog.id == looked_up).execute()
        CallLog.update(end_at=NOW).where(CallLog.id == ended).execute()
        booking = api.book()
        row = Notification.get(Notification.booking == booking["id"])
        finished = ago(800)
        Notification.update(
            state="not_reached", finished_at=finished, next_attempt_at=None, wording={"say": "Ada"}
        ).where(Notification.id == row.id).execute()
        CallLog.update(notification=row.id).where(CallLog.id == failed).execute()
        DeadLetter.bury(Notification.get_by_id(row.id), "provider_error", finished)
    sweep(api)
    assert [left(made)["calls"] for made in open_] == [True] * 4
    assert not left(open_[0])["events"]
    assert left(open_[1])["events"], "its call is still looked up"
    with base.connection():
        assert Notification.get_by_id(row.id).wording == {"say": "Ada"}
        CallLog.update(state="completed", lookup_at=None, end_at=None).execute()
        DeadLetter.update(resolved_at=NOW, resolution="discarded").execute()
    sweep(api)
    assert [left(made)["calls"] for made in open_] == [False] * 4
    with base.connection():
        assert Notification.get_by_id(row.id).wording == {}


@pytest.mark.row("A6")
def test_an_unfinished_notification_keeps_its_calls(
    api: Api, old: Callable[[float], dict[str, str]]
) -> None:
    made = old(400)
    with base.connection():
        row = Notification.get(Notification.booking == api.book()["id"])
        CallLog.update(notification=row.id).where(CallLog.id == made["call"]).execute()
    sweep(api)
    assert left(made)["calls"]


def test_a_sweep_that_is_broken_off_goes_on_where_it_stopped(
    api: Api, old: Callable[[float], dict[str, str]]
) -> None:
    made = [old(400) for _ in range(3)]
    failpoints.arm("retention.mid_batch:3:raise")
    try:
        with pytest.raises(failpoints.Failed):
            sweep(api)
    finally:
        failpoints.arm(None)
    assert [left(one)["transcripts"] for one in made] == [False] * 3
    assert [left(one)["messages"] for one in made] == [True] * 3
    sweep(api)
    sweep(api)
    assert [any(left(one).values()) for one in made] == [False] * 3


@pytest.mark.row("B5")
def test_people_of_whom_nothing_was_heard_for_long_are_blanked_with_their_bookings(
    api: Api,
) -> None:
    gone, regular, waiting = (
        api.book(contact={"phone": f"+491511234567{n}", "name": name}, metadata={"n": name},
                 service={"name": "Haircut"})
        for n, name in enumerate(("Ada", "Eve", "Zoe"))
    )  # fmt: skip
    long_ago = {"finished_at": ago(731), "next_attempt_at": None, "state": "reached"}
    with base.connection():
        Contact.update(updated_at=ago(731)).execute()
        Booking.update(starts_at=ago(731)).execute()
        Booking.update(starts_at=ago(3)).where(Booking.id == regular["id"]).execute()
        done = Notification.update(wording={"say": "Ada"}, **long_ago)
        done.where(Notification.booking != waiting["id"]).execute()
    sweep(api)
    with base.connection():
        names = {row.name for row in Contact.select()}
        kept = {row.id: (row.metadata, row.service) for row in Booking.select()}
        worded = {row.booking_id for row in Notification.select() if row.wording}
    assert names == {None, "Eve", "Zoe"}
    assert kept[gone["id"]] == ({}, None)
    assert kept[regular["id"]] == ({"n": "Eve"}, {"name": "Haircut"})
    assert kept[waiting["id"]][0] == {"n": "Zoe"}, "something of it is still to be sent"
    assert gone["id"] not in worded
    again = api.book(contact={"phone": "+4915112345670", "name": "Ada"})
    assert again["contact"]["id"] != gone["contact"]["id"]


def test_a_carrier_that_tells_again_what_was_cleaned_is_not_heard_twice(
    api: Api, old: Callable[[float], dict[str, str]]
) -> None:
    made = old(400)
    sweep(api)
    with base.connection():
        event: Any = ProviderEvent.get(ProviderEvent.call == made["call"])
        again = ProviderEvent.keep(
            provider=event.provider, account=event.account, kind=event.kind, digest="other",
            dedup_key=event.dedup_key, path=event.path, received_at=NOW,
        )  # fmt: skip
        second = CallLog.owner(
            event.provider, event.account, api.read(f"{CALLS}/{made['call']}")["external_id"]
        )
    assert again is None
    assert second is not None
    assert second.id == made["call"]
    assert api.read(f"{MESSAGES}/{made['message']}")["to"] is None

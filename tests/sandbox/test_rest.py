"""Twilio's REST resource for calls, asked by the official client."""

import re
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from tests.sandbox.conftest import Start
from tests.sandbox.running import SAY, SENDER, Running, scenario

# The properties of a call in Twilio's OpenAPI description, and what each may be beside null.
TEXTS = """
    sid date_created date_updated parent_call_sid account_sid to to_formatted from from_formatted
    phone_number_sid status start_time end_time duration price price_unit direction answered_by
    api_version forwarded_from group_sid caller_name queue_time trunk_sid uri
"""
CALL_PROPERTIES = {**dict.fromkeys(TEXTS.split(), str), "subresource_uris": dict}
SIDS = {"sid": "CA", "account_sid": "AC", "phone_number_sid": "PN"}


def test_a_created_call_has_every_property_that_twilio_documents(sandbox: Running) -> None:
    answer = sandbox.post_call()
    call = answer.json()

    assert answer.status_code == 201
    assert set(call) == set(CALL_PROPERTIES)
    for name, kind in CALL_PROPERTIES.items():
        assert call[name] is None or isinstance(call[name], kind), name
    for name, prefix in SIDS.items():
        assert re.fullmatch(prefix + "[0-9a-f]{32}", call[name])
    assert call["status"] == "queued"
    assert call["to_formatted"] == "(202) 555-0100"
    assert call["start_time"] is None
    assert parsedate_to_datetime(call["date_created"]).utcoffset() == timedelta(0)
    assert call["uri"].endswith(f"/Calls/{call['sid']}.json")


def test_a_call_that_was_played_is_found_completed(sandbox: Running) -> None:
    sid = sandbox.call(scenario("0100"), status_callback_event=["completed"]).sid
    sandbox.receiver.wait_for(1)
    call = sandbox.client().calls(sid).fetch()

    assert (call.status, call.duration, call.answered_by) == ("completed", "1", None)
    assert call.start_time is not None
    assert call.start_time <= call.end_time


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": None}, 21201),
        ({"From": None}, 21213),
        ({"Twiml": None}, 21205),
        ({"Url": "nonsense"}, 21205),
        ({"Twiml": "x" * 4001}, 21205),
        ({"To": "12025550100"}, 21211),
        ({"StatusCallback": "http://my_host/status"}, 21609),
        ({"From": "+15005550001"}, 21212),
        ({"To": "+15005550001"}, 21217),
        ({"To": "+15005550002"}, 21214),
        ({"To": "+15005550003"}, 21215),
        ({"To": "+15005550004"}, 21216),
    ],
)
def test_a_bad_order_is_refused_with_twilios_code(
    sandbox: Running, form: dict[str, str | None], code: int
) -> None:
    answer = sandbox.post_call(**form)

    assert answer.status_code == 400
    assert answer.json() == {
        "code": code,
        "message": answer.json()["message"],
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": 400,
    }
    assert sandbox.look("ledger") == []
    assert [entry["status"] for entry in sandbox.look("requests")] == [400]


def test_any_sender_may_call(sandbox: Running) -> None:
    assert sandbox.post_call(From="+4915112345678").status_code == 201


def test_wrong_credentials_are_refused(sandbox: Running) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        sandbox.client("wrong").calls.create(to=scenario("0100"), from_=SENDER, twiml=SAY)

    assert (refusal.value.status, refusal.value.code) == (401, 20003)
    assert [entry["mode"] for entry in sandbox.look("requests")] == ["bad_credentials"]


def test_the_client_pages_through_the_calls_to_a_number(sandbox: Running) -> None:
    wanted = [sandbox.call(scenario("0100")).sid for _ in range(5)]
    sandbox.call(scenario("0120"))

    found = [call.sid for call in sandbox.client().calls.stream(to=scenario("0100"), page_size=2)]
    assert found == wanted[::-1]
    assert sandbox.client().calls.list(to=scenario("0199")) == []
    assert sandbox.client().calls.list(from_="+19999999999") == []


def test_a_list_by_start_day_leaves_out_other_days_and_calls_not_yet_dialled(
    start: Start,
) -> None:
    sandbox = start(number_delay=30.0)
    sandbox.call(scenario("0107"))
    sid = sandbox.call(scenario("0100"), status_callback_event=["completed"]).sid
    sandbox.receiver.wait_for(1)
    calls = sandbox.client().calls
    today = calls(sid).fetch().start_time.date()

    assert [call.sid for call in calls.list(start_time=today)] == [sid]
    assert [call.sid for call in calls.list(start_time_after=today)] == [sid]
    assert calls.list(start_time_before=today - timedelta(days=1)) == []
    assert [call.status for call in calls.list(status="queued")] == ["queued"]


def test_a_waiting_call_can_be_canceled_once(start: Start) -> None:
    sandbox = start(ring_seconds=30.0)
    call = sandbox.call(scenario("0100"))

    assert call.update(status="canceled").status == "canceled"
    (event,) = sandbox.receiver.wait_for(1)
    assert event["CallStatus"] == "canceled"
    with pytest.raises(TwilioRestException) as refusal:
        call.update(status="canceled")
    assert (refusal.value.status, refusal.value.code) == (400, 21220)


def test_a_running_call_can_be_hung_up_but_not_canceled(start: Start) -> None:
    sandbox = start(talk_seconds=30.0)
    call = sandbox.call(scenario("0100"), status_callback_event=["answered", "completed"])
    sandbox.receiver.wait_for(1)

    with pytest.raises(TwilioRestException) as refusal:
        call.update(status="canceled")
    assert refusal.value.code == 21220
    with pytest.raises(TwilioRestException):
        call.delete()
    assert call.update(status="completed").status == "completed"
    assert sandbox.receiver.wait_for(2)[1]["CallStatus"] == "completed"
    assert call.delete()
    with pytest.raises(TwilioRestException) as absent:
        call.fetch()
    assert (absent.value.status, absent.value.code) == (404, 20404)


def test_unknown_paths_are_refused_in_the_words_of_whoever_is_addressed(sandbox: Running) -> None:
    auth = sandbox.auth()
    other = sandbox.calls_url.replace(sandbox.account.sid, "AC" + "f" * 32)

    assert requests.get(other, auth=auth, timeout=5).json()["code"] == 20404
    lost = requests.get(f"{sandbox.url}/sandbox/nothing", timeout=5)
    assert (lost.status_code, lost.headers["Content-Type"]) == (404, "application/problem+json")

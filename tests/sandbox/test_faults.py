"""Faults: switched on for the next requests or for a share of them, and laid over the numbers."""

from typing import Any

import pytest
import requests

from tests.sandbox.running import Running, scenario
from tests.waiting import until


def placed(sandbox: Running) -> int:
    return len(sandbox.look("ledger"))


def test_a_fault_holds_for_the_next_requests_and_no_longer(sandbox: Running) -> None:
    assert sandbox.fault(behaviour="error_503", next=2).status_code == 201
    assert sandbox.look("faults") == [{"behaviour": "error_503", "next": 2}]

    assert [sandbox.post_call().status_code for _ in range(3)] == [503, 503, 201]
    assert sandbox.look("faults") == []
    assert [entry["mode"] for entry in sandbox.look("requests")] == [
        "error_503",
        "error_503",
        "answered",
    ]
    assert placed(sandbox) == 1


def test_a_share_of_requests_is_the_same_for_the_same_seed(sandbox: Running) -> None:
    def run() -> list[int]:
        sandbox.fault(behaviour="error_500", share=0.5, seed=7)
        return [sandbox.post_call().status_code for _ in range(12)]

    first = run()
    assert set(first) == {201, 500}
    assert run() == first


def test_a_counted_fault_comes_before_a_shared_one(sandbox: Running) -> None:
    sandbox.fault(behaviour="error_500", share=1)
    sandbox.fault(behaviour="error_503", next=1)
    assert [sandbox.post_call().status_code for _ in range(2)] == [503, 500]

    assert requests.delete(f"{sandbox.url}/sandbox/faults", timeout=5).status_code == 204
    assert sandbox.post_call().status_code == 201


def test_a_fault_can_be_for_one_provider(sandbox: Running) -> None:
    sandbox.fault(behaviour="error_500", next=1, provider="voice_api")
    assert sandbox.post_call().status_code == 201
    assert sandbox.voice(scenario("0100")).status_code == 500


def test_requests_that_are_refused_anyway_use_up_no_fault(sandbox: Running) -> None:
    sandbox.fault(behaviour="error_500", next=1)
    assert sandbox.post_call(To=None).status_code == 400
    assert sandbox.post_call().status_code == 500


@pytest.mark.parametrize(
    ("fault", "status", "accepted"),
    [
        ({"behaviour": "error_500"}, 500, 0),
        ({"behaviour": "error_500_accepted"}, 500, 1),
        ({"behaviour": "error_502"}, 502, 0),
        ({"behaviour": "throttle_429", "retry_after": "soon"}, 429, 0),
        ({"behaviour": "reject", "code": 21215}, 400, 0),
        ({"behaviour": "bad_credentials"}, 401, 0),
        ({"behaviour": "redirect_307"}, 307, 0),
        ({"behaviour": "html_201"}, 201, 1),
        ({"behaviour": "empty_201"}, 201, 1),
        ({"behaviour": "slow", "seconds": 0.05}, 201, 1),
        ({"behaviour": "drip", "seconds": 0.0001}, 201, 1),
    ],
)
def test_an_answer_can_go_wrong_with_or_without_a_call(
    sandbox: Running, fault: dict[str, Any], status: int, accepted: int
) -> None:
    sandbox.fault(next=1, **fault)
    auth = sandbox.auth()
    form = {"To": scenario("0100"), "From": "+15005550006", "Twiml": "<Response/>"}
    answer = requests.post(
        sandbox.calls_url, data=form, auth=auth, timeout=10, allow_redirects=False
    )

    assert answer.status_code == status
    assert placed(sandbox) == accepted
    if "code" in fault:
        assert answer.json()["code"] == fault["code"]
    if "retry_after" in fault:
        assert answer.headers["Retry-After"] == fault["retry_after"]


def test_a_truncated_answer_is_noticed(sandbox: Running) -> None:
    sandbox.fault(behaviour="truncated", next=1)
    with pytest.raises(requests.RequestException):
        sandbox.post_call()
    assert placed(sandbox) == 1


@pytest.mark.parametrize(("last", "accepted"), [("0110", 1), ("0111", 0)])
def test_a_hanging_request_may_or_may_not_have_placed_a_call(
    sandbox: Running, last: str, accepted: int
) -> None:
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            sandbox.calls_url,
            data={
                "To": scenario(last),
                "From": "+15005550006",
                "Twiml": "<Response/>",
                "StatusCallback": sandbox.receiver.url,
            },
            auth=sandbox.auth(),
            timeout=1.5,
        )

    assert len(sandbox.receiver.wait_for(accepted)) == accepted
    assert len(sandbox.client().calls.list(to=scenario(last))) == accepted
    assert [entry["status"] for entry in sandbox.look("requests")] == [None]


def test_an_answer_can_name_the_previous_call(sandbox: Running) -> None:
    first = sandbox.post_call().json()["sid"]
    sandbox.fault(behaviour="same_sid", next=1)
    assert sandbox.post_call().json()["sid"] == first
    assert len({line["external_id"] for line in sandbox.look("ledger")}) == 2


def test_a_fault_leaves_to_the_number_what_it_does_not_name(sandbox: Running) -> None:
    sandbox.fault(behaviour="duplicate_callbacks", next=1)
    sandbox.call(scenario("0120"), status_callback_event=["completed"])
    assert [event["CallStatus"] for event in sandbox.receiver.wait_for(3)] == ["busy"] * 3
    assert sandbox.look("ledger")[0]["mode"] == "duplicate_callbacks"


@pytest.mark.parametrize(
    "fault",
    [
        {"behaviour": "explode", "next": 1},
        {"behaviour": ["busy"], "next": 1},
        {"behaviour": "busy"},
        {"behaviour": "busy", "next": 1, "share": 1},
        {"behaviour": "busy", "next": 0},
        {"behaviour": "busy", "next": 1.5},
        {"behaviour": "busy", "share": 2},
        {"behaviour": "busy", "share": "half"},
        {"behaviour": "busy", "next": 1, "provider": "vonage"},
        {"behaviour": "busy", "next": 1, "often": True},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(sandbox: Running, fault: dict[str, Any]) -> None:
    answer = sandbox.fault(**fault)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_fault_that_is_not_json_is_refused(sandbox: Running) -> None:
    url = f"{sandbox.url}/sandbox/faults"
    assert requests.post(url, data="busy", timeout=5).status_code == 422


@pytest.mark.parametrize("provider", ["twilio", "voice_api"])
def test_callbacks_can_come_late(sandbox: Running, provider: str) -> None:
    sandbox.fault(behaviour="late_callbacks", next=1, seconds=2)
    if provider == "twilio":
        sandbox.call(scenario("0100"), status_callback_event=["completed"])
    else:
        sandbox.voice(scenario("0100"))
    assert sandbox.receiver.stays_at(0, 0.5)
    sandbox.receiver.wait_for(1)


def test_a_call_without_an_answer_may_stay_silent(sandbox: Running) -> None:
    sandbox.fault(behaviour="timeout_accepted_silent", next=1, seconds=0.1)
    sandbox.post_call(StatusCallback=sandbox.receiver.url)
    assert placed(sandbox) == 1
    assert sandbox.receiver.stays_at(0, 0.3)


def test_look_ups_can_fail_while_placements_go_on(sandbox: Running) -> None:
    sandbox.fault(behaviour="lookup_503", share=1)
    sid = sandbox.post_call().json()["sid"]
    single = sandbox.calls_url.replace("Calls.json", f"Calls/{sid}.json")
    for url in (sandbox.calls_url, single):
        assert requests.get(url, auth=sandbox.auth(), timeout=5).status_code == 503
    requests.delete(f"{sandbox.url}/sandbox/faults", timeout=5)
    assert requests.get(single, auth=sandbox.auth(), timeout=5).json()["sid"] == sid


def test_a_list_that_lags_lacks_the_newest_calls(sandbox: Running) -> None:
    sandbox.post_call()
    sandbox.fault(behaviour="lookup_lags", share=1, seconds=0.4)
    sandbox.fault(behaviour="busy", next=1)

    def listed() -> int:
        answer = requests.get(sandbox.calls_url, auth=sandbox.auth(), timeout=5)
        return len(answer.json()["calls"])

    assert listed() == 0
    until(lambda: listed() == 1, "the call on the list", seconds=5)
    assert [fault["behaviour"] for fault in sandbox.look("faults")] == ["busy", "lookup_lags"]

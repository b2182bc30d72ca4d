"""Keys in a call: who presses them, where they go, and how the call goes on."""

from typing import Any

import pytest

from tests.sandbox.receiver import Received
from tests.sandbox.running import Running, scenario
from tests.sandbox.test_callbacks import signed_by
from tests.sandbox.test_words import call_transcribed, contents
from tests.waiting import until

ASKED = "Press 1 to confirm."


def menu(sandbox: Running, attributes: str = 'numDigits="1"', after: str = "") -> str:
    """A `<Gather>` whose action is the receiver, and the verbs that follow it."""
    action = f"{sandbox.receiver.url}/keys?attempt=a-1"
    say = f"<Say>{ASKED}</Say>"
    return f'<Gather action="{action}" method="POST" timeout="5" {attributes}>{say}</Gather>{after}'


def answering(sandbox: Running, *documents: str) -> None:
    """Answer the keys with these documents, one after the other; everything else with 204."""
    left = iter(documents)
    sandbox.receiver.reply = lambda request: (
        (200, f"<Response>{next(left)}</Response>") if "/keys" in request.url else (204, "")
    )


def pressed(received: list[Received]) -> list[Received]:
    """The requests that bring keys."""
    return [request for request in received if "/keys" in request.url]


def said(received: list[Received]) -> list[str]:
    """What the person heard, in order."""
    return [words for track, words in contents(received) if track == "outbound_track"]


def over(sandbox: Running) -> list[Received]:
    """Everything that came until the call was completed."""

    def ended() -> bool:
        received = sandbox.receiver.received
        return bool(received) and received[-1].params.get("CallStatus") == "completed"

    until(ended, "the end of the call")
    return list(sandbox.receiver.received)


@pytest.mark.parametrize(("last", "digits"), [("0123", "1"), ("0124", "9")])
def test_a_key_goes_to_the_action_and_its_answer_is_followed(
    sandbox: Running, last: str, digits: str
) -> None:
    answering(sandbox, "<Say>Thank you.</Say><Hangup/><Say>Never said.</Say>")
    sid = call_transcribed(sandbox, last, more=menu(sandbox, after="<Say>No key.</Say>"))
    received = over(sandbox)

    (request,) = pressed(received)
    assert (request["Digits"], request["CallSid"], request["CallStatus"]) == (
        digits,
        sid,
        "in-progress",
    )
    assert (request["To"], request["Direction"]) == (scenario(last), "outbound-api")
    assert signed_by("current-token", request)
    assert said(received) == [f"See you at noon. {ASKED}", "Thank you."]


def test_without_a_key_the_call_falls_through_to_the_next_verb(sandbox: Running) -> None:
    more = menu(sandbox, after="<Say>No key.</Say><Hangup/><Say>Never said.</Say>")
    call_transcribed(sandbox, "0100", more=more)
    received = over(sandbox)

    assert pressed(received) == []
    assert said(received) == [f"See you at noon. {ASKED}", "No key."]
    (line,) = sandbox.look("ledger")
    assert line["text"] == f"See you at noon. {ASKED} No key."


def test_no_key_at_all_can_be_told_too(sandbox: Running) -> None:
    answering(sandbox, "<Hangup/>")
    attributes = 'numDigits="1" actionOnEmptyResult="true"'
    call_transcribed(sandbox, "0100", more=menu(sandbox, attributes, "<Say>No key.</Say>"))
    received = over(sandbox)

    assert [request["Digits"] for request in pressed(received)] == [""]
    assert said(received) == [f"See you at noon. {ASKED}"]


def test_any_number_can_be_made_to_press_keys_one_after_the_other(sandbox: Running) -> None:
    assert sandbox.fault(behaviour="presses", digits="71", next=1).status_code == 201
    answering(sandbox, f"<Say>Again.</Say>{menu(sandbox)}", "<Say>Thank you.</Say>")
    call_transcribed(sandbox, "0100", more=menu(sandbox))
    received = over(sandbox)

    assert [request["Digits"] for request in pressed(received)] == ["7", "1"]
    assert said(received) == [f"See you at noon. {ASKED}", f"Again. {ASKED}", "Thank you."]
    assert sandbox.look("ledger")[0]["mode"] == "presses"


def test_one_question_can_take_several_keys(sandbox: Running) -> None:
    sandbox.fault(behaviour="presses", digits="123", next=1)
    answering(sandbox, "<Hangup/>")
    call_transcribed(sandbox, "0100", more=menu(sandbox, attributes=""))
    assert [request["Digits"] for request in pressed(over(sandbox))] == ["123"]


def test_a_person_who_has_no_more_keys_to_press_stays_silent(sandbox: Running) -> None:
    answering(sandbox, f"{menu(sandbox)}<Say>Goodbye.</Say>")
    call_transcribed(sandbox, "0123", more=menu(sandbox))
    received = over(sandbox)
    assert len(pressed(received)) == 1
    assert said(received)[-1] == "Goodbye."


@pytest.mark.parametrize("reply", [(500, ""), (204, ""), (200, "nonsense")])
def test_a_useless_answer_to_a_key_ends_the_call(sandbox: Running, reply: tuple[int, str]) -> None:
    sandbox.receiver.reply = lambda request: reply if "/keys" in request.url else (204, "")
    call_transcribed(sandbox, "0123", more=menu(sandbox, after="<Say>No key.</Say>"))
    received = over(sandbox)
    assert len(pressed(received)) == 1
    assert said(received) == [f"See you at noon. {ASKED}"]


def test_a_call_without_a_question_is_as_it_was(sandbox: Running) -> None:
    call_transcribed(sandbox, "0123")
    assert contents(over(sandbox)) == [
        ("outbound_track", "See you at noon."),
        ("inbound_track", "Yes, I will be there."),
    ]


@pytest.mark.parametrize(
    "fault",
    [
        {"behaviour": "presses"},
        {"behaviour": "presses", "digits": "one"},
        {"behaviour": "busy", "digits": "1"},
        {"behaviour": "presses", "digits": "1", "kind": "message"},
    ],
)
def test_keys_that_make_no_sense_are_refused(sandbox: Running, fault: dict[str, Any]) -> None:
    assert sandbox.fault(next=1, **fault).status_code == 422

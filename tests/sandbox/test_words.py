"""What is said in a call, and how it is written down."""

import json
import re

import pytest

from tests.sandbox.receiver import Received
from tests.sandbox.running import SAY, Running, scenario, transcribed
from tests.sandbox.test_callbacks import signed_by


def contents(received: list[Received]) -> list[tuple[str, str]]:
    """Track and words of each piece of transcript."""
    return [
        (request["Track"], json.loads(request["TranscriptionData"])["transcript"])
        for request in received
        if request.params.get("TranscriptionEvent") == "transcription-content"
    ]


def call_transcribed(sandbox: Running, last: str, **options: str) -> str:
    """Place a call whose transcription and end are told to the receiver."""
    url = f"{sandbox.receiver.url}/words?attempt=a-1"
    sid: str = sandbox.call(
        scenario(last), twiml=transcribed(url, **options), status_callback_event=["completed"]
    ).sid
    return sid


def test_both_sides_of_a_call_are_written_down(sandbox: Running) -> None:
    sid = call_transcribed(sandbox, "0100")
    received = sandbox.receiver.wait_for(5)[:4]

    assert contents(received) == [
        ("outbound_track", "See you at noon."),
        ("inbound_track", "Thank you, goodbye."),
    ]
    assert [request["SequenceId"] for request in received] == ["1", "2", "3", "4"]
    assert received[0]["TranscriptionEvent"] == "transcription-started"
    assert received[0]["Track"] == "both_tracks"
    assert received[3]["TranscriptionEvent"] == "transcription-stopped"
    assert {request["CallSid"] for request in received} == {sid}
    assert len({request["TranscriptionSid"] for request in received}) == 1
    for request in received:
        assert signed_by("current-token", request)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", request["Timestamp"])
    assert received[1]["Final"] == "true"


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ("0122", "Please leave a message after the beep."),
        ("0123", "Yes, I will be there."),
        ("0124", "Please do not call me again."),
    ],
)
def test_what_is_heard_belongs_to_the_number(sandbox: Running, last: str, words: str) -> None:
    call_transcribed(sandbox, last, track="inbound_track")
    assert contents(sandbox.receiver.wait_for(4)) == [("inbound_track", words)]


def test_a_transcript_can_come_long_after_the_call(sandbox: Running) -> None:
    call_transcribed(sandbox, "0126")
    before = sandbox.receiver.wait_for(2)
    assert contents(before) == []
    assert before[1]["CallStatus"] == "completed"
    assert sandbox.receiver.stays_at(2, 0.15)
    assert len(contents(sandbox.receiver.wait_for(5))) == 2


def test_a_transcript_can_stay_away(sandbox: Running) -> None:
    call_transcribed(sandbox, "0127")
    assert contents(sandbox.receiver.wait_for(2)) == []
    assert sandbox.receiver.stays_at(2, 0.4)


def test_a_transcript_can_come_again_with_other_words(sandbox: Running) -> None:
    call_transcribed(sandbox, "0128")
    received = sandbox.receiver.wait_for(6)
    first, second = (
        request
        for request in received
        if request.params.get("TranscriptionEvent") == "transcription-content"
        and request["Track"] == "inbound_track"
    )

    assert first["SequenceId"] == second["SequenceId"]
    assert first["TranscriptionData"] != second["TranscriptionData"]


def test_a_recording_is_told_and_transcribed(sandbox: Running) -> None:
    url = sandbox.receiver.url
    twiml = (
        f'<Response><Record transcribe="true" transcribeCallback="{url}/words"'
        f' recordingStatusCallback="{url}/recording"/></Response>'
    )
    sandbox.call(scenario("0100"), twiml=twiml, status_callback_event=["completed"])
    _, recording, words = sandbox.receiver.wait_for(3)

    assert (recording["RecordingStatus"], recording["RecordingSource"]) == (
        "completed",
        "RecordVerb",
    )
    assert words["RecordingSid"] == recording["RecordingSid"]
    assert words["TranscriptionText"] == "Thank you, goodbye."
    assert words["TranscriptionStatus"] == "completed"
    assert signed_by("current-token", words)


def test_a_recorded_transcript_can_come_again_with_other_words(sandbox: Running) -> None:
    twiml = (
        f'<Response><Record transcribe="true" transcribeCallback="{sandbox.receiver.url}"/>'
        "</Response>"
    )
    sandbox.call(scenario("0128"), twiml=twiml, status_callback_event=["completed"])
    _, first, second = sandbox.receiver.wait_for(3)

    assert first["TranscriptionSid"] == second["TranscriptionSid"]
    assert first["TranscriptionText"] != second["TranscriptionText"]


def test_a_whole_call_can_be_recorded(sandbox: Running) -> None:
    url = f"{sandbox.receiver.url}/recording"
    sandbox.call(
        scenario("0100"),
        record=True,
        recording_status_callback=url,
        status_callback_event=["completed"],
    )
    assert sandbox.receiver.wait_for(2)[1]["RecordingSource"] == "OutboundAPI"


def test_a_document_is_fetched_when_the_call_is_answered(sandbox: Running) -> None:
    sandbox.receiver.reply = lambda request: (
        (200, transcribed("/words")) if request.url.endswith("/document") else (204, "")
    )
    sandbox.call(
        scenario("0100"),
        twiml=None,
        url=f"{sandbox.receiver.url}/document",
        status_callback_event=["completed"],
    )
    received = sandbox.receiver.wait_for(6)

    assert received[0]["CallStatus"] == "in-progress"
    assert signed_by("current-token", received[0])
    assert received[1].url == f"{sandbox.receiver.url}/words"
    assert contents(received)[0] == ("outbound_track", "See you at noon.")


@pytest.mark.parametrize(("last", "digits"), [("0123", "1"), ("0124", "9")])
def test_a_person_presses_the_key_of_the_number(sandbox: Running, last: str, digits: str) -> None:
    sandbox.receiver.reply = lambda request: (
        (200, "<Response><Say>Noted.</Say></Response>") if "/keys" in request.url else (204, "")
    )
    gather = f'<Gather action="{sandbox.receiver.url}/keys" numDigits="1"/>'
    call_transcribed(sandbox, last, more=gather)
    received = sandbox.receiver.wait_for(7)

    (pressed,) = (request for request in received if "/keys" in request.url)
    assert pressed["Digits"] == digits
    assert signed_by("current-token", pressed)
    assert contents(received)[-1] == ("outbound_track", "Noted.")
    assert received[-1]["CallStatus"] == "completed"


def test_the_spoken_text_stands_in_the_ledger(sandbox: Running) -> None:
    sandbox.call(scenario("0100"), twiml=SAY)
    assert sandbox.look("ledger")[0]["text"] == "Hello there, see you at noon."


def test_a_document_that_cannot_be_read_says_nothing(sandbox: Running) -> None:
    hostile = '<!DOCTYPE a [<!ENTITY b "c">]><Response><Say>&b;</Say></Response>'
    for twiml in ("<Response", hostile):
        assert sandbox.post_call(Twiml=twiml).status_code == 201
    assert [entry["text"] for entry in sandbox.look("ledger")] == ["", ""]

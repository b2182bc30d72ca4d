"""What was said, as Twilio tells it: live, or once a recording was written down."""

import json

import pytest

from gateway.domain.callback import EventKind, Unreadable
from tests.providers.kits import CALL_SID, LIVE_SID
from tests.providers.test_twilio_events import GT, parse, utterance

RE = "RE" + "a" * 32


def test_what_was_said_becomes_a_segment_with_its_speaker_and_time() -> None:
    event = utterance()
    (segment,) = event.segments
    assert event.kind is EventKind.TRANSCRIPT_SEGMENT
    assert (segment.speaker, segment.text, segment.position) == ("contact", "Sim, obrigada", 4)
    assert segment.spoken_at is not None
    assert segment.spoken_at.isoformat() == "2026-11-21T10:00:05.123456+00:00"
    assert event.source_id == GT
    assert utterance(Track="outbound_track").segments[0].speaker == "gateway"


def test_partial_results_and_progress_of_a_transcription_are_only_noticed() -> None:
    for change in ({"Final": "false"}, {"TranscriptionEvent": "transcription-stopped"}):
        event = utterance(**change)
        assert (event.kind, event.segments) == (EventKind.NOTICE, ())


@pytest.mark.parametrize("data", ["", "{}", "[1]", "nonsense", '{"transcript": 5}', "[" * 50_000])
def test_an_utterance_without_its_json_is_unreadable(data: str) -> None:
    with pytest.raises(Unreadable):
        utterance(TranscriptionData=data)


def test_text_that_no_database_stores_is_cleaned() -> None:
    data = json.dumps({"transcript": "a\x00b\ud800c"})
    assert utterance(TranscriptionData=data).segments[0].text == "abc"


def test_a_recordings_text_and_the_recording_are_told_apart() -> None:
    known = {"AccountSid": LIVE_SID, "CallSid": CALL_SID, "RecordingSid": RE}
    recording = parse(
        "twilio/recording", {**known, "RecordingStatus": "completed", "RecordingDuration": "21"}
    )
    assert (recording.kind, recording.source_id) == (EventKind.RECORDING, RE)
    assert recording.duration_seconds == 21
    words = {**known, "TranscriptionSid": "TR" + "0" * 32, "TranscriptionText": "Olá"}
    text = parse("twilio/transcription", {**words, "TranscriptionStatus": "completed"})
    assert (text.kind, text.text) == (EventKind.TRANSCRIPT, "Olá")
    failed = parse("twilio/transcription", {**words, "TranscriptionStatus": "failed"})
    assert (failed.kind, failed.text) == (EventKind.NOTICE, None)


def test_a_recording_s_text_told_again_in_other_words_is_another_event() -> None:
    known = {"AccountSid": LIVE_SID, "CallSid": CALL_SID, "TranscriptionSid": "TR" + "0" * 32}
    told = [
        parse(
            "twilio/transcription",
            {**known, "TranscriptionStatus": "completed", "TranscriptionText": text},
        )
        for text in ("One.", "One.", "Two.")
    ]
    assert told[0].dedup_key == told[1].dedup_key != told[2].dedup_key

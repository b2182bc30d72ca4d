"""The inbox: authentic events stored once, whoever sends them and however often."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.models.transcript import Transcript
from gateway.usecases import inbox
from tests.carrier import Carrier
from tests.rows import call, notification
from tests.usecases.desk import Desk

SID, GT = "CA" + "a" * 32, "GT" + "b" * 32
SECOND = timedelta(seconds=1)


class Line:
    """One call at the carrier, and the ways to tell of it."""

    def __init__(self, desk: Desk, external_id: str | None = SID) -> None:
        self.desk, self.carrier = desk, Carrier(desk.stack)
        account = desk.stack.settings.sandbox_credentials["account_sid"]
        row = notification(
            desk.caller.organization_id, state="sending", next_attempt_at=None, tries=1, claim=1,
            due_at=desk.now, expires_at=desk.now + timedelta(days=1), created_at=desk.now,
        )  # fmt: skip
        self.notification = row
        state = "queued" if external_id else "placing"
        self.call = call(row, account=account, external_id=external_id, state=state)

    def tells(self, word: str, sequence: int | None = None, **more: str) -> int:
        """One status callback; the HTTP status."""
        params = self.carrier.status(SID, word, sequence, **more)
        return self.carrier.told(params, self.call.id).status_code

    def apply(self) -> None:
        """Apply everything that waits."""
        for event_id in ProviderEvent.claim_waiting(
            self.desk.now + timedelta(days=30), 500, timedelta(0)
        ):
            inbox.apply(event_id, self.desk.now)

    @property
    def now(self) -> tuple[str, str]:
        """The states of the call and of its notification."""
        kept: CallLog = CallLog.get_by_id(self.call.id)
        return str(kept.state), str(Notification.get_by_id(self.notification.id).state)


@pytest.fixture
def line(desk: Desk) -> Line:
    return Line(desk)


def _events() -> Counter[str]:
    return Counter(str(event.state) for event in ProviderEvent.select())


@pytest.mark.row("F3")
@pytest.mark.row("B10")
def test_twenty_identical_callbacks_at_once_are_one_event_of_one_call(line: Line) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: line.tells("completed", 3), range(20)))
    assert answers == [204] * 20
    line.apply()
    assert _events() == {"applied": 1}
    assert line.now == ("completed", "reached")
    assert CallLog.select().count() == 1


@pytest.mark.row("F3")
def test_a_forged_callback_changes_nothing(line: Line) -> None:
    params = line.carrier.status(SID, "completed", 3)
    assert line.carrier.told(params, line.call.id, token="not the token").status_code == 401
    url = f"{line.carrier.url}/webhooks/twilio/voice"
    assert line.carrier.post(url, params, "").status_code == 401
    signature = line.carrier.sign(url, params)
    tampered = params | {"CallStatus": "busy"}
    assert line.carrier.post(url, tampered, signature).status_code == 401
    assert line.carrier.post(f"{url}?attempt={line.call.id}", params, signature).status_code == 401
    assert ProviderEvent.select().count() == 0
    assert line.now == ("queued", "sending")


@pytest.mark.row("F3")
def test_a_captured_callback_replayed_or_cut_up_anew_changes_nothing(line: Line) -> None:
    url = f"{line.carrier.url}/webhooks/twilio/voice?attempt={line.call.id}"
    params = line.carrier.status(SID, "ringing", 1)
    signature = line.carrier.sign(url, params)
    assert line.carrier.post(url, params, signature).status_code == 204
    line.apply()
    before = _events()
    assert line.carrier.post(url, params, signature).status_code == 204
    rest = {name: value for name, value in params.items() if name != "SequenceNumber"}
    for recut in (
        {"".join(name + value for name, value in sorted(params.items())): ""},
        rest | {"SequenceNumber1": ""},
        rest | {"Sequence": "Number1"},
        {name + value: "" for name, value in params.items()},
    ):
        assert line.carrier.post(url, recut, signature).status_code == 204
    line.apply()
    assert _events() == before == {"applied": 1}
    assert line.now == ("ringing", "sending")


@pytest.mark.row("F3")
def test_an_event_before_the_answer_to_its_placement_names_the_call_itself(desk: Desk) -> None:
    line = Line(desk, external_id=None)
    assert line.tells("ringing", 1) == 204
    line.apply()
    kept: CallLog = CallLog.get_by_id(line.call.id)
    assert (kept.external_id, kept.state, kept.open_key) == (SID, "ringing", None)


@pytest.mark.row("F3")
def test_an_event_of_an_unknown_call_is_parked_and_applied_once_the_call_appears(
    desk: Desk,
) -> None:
    line = Line(desk, external_id=None)
    params = line.carrier.status(SID, "completed", 3)
    assert line.carrier.told(params).status_code == 204
    line.apply()
    assert _events() == {"parked": 1}
    assert line.now == ("placing", "sending")
    line.call.name(SID)
    line.apply()
    assert _events() == {"applied": 1}
    assert line.now == ("completed", "reached")


def test_an_event_about_another_accounts_call_is_parked_without_effect(line: Line) -> None:
    CallLog.update(account="AC" + "9" * 32).where(CallLog.id == line.call.id).execute()
    assert line.tells("completed", 3) == 204
    line.apply()
    assert _events() == {"parked": 1}
    assert line.now == ("queued", "sending")


def test_an_unknown_word_is_kept_in_the_timeline_and_moves_nothing(line: Line) -> None:
    assert line.tells("pondering", 7) == 204
    line.apply()
    assert line.now == ("queued", "sending")
    assert [event.status for event in ProviderEvent.timeline([line.call.id])] == ["pondering"]


@pytest.mark.row("F5")
def test_an_utterance_told_twice_with_other_words_has_the_later_ones(line: Line) -> None:
    for text in ("See you", "See you", "Sea view"):
        params = line.carrier.utterance(SID, GT, 2, "inbound_track", text)
        assert line.carrier.told(params, line.call.id, "transcription").status_code == 204
        line.apply()
    (transcript,) = Transcript.select()
    assert (transcript.text, transcript.current) == ("Sea view", True)
    assert _events() == {"applied": 2}


@pytest.mark.row("D3")
@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", "null", "{", '{"call_id": "c"}', '{"call_id": "c", "status": "completed"}',
     '{"call_id": 1.5, "status": "completed", "metadata": {"reminder_id": "r"}}'],
)  # fmt: skip
def test_a_call_status_that_is_none_is_a_400_and_keeps_nothing(line: Line, body: str) -> None:
    assert line.carrier.voice_api(body).status_code == 400
    assert ProviderEvent.select().count() == 0


@pytest.mark.row("D3")
def test_a_call_status_twice_is_a_success_twice_and_one_effect(desk: Desk) -> None:
    row = notification(desk.caller.organization_id, state="sending", next_attempt_at=None)
    attempt = call(row, provider="voice_api", account="voice_api:test")
    line = Line(desk)
    body: dict[str, Any] = {
        "call_id": "call_1", "status": "completed", "transcript": "Agent: Hello",
        "metadata": {"reminder_id": attempt.id},
    }  # fmt: skip
    for message_id in ("msg_1", "msg_1", "msg_2"):
        answer = line.carrier.voice_api(body, message_id)
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    line.apply()
    assert _events() == {"applied": 1}
    kept: CallLog = CallLog.get_by_id(attempt.id)
    assert (kept.state, kept.external_id) == ("completed", "call_1")
    assert Notification.get_by_id(row.id).state == "reached"
    assert Transcript.select().count() == 1
    assert line.carrier.voice_api(body | {"transcript": "Agent: Hi"}, "msg_3").status_code == 200
    line.apply()
    texts = [(row.text, row.current) for row in Transcript.select().order_by(Transcript.id)]
    assert texts == [("Agent: Hello", False), ("Agent: Hi", True)]

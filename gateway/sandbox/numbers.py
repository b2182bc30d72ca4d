"""What happens to a number is fixed by the number (field.md 5.4, the rows that concern calls)."""

import re
from threading import Lock

from gateway.sandbox.behaviour import Answer, Behaviour, Delivery, Signing, Transcript

_SCENARIO = "+1202555"
_E164 = re.compile(r"\+[1-9]\d{6,14}")
REFUSALS_BEFORE_OK = 2

THROTTLED_TWICE = Behaviour("throttled_twice")
_REFUSED = Behaviour("throttled_twice", answer=Answer.THROTTLED, accepted=False, retry_after="1")

_MEANINGS: dict[str, Behaviour] = {
    "0100": Behaviour("answered"),
    "0103": Behaviour("lost_callbacks", delivery=Delivery.LOST),
    "0104": Behaviour("duplicate_callbacks", delivery=Delivery.TRIPLE),
    "0105": Behaviour("reversed_callbacks", delivery=Delivery.REVERSED),
    "0106": Behaviour("early_callbacks", delivery=Delivery.EARLY),
    "0107": Behaviour("delayed", delayed=True),
    "0110": Behaviour("timeout_accepted", answer=Answer.HANG),
    "0111": Behaviour("timeout_not_accepted", answer=Answer.HANG, accepted=False),
    "0112": THROTTLED_TWICE,
    "0120": Behaviour("busy", status="busy", sip_code="486"),
    "0121": Behaviour("no_answer", status="no-answer", sip_code="487"),
    "0122": Behaviour(
        "machine",
        answered_by="machine_end_beep",
        heard="Please leave a message after the beep.",
    ),
    "0123": Behaviour("pressed_1", heard="Yes, I will be there.", digits="1"),
    "0124": Behaviour("pressed_9", heard="Please do not call me again.", digits="9"),
    "0125": Behaviour("rejected", status="failed", sip_code="603"),
    "0126": Behaviour("late_transcript", transcript=Transcript.LATE),
    "0127": Behaviour("no_transcript", transcript=Transcript.NEVER),
    "0128": Behaviour("transcript_twice", transcript=Transcript.TWICE),
    "0130": Behaviour("forged_signature", signing=Signing.FORGED),
    "0131": Behaviour("stale_token", signing=Signing.STALE),
}
_ANSWERED = _MEANINGS["0100"]


def is_e164(number: str) -> bool:
    """True for `+` and 7 to 15 digits; whether the number exists is not asked."""
    return _E164.fullmatch(number) is not None


def meaning(number: str) -> Behaviour:
    """The fate of a call to this number; a number without a meaning is answered by a person."""
    if not number.startswith(_SCENARIO):
        return _ANSWERED
    return _MEANINGS.get(number.removeprefix(_SCENARIO), _ANSWERED)


class Throttle:
    """Counts one account's requests per number: 0112 is refused twice, then let through, over and
    over."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._refused: dict[str, int] = {}

    def judge(self, number: str, behaviour: Behaviour) -> Behaviour:
        """The behaviour as it is, or the refusal that is still due to this number."""
        if behaviour is not THROTTLED_TWICE:
            return behaviour
        with self._lock:
            refused = self._refused.get(number, 0)
            if refused < REFUSALS_BEFORE_OK:
                self._refused[number] = refused + 1
                return _REFUSED
            del self._refused[number]
            return behaviour

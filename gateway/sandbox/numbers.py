"""What happens to a number is fixed by the number (field.md 5.4): to a call, and to a message."""

import re
from threading import Lock
from typing import Literal

from gateway.sandbox.behaviour import Answer, Behaviour, Delivery, Signing, Transcript

Kind = Literal["call", "message"]

_SCENARIO = "+1202555"
_E164 = re.compile(r"\+[1-9]\d{6,14}")
REFUSALS_BEFORE_OK = 2

THROTTLED_TWICE = Behaviour("throttled_twice")
_REFUSED = Behaviour("throttled_twice", answer=Answer.THROTTLED, accepted=False, retry_after="1")

_EITHER: dict[str, Behaviour] = {
    "0104": Behaviour("duplicate_callbacks", delivery=Delivery.TRIPLE),
    "0105": Behaviour("reversed_callbacks", delivery=Delivery.REVERSED),
    "0106": Behaviour("early_callbacks", delivery=Delivery.EARLY),
    "0107": Behaviour("delayed", delayed=True),
    "0110": Behaviour("timeout_accepted", answer=Answer.HANG),
    "0111": Behaviour("timeout_not_accepted", answer=Answer.HANG, accepted=False),
    "0112": THROTTLED_TWICE,
    "0130": Behaviour("forged_signature", signing=Signing.FORGED),
    "0131": Behaviour("stale_token", signing=Signing.STALE),
}
_CALLS: dict[str, Behaviour] = _EITHER | {
    "0100": Behaviour("answered"),
    "0103": Behaviour("lost_callbacks", delivery=Delivery.LOST),
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
}
_MESSAGES: dict[str, Behaviour] = _EITHER | {
    "0100": Behaviour("delivered"),
    "0101": Behaviour("unreachable", outcome="undelivered", error_code=30003),
    "0102": Behaviour("filtered", outcome="undelivered", error_code=30007),
    "0103": Behaviour("callbacks_end_at_sent", delivery=Delivery.FADING),
    "0108": Behaviour("replies_1", reply="1"),
    "0109": Behaviour("replies_stop", reply="STOP"),
    "0113": Behaviour("outside_window", outcome="failed", error_code=63016, windowed=True),
}
_MEANINGS: dict[Kind, dict[str, Behaviour]] = {"call": _CALLS, "message": _MESSAGES}


def is_e164(number: str) -> bool:
    """True for `+` and 7 to 15 digits; whether the number exists is not asked."""
    return _E164.fullmatch(number) is not None


def meaning(number: str, kind: Kind = "call") -> Behaviour:
    """The fate of a call or message to this number, which may have a channel in front
    (`whatsapp:`). At a number without a meaning a person answers, or reads."""
    meanings = _MEANINGS[kind]
    last = number.rpartition(":")[2].removeprefix(_SCENARIO)
    return meanings.get(last, meanings["0100"])


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

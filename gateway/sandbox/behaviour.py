"""What can happen to a placement: how it is answered, what is played, how it is called back."""

from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """How the placement request itself is answered."""

    CREATED = "created"
    HANG = "hang"
    RESET = "reset"
    CLOSE = "close"
    ERROR_500 = "error_500"
    ERROR_502 = "error_502"
    ERROR_503 = "error_503"
    THROTTLED = "throttled"
    REJECTED = "rejected"
    UNAUTHORIZED = "unauthorized"
    TRUNCATED = "truncated"
    HTML = "html"
    EMPTY = "empty"
    DRIP = "drip"
    REDIRECT = "redirect"
    SLOW = "slow"
    SAME_SID = "same_sid"
    GARBAGE = "garbage"


class Delivery(StrEnum):
    """What becomes of the callbacks of a call or message."""

    ONCE = "once"
    LOST = "lost"
    TRIPLE = "triple"
    REVERSED = "reversed"
    EARLY = "early"
    LATE = "late"
    FADING = "fading"  # of a message: nothing is heard after `sent`


class Signing(StrEnum):
    """Which secret signs the callbacks."""

    CURRENT = "current"
    FORGED = "forged"
    STALE = "stale"


class Transcript(StrEnum):
    """When the words of a call are handed over."""

    PROMPT = "prompt"
    LATE = "late"
    NEVER = "never"
    TWICE = "twice"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One placement's fate. `name` is the `mode` of its ledger line.

    `status` and `sip_code` are Twilio's words for the end of the call; `heard` is what the person
    says and `digits` the keys they press, a part of them at each `<Gather>`. A message ends as
    `outcome` says, with `error_code`; WhatsApp's are read after that if `reads`, and answered by
    `reply`. `windowed` people get free words on WhatsApp only within 24 hours of their own.
    `seconds`, `retry_after` and `code` belong to faults.
    """

    name: str = "answered"
    answer: Answer = Answer.CREATED
    accepted: bool = True
    status: str = "completed"
    sip_code: str = "200"
    answered_by: str = "human"
    heard: str = "Thank you, goodbye."
    digits: str = ""
    outcome: str = "delivered"
    error_code: int | None = None
    reads: bool = True
    reply: str = ""
    windowed: bool = False
    delivery: Delivery = Delivery.ONCE
    signing: Signing = Signing.CURRENT
    transcript: Transcript = Transcript.PROMPT
    delayed: bool = False
    seconds: float | None = None
    retry_after: str | None = None
    code: int | None = None

    @property
    def is_machine(self) -> bool:
        """True where an answering machine takes the call: then Twilio is always told to say so."""
        return self.answered_by != "human"

    @property
    def misheard(self) -> str:
        """The other wording that a transcript sent twice has the second time."""
        return f"{self.heard} (corrected)"

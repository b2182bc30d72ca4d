"""Faults that a test switches on: for the next N requests of a kind, or for a share of them."""

import random
import re
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

from gateway.sandbox import numbers
from gateway.sandbox.behaviour import Answer, Behaviour, Delivery, Signing
from gateway.sandbox.numbers import Kind

PROVIDERS = ("twilio", "voice_api", "smtp", "sendgrid", "meta")

_REFUSED: dict[str, Any] = {"accepted": False}
CHANGES: dict[str, dict[str, Any]] = {
    "timeout_accepted": {"answer": Answer.HANG},
    "timeout_accepted_silent": {"answer": Answer.HANG, "delivery": Delivery.LOST},
    "timeout_not_accepted": {"answer": Answer.HANG, **_REFUSED},
    "reset_accepted": {"answer": Answer.RESET},
    "reset_not_accepted": {"answer": Answer.RESET, **_REFUSED},
    "close_accepted": {"answer": Answer.CLOSE},
    "error_500": {"answer": Answer.ERROR_500, **_REFUSED},
    "error_500_accepted": {"answer": Answer.ERROR_500},
    "error_502": {"answer": Answer.ERROR_502, **_REFUSED},
    "error_503": {"answer": Answer.ERROR_503, **_REFUSED},
    "throttle_429": {"answer": Answer.THROTTLED, **_REFUSED},
    "reject": {"answer": Answer.REJECTED, **_REFUSED},
    "bad_credentials": {"answer": Answer.UNAUTHORIZED, **_REFUSED},
    "redirect_307": {"answer": Answer.REDIRECT, **_REFUSED},
    "truncated": {"answer": Answer.TRUNCATED},
    "html_201": {"answer": Answer.HTML},
    "empty_201": {"answer": Answer.EMPTY},
    "garbage": {"answer": Answer.GARBAGE},
    "drip": {"answer": Answer.DRIP},
    "slow": {"answer": Answer.SLOW},
    "same_sid": {"answer": Answer.SAME_SID},
    "lost_callbacks": {"delivery": Delivery.LOST},
    "duplicate_callbacks": {"delivery": Delivery.TRIPLE},
    "reversed_callbacks": {"delivery": Delivery.REVERSED},
    "early_callbacks": {"delivery": Delivery.EARLY},
    "late_callbacks": {"delivery": Delivery.LATE},
    "forged_signature": {"signing": Signing.FORGED},
    "stale_token": {"signing": Signing.STALE},
    "busy": {"status": "busy", "sip_code": "486"},
    "no_answer": {"status": "no-answer", "sip_code": "487"},
    "failed": {"status": "failed", "sip_code": "404", "outcome": "failed", "error_code": 30008},
    "presses": {},
    "undelivered": {"outcome": "undelivered", "error_code": 30003},
    "stays_sent": {"outcome": "sent"},
    "unread": {"reads": False},
    "replies": {},
}
# What only one kind of placement knows.
_KIND_OF: dict[str, Kind] = {
    **dict.fromkeys(("busy", "no_answer", "presses"), "call"),
    **dict.fromkeys(("undelivered", "stays_sent", "unread", "replies"), "message"),
}

# What may befall questions about calls and messages; placements go on as they did.
LOOKUPS = frozenset({"lookup_503", "lookup_lags"})


class FaultError(ValueError):
    """The description of a fault makes no sense; the text says which part, for the 422 answer."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A behaviour laid over the number's own: what the fault does not name stays the number's."""

    behaviour: str
    provider: str | None = None
    next: int | None = None
    share: float | None = None
    seed: int | None = None
    seconds: float | None = None
    retry_after: str | None = None
    code: int | None = None
    kind: Kind | None = None
    digits: str | None = None
    text: str | None = None

    def laid_over(self, base: Behaviour) -> Behaviour:
        """The number's behaviour with this fault's changes, under the fault's name."""
        return replace(
            base,
            name=self.behaviour,
            seconds=self.seconds,
            retry_after=self.retry_after,
            code=self.code,
            digits=base.digits if self.digits is None else self.digits,
            reply=base.reply if self.text is None else self.text,
            **CHANGES[self.behaviour],
        )

    @property
    def of_lookups(self) -> bool:
        """Whether it befalls questions about calls and messages, and not placements."""
        return self.behaviour in LOOKUPS

    @property
    def scope(self) -> "_Scope":
        """What it befalls."""
        return self.of_lookups, self.provider, self.kind or _KIND_OF.get(self.behaviour)

    def as_json(self) -> dict[str, Any]:
        """Only the parts that were given."""
        parts = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in parts.items() if value is not None}


def played(mode: str, number: str, kind: Kind = "call") -> Behaviour:
    """The behaviour that a ledger line calls `mode`."""
    own = numbers.meaning(number, kind)
    if mode == own.name:
        return own  # else it was a fault, or a person whose window was open
    return Fault(mode).laid_over(own) if mode in CHANGES else numbers.meaning("", kind)


def _number(body: dict[str, Any], name: str, low: float, high: float) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise FaultError(f"{name} must be a number from {low:g} to {high:g}")
    return value


def _whole(body: dict[str, Any], name: str, low: int, high: int) -> int | None:
    value = _number(body, name, low, high)
    if value is not None and not isinstance(value, int):
        raise FaultError(f"{name} must be a whole number")
    return value


def read_fault(body: object) -> Fault:
    """Make a fault of `{"behaviour": ..., "next": N}` or `{"behaviour": ..., "share": S}`.

    Raises FaultError for an unknown behaviour, provider or field and for a bad value.
    """
    if not isinstance(body, dict):
        raise FaultError("the body must be a JSON object")
    strange = sorted(set(body) - set(Fault.__slots__))
    if strange:
        raise FaultError(f"unknown fields: {', '.join(strange)}")
    behaviour = body.get("behaviour")
    if not isinstance(behaviour, str) or behaviour not in CHANGES.keys() | LOOKUPS:
        raise FaultError(f"behaviour must be one of {', '.join([*CHANGES, *sorted(LOOKUPS)])}")
    if body.get("provider") not in (None, *PROVIDERS):
        raise FaultError(f"provider must be one of {', '.join(PROVIDERS)}")
    if (body.get("next") is None) == (body.get("share") is None):
        raise FaultError("give either next or share")
    _check_kind(body)
    retry_after = body.get("retry_after")
    return Fault(
        behaviour=behaviour,
        provider=body.get("provider"),
        next=_whole(body, "next", 1, 1_000_000_000),
        share=_number(body, "share", 0, 1),
        seed=_whole(body, "seed", -(2**63), 2**63),
        seconds=_number(body, "seconds", 0, 3600),
        retry_after=None if retry_after is None else str(retry_after),
        code=_whole(body, "code", 1, 99_999_999),
        kind=body.get("kind"),
        digits=body.get("digits"),
        text=body.get("text"),
    )


def _check_kind(body: dict[str, Any]) -> None:
    behaviour, digits, text = (body.get(name) for name in ("behaviour", "digits", "text"))
    kind = body.get("kind")
    if kind not in (None, "call", "message"):
        raise FaultError("kind must be call or message")
    if kind is not None and _KIND_OF.get(str(behaviour), kind) != kind:
        raise FaultError(f"{behaviour} does not befall a {kind}")
    pressed = isinstance(digits, str) and re.fullmatch(r"[0-9*#]+", digits)
    if (digits is not None and not pressed) or (behaviour == "presses") is (digits is None):
        raise FaultError("presses needs digits, keys as on a telephone, and nothing else takes any")
    if (behaviour == "replies") is not isinstance(text, str):
        raise FaultError("replies needs a text, and nothing else takes any")


@dataclass(slots=True)
class _Active:
    fault: Fault
    left: int
    dice: random.Random


_Scope = tuple[bool, str | None, str | None]  # look-ups or placements; provider and kind, or all


class FaultBook:
    """The faults in force: per provider and kind, or for all, one counted (it wins) and one shared,
    for placements and likewise for look-ups."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counted: dict[_Scope, _Active] = {}
        self._shared: dict[_Scope, _Active] = {}

    def start(self, fault: Fault) -> None:
        """Put the fault in force, in place of an earlier one of its kind and provider."""
        active = _Active(fault, fault.next or 0, random.Random(fault.seed))
        with self._lock:
            book = self._shared if fault.next is None else self._counted
            book[fault.scope] = active

    def clear(self) -> None:
        """End every fault."""
        with self._lock:
            self._counted.clear()
            self._shared.clear()

    def active(self) -> list[dict[str, Any]]:
        """The faults in force as JSON; `next` says how many requests are left."""
        with self._lock:
            counted = [
                entry.fault.as_json() | {"next": entry.left} for entry in self._counted.values()
            ]
            return counted + [entry.fault.as_json() for entry in self._shared.values()]

    def choose(self, provider: str, *, lookup: bool = False, kind: Kind = "call") -> Fault | None:
        """The fault for one placement request or one look-up, if any; counts it down."""
        if not self._counted and not self._shared:
            return None
        scopes = [(lookup, who, what) for who in (provider, None) for what in (kind, None)]
        with self._lock:
            for scope in scopes:
                entry = self._counted.get(scope)
                if entry is not None:
                    entry.left -= 1
                    if entry.left <= 0:
                        del self._counted[scope]
                    return entry.fault
            for scope in scopes:
                entry = self._shared.get(scope)
                if entry is not None and entry.dice.random() < (entry.fault.share or 0):
                    return entry.fault
        return None

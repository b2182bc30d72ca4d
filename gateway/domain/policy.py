"""What an organization, or one booking, wants of sending: JSON laid over what is usual."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.domain import channel_plan, dunning_rules, quiet_hours, waitlist
from gateway.domain.channel_plan import Plan
from gateway.domain.dunning_rules import Rules
from gateway.domain.errors import Invalid
from gateway.domain.quiet_hours import QuietHours
from gateway.domain.waitlist import Terms

CONTACT, STAFF = "contact", "staff"
# Their moment was chosen by whoever asked for them, or they answer what somebody just did.
TIMED = frozenset(
    {"at", "nudge", "request", "call", "message", "cancellation", "confirmation", "moved"}
)
# Answers to a word that somebody wrote this moment; carriers and law want them at once.
REPLIES = frozenset({"reply", "opt_out", "opt_in", "help"})
MOST_PER_DAY = 1000
ON_UNKNOWN = ("never", "once")


@dataclass(frozen=True)
class Policy:
    """`cap_per_day`: notifications to one person on one day of theirs (None: any number);
    `gap_seconds`: between two of them. `overdue_minutes`: past the start without being begun.
    `lookahead_minutes`: how far ahead the staff's assignments are scanned. `cancellation`: the
    channels on which a cancellation is confirmed to the contact (None: it is not). `on_unknown`:
    whether a message of which nobody can say that it was sent is sent a second time (once) or not
    (never); calls never are. `dunning`: when an unpaid invoice is reminded of.
    `waitlist`: how free slots are offered."""

    quiet_hours: QuietHours | None = quiet_hours.USUAL
    strict: bool = False
    cap_per_day: int | None = 10
    gap_seconds: int = 0
    overdue_minutes: int = 30
    lookahead_minutes: int = 120
    cancellation: Plan | None = None
    on_unknown: str = "never"
    dunning: Rules = dunning_rules.USUAL
    waitlist: Terms = waitlist.USUAL

    def binds(self, kind: str, role: str) -> bool:
        """Whether quiet hours, cap and gap hold for notifications of this kind to this role
        (contact or staff). They never do for staff, whose hours are their employer's affair, nor
        for answers to an opt-out. What was timed by whoever asked for it is bound only when the
        organization is strict; everything else, kinds unknown here included, always is."""
        if role == STAFF or kind in REPLIES:
            return False
        return self.strict or kind not in TIMED

    def quiet_for(self, kind: str, role: str) -> QuietHours | None:
        """The quiet hours that bind it, if any."""
        return self.quiet_hours if self.binds(kind, role) else None

    def cap_for(self, kind: str, role: str) -> int | None:
        """The number a day that binds it, if any."""
        return self.cap_per_day if self.binds(kind, role) else None

    def gap_for(self, kind: str, role: str) -> int:
        """The seconds since the person's last notification that bind it, 0 for none."""
        return self.gap_seconds if self.binds(kind, role) else 0

    def to_json(self) -> dict[str, Any]:
        """The whole policy, as `check` takes it and answers show it."""
        quiet = self.quiet_hours.to_json() if self.quiet_hours else None
        plan = self.cancellation
        channels = {"channels": channel_plan.to_json(plan)} if plan is not None else None
        return {
            "quiet_hours": quiet,
            "strict": self.strict,
            "caps": {} if self.cap_per_day is None else {"day": self.cap_per_day},
            "gap_seconds": self.gap_seconds,
            "overdue_minutes": self.overdue_minutes,
            "lookahead_minutes": self.lookahead_minutes,
            "cancellation": channels,
            "on_unknown": self.on_unknown,
            "dunning": self.dunning.to_json() if self.dunning.stages else None,
            "waitlist": self.waitlist.to_json(),
        }


def check(kept: Any, field: str = "policy") -> None:
    """Raises Invalid, naming the dotted field, unless every part that is given can be."""
    if not isinstance(kept, dict):
        raise Invalid("must be an object", field)
    for name, value in kept.items():
        if name not in _CHECKS:
            raise Invalid("holds a name that is no part of a policy", field)
        _CHECKS[name](value, f"{field}.{name}")


def _whole(least: int, most: int) -> Callable[[Any, str], None]:
    def check_whole(value: Any, field: str) -> None:
        if type(value) is not int or not least <= value <= most:
            raise Invalid(f"must be a whole number from {least} to {most}", field)

    return check_whole


def _strict(value: Any, field: str) -> None:
    if type(value) is not bool:
        raise Invalid("must be true or false", field)


def _on_unknown(value: Any, field: str) -> None:
    if value not in ON_UNKNOWN:
        raise Invalid("must be never or once", field)


def _caps(value: Any, field: str) -> None:
    if not isinstance(value, dict) or not set(value) <= {"day"}:
        raise Invalid("must be an object that may hold day", field)
    if "day" in value:
        _whole(1, MOST_PER_DAY)(value["day"], f"{field}.day")


def _quiet_hours(value: Any, field: str) -> None:
    if value is not None:
        quiet_hours.check(value, field)


def _cancellation(value: Any, field: str) -> None:
    if value is None:
        return
    if not isinstance(value, dict) or set(value) != {"channels"}:
        raise Invalid("must be an object with channels, or null", field)
    channel_plan.read(value["channels"], f"{field}.channels")


_CHECKS: dict[str, Callable[[Any, str], None]] = {
    "quiet_hours": _quiet_hours,
    "strict": _strict,
    "caps": _caps,
    "gap_seconds": _whole(0, 86_400),
    "overdue_minutes": _whole(1, 10_080),
    "lookahead_minutes": _whole(1, 10_080),
    "cancellation": _cancellation,
    "on_unknown": _on_unknown,
    "dunning": dunning_rules.check,
    "waitlist": waitlist.check,
}
_PLAIN = ("strict", "gap_seconds", "overdue_minutes", "lookahead_minutes", "on_unknown")


def merged(
    organization: Mapping[str, Any] | None = None, booking: Mapping[str, Any] | None = None
) -> Policy:
    """The policy in force: the booking's parts (or an invoice's) over the organization's over the
    usual ones. Parts of quiet hours and of dunning are laid over each other too; any other part is
    replaced whole. Both must have passed `check`."""
    values: dict[str, Any] = {}
    quiet: QuietHours | None = quiet_hours.USUAL
    dunning = dunning_rules.USUAL
    for layer in (organization or {}, booking or {}):
        values |= layer
        if "quiet_hours" in layer:
            wanted = layer["quiet_hours"]
            under = quiet or quiet_hours.USUAL
            quiet = None if wanted is None else quiet_hours.from_json(wanted, under)
        if "dunning" in layer:
            dunning = dunning_rules.from_json(layer["dunning"], dunning)
    plain = {name: values[name] for name in _PLAIN if name in values}
    if "waitlist" in values:
        plain["waitlist"] = waitlist.terms(values["waitlist"])
    if "caps" in values:
        plain["cap_per_day"] = values["caps"].get("day")
    if values.get("cancellation") is not None:
        plain["cancellation"] = channel_plan.read(values["cancellation"]["channels"])
    return Policy(quiet_hours=quiet, dunning=dunning, **plain)

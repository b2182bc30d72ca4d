"""What an organization can set for itself."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from gateway.domain import lanes, localized, policy, reminders, repeats, retention, times
from gateway.domain.errors import Conflict, Invalid, NotFound
from gateway.domain.reminders import Rule
from gateway.models.base import atomic
from gateway.models.organization import Organization
from gateway.models.rate import Rate, organization_scope
from gateway.models.records import AuditEntry
from gateway.usecases import dunning_words, policies, rule_words
from gateway.usecases.accounts import Caller, organization_name

MOST_PER_SECOND = 10_000
_OF_THE_HOURS = frozenset({"policy", "time_zone"})


def _reminders(rules: list[Rule]) -> list[dict[str, Any]]:
    reminders.check(rules)
    if len({rule.key for rule in rules}) < len(rules):
        raise Invalid("has the same rule twice", "reminders")
    return [rule.to_json() for rule in rules]


def _locale(tag: str) -> str:
    known = localized.canonical(tag)
    if known is None:
        raise Invalid("is not a language that is known here", "locale")
    return known


def _retention(kept: dict[str, Any]) -> dict[str, Any]:
    retention.check(kept)
    return kept


def _policy(kept: dict[str, Any]) -> dict[str, Any]:
    policy.check(kept)
    return kept


_COLUMNS: dict[str, Callable[[Any], Any]] = {
    "name": organization_name,
    "time_zone": times.zone,
    "locale": _locale,
    "reminders": _reminders,
    "repeats": repeats.check,
    "policy": _policy,
    "retention": _retention,
}


def change(organization_id: str, changes: Mapping[str, Any]) -> Organization:
    """Change an organization and return it as it is then. `changes` may hold name, time_zone
    (IANA), locale, reminders (rules of kind every, before or nudge), repeats, policy,
    retention, each replaced whole; rate_per_second, and rates by kind of work, where None takes a
    limit away. Bookings made before keep their rules. Raises NotFound, Invalid, Conflict for a
    name that is taken."""
    values = {name: check(changes[name]) for name, check in _COLUMNS.items() if name in changes}
    limits = _limits(organization_id, changes)
    with atomic():
        if values and not Organization.change(organization_id, values):
            raise Conflict("an organization of this name exists", "name")
        for scope, per_second in limits.items():
            Rate.put(scope, per_second)
        found: Organization | None = Organization.get_or_none(Organization.id == organization_id)
        if found is None:
            raise NotFound("no such organization")
    return found


def edit(
    caller: Caller, changes: Mapping[str, Any], now: datetime, request_id: str
) -> Organization:
    """The same for the caller's own; who changed what is kept in the audit ledger, by the names of
    the fields. What was put off by the former policy is looked at again at once. Raises Invalid
    also for a rule whose template can't be used."""
    with atomic():
        if "reminders" in changes:
            rule_words.require(caller, changes["reminders"], None)
        changed = change(caller.organization_id, changes)
        if not _OF_THE_HOURS.isdisjoint(changes):
            policies.changed(caller.organization_id, now)
        if "policy" in changes:
            dunning_words.require(caller, changes["policy"], None, "policy.dunning")
        AuditEntry.create(
            organization=caller.organization_id,
            at=now,
            key=caller.key_id,
            person=caller.person,
            action="change-organization",
            objects=sorted(changes),
            request_id=request_id,
        )
    return changed


def rates(organization_id: str) -> tuple[float | None, dict[str, float]]:
    """How many may leave a second in all, None for any number; and of each kind of work that has a
    limit of its own."""
    found = Rate.of_organization(organization_id)
    by_kind = {kind: found[kind] for kind in lanes.KINDS if kind in found}
    return found.get(None), by_kind


def _limits(organization_id: str, changes: Mapping[str, Any]) -> dict[str, float | None]:
    """The limits that change, by their scope."""
    wanted: dict[str, float | None] = {}
    if "rate_per_second" in changes:
        scope = organization_scope(organization_id)
        wanted[scope] = _per_second(changes["rate_per_second"], "rate_per_second")
    for kind, value in changes.get("rates", {}).items():
        if kind not in lanes.KINDS:
            raise Invalid(f"takes {', '.join(lanes.KINDS)}", "rates")
        wanted[organization_scope(organization_id, kind)] = _per_second(value, f"rates.{kind}")
    return wanted


def _per_second(value: Any, field: str) -> float | None:
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0.001 <= value <= MOST_PER_SECOND:
        raise Invalid(f"must be a number from 0.001 to {MOST_PER_SECOND}, or null", field)
    return float(value)

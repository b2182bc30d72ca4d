"""An organization as answers show it."""

from typing import Any

from marshmallow import Schema, fields

from gateway.domain import channel_plan, policy
from gateway.domain.reminders import EVERY, Rule
from gateway.http.answers import moment, text, when
from gateway.models.organization import Organization
from gateway.usecases import organizations, retention
from gateway.usecases.schedule import rules_in

_WORDS = ("say", "text", "subject", "template", "variables")


class RuleAnswer(Schema):
    """One rule, with what was left out filled in."""

    kind = text()
    minutes = fields.Integer()
    within_minutes = fields.Integer(allow_none=True)
    channels = fields.List(fields.Dict(), required=True)
    to = text()
    say = fields.String()
    text = fields.String()
    subject = fields.String()
    template = fields.String()
    variables = fields.Dict()


class OrganizationAnswer(Schema):
    """What holds for all bookings of an organization."""

    id = text()
    name = text()
    time_zone = text()
    locale = text()
    reminders = fields.List(fields.Nested(RuleAnswer), required=True)
    repeats = fields.Dict(required=True)
    policy = fields.Dict(required=True, metadata={"description": "what differs from the usual"})
    policy_in_force = fields.Dict(
        required=True, metadata={"description": "the whole policy, the usual filled in"}
    )
    retention = fields.Dict(
        required=True, metadata={"description": "days that differ from the usual"}
    )
    retention_in_force = fields.Dict(
        required=True, metadata={"description": "days for which each is kept; null: for ever"}
    )
    rate_per_second = fields.Float(required=True, allow_none=True)
    rates = fields.Dict(required=True, metadata={"description": "limits by kind of work"})
    created_at = when()


def organization_answer(row: Organization) -> dict[str, Any]:
    """An organization with its rules and limits."""
    in_all, by_kind = organizations.rates(row.id)
    return {
        "id": row.id,
        "name": row.name,
        "time_zone": row.time_zone,
        "locale": row.locale,
        "reminders": [_rule(rule) for rule in rules_in(row.reminders)],
        "repeats": row.repeats,
        "policy": row.policy,
        "policy_in_force": policy.merged(row.policy).to_json(),
        "retention": row.retention,
        "retention_in_force": retention.days(row),
        "rate_per_second": in_all,
        "rates": by_kind,
        "created_at": moment(row.created_at),
    }


def _rule(rule: Rule) -> dict[str, Any]:
    given = {name: getattr(rule, name) for name in _WORDS}
    within = {"within_minutes": rule.within_minutes} if rule.kind == EVERY else {}
    return {
        "kind": rule.kind,
        "minutes": rule.minutes,
        **within,
        "channels": channel_plan.to_json(rule.steps),
        "to": rule.to,
        **{name: value for name, value in given.items() if value is not None},
    }

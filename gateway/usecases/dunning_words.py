"""The words of dunning: whether the templates of its stages are there, and can be filled in."""

from collections.abc import Mapping
from typing import Any

from gateway.domain import dunning_rules
from gateway.domain.errors import Invalid
from gateway.domain.templates import OPTIONAL
from gateway.usecases import wording
from gateway.usecases.accounts import Caller

# What is known of an invoice and of whoever owes it.
KNOWN = OPTIONAL | {
    "name", "greeting", "organization", "amount", "days_overdue", "payment_link", "due_date",
}  # fmt: skip


def require(caller: Caller, policy: Mapping[str, Any], locale: str | None, field: str) -> None:
    """Raises Invalid, naming the dotted field, unless each stage that this policy brings has a
    template for each of its channels, all of whose values are known of any invoice."""
    kept = policy.get("dunning") or {}
    if "stages" not in kept:
        return
    for index, stage in enumerate(dunning_rules.from_json(kept).stages):
        where = f"{field}.stages.{index}.template"
        for step in stage.channels:
            template = wording.find(caller.organization, stage.template, step.channel, locale)
            if template is None:
                raise Invalid(f"there is no template of this name for {step.channel}", where)
            unknown = sorted(template.placeholders(step.channel) - KNOWN)
            if unknown:
                listed = ", ".join(f"{{{name}}}" for name in unknown)
                raise Invalid(f"has no value for {listed}", where)

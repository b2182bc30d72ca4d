"""Whether the templates that rules name can be used."""

from collections.abc import Sequence

from gateway.domain.errors import Invalid
from gateway.domain.reminders import Rule
from gateway.usecases import wording
from gateway.usecases.accounts import Caller

_OWN = "x_"  # placeholders that nobody but the caller has a value for


def require(caller: Caller, rules: Sequence[Rule], locale: str | None) -> None:
    """Raises Invalid, naming the rule, unless there is a template of the name that each rule gives
    for each channel that it is used on, and the rule has a value for every placeholder of the
    caller's own. `locale` is the language of whoever is reminded."""
    for index, rule in enumerate(rules):
        for channel in _used_on(rule):
            _require(caller, rule, channel, locale, f"reminders.{index}")


def _used_on(rule: Rule) -> list[str]:
    """The channels for which a rule names a template and brings no words of its own."""
    if rule.template is None:
        return []
    return [
        step.channel
        for step in rule.steps
        if not (rule.say if step.channel == "voice" else rule.text)
    ]


def _require(caller: Caller, rule: Rule, channel: str, locale: str | None, name: str) -> None:
    template = wording.find(caller.organization, rule.template or "", channel, locale)
    if template is None:
        raise Invalid(f"there is no template of this name for {channel}", f"{name}.template")
    own = {used for used in template.placeholders(channel) if used.startswith(_OWN)}
    missing = sorted(own - (rule.variables or {}).keys())
    if missing:
        listed = ", ".join(f"{{{used}}}" for used in missing)
        raise Invalid(f"has no value for {listed}", f"{name}.variables")

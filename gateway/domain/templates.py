"""Templates: text with named placeholders, and nothing else that could be computed in them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from string import Formatter

from gateway.domain.errors import Invalid
from gateway.domain.outcomes import Reason

ANY = "any"
CHANNELS = (ANY, "voice", "whatsapp", "sms", "email")
# Characters of one text by channel. SMS and WhatsApp: Twilio's Messages API takes 1,600; a call's
# TwiML takes 4,000 with its markup. What is for any channel has to fit the narrowest.
LONGEST = {ANY: 1600, "voice": 3000, "whatsapp": 1600, "sms": 1600, "email": 20_000}
LONGEST_SUBJECT = 200

PLACEHOLDERS: Mapping[str, str] = {
    "name": "the name of the person addressed",
    "greeting": "a greeting with the name, or without when there is none",
    "customer": "the name of the person who booked",
    "with_customer": "“with” and that name; nothing when there is none",
    "service": "the service booked",
    "for_service": "“for” and the service; nothing when there is none",
    "staff": "the name of whoever serves",
    "with_staff": "“with” and that name; nothing when nobody is named",
    "price": "the service's price, written as the language does",
    "duration": "how long the appointment takes, such as 45 minutes",
    "duration_and_price": "both in brackets, as far as they are known; else nothing",
    "date": "the day of the start, such as 1 December",
    "time": "the time of the start",
    "weekday": "the day of the week of the start",
    "time_until": "how long until the start, such as in 3 hours 5 minutes",
    "organization": "the organization's name",
    "reply_hint": "which digits can be answered; nothing where none can",
    "amount": "the sum to pay",
    "days_overdue": "for how many days it is overdue",
    "payment_link": "where to pay",
    "due_date": "the day on which it was to be paid",
    "offer_expires": "until when an offer stands",
    "link": "a link of yours",
}
_PHRASES = {"with_customer", "with_staff", "for_service", "reply_hint"}
OPTIONAL = frozenset({*_PHRASES, "duration_and_price"})  # may come to nothing
PHRASED = frozenset({*_PHRASES, "greeting"})  # whole phrases, which only some languages have

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_OWN = "x_"
_SHAPE = "placeholders are a name in braces, such as {name}; a brace itself is doubled"

Part = tuple[str, str | None]


class Unfillable(Exception):
    """A text that can't go out as it is: `missing` names placeholders without a value, otherwise
    `detail` says what is wrong. It repeats neither the text nor a value."""

    reason = Reason.TEMPLATE

    def __init__(self, detail: str, missing: Sequence[str] = ()) -> None:
        self.detail, self.missing = detail, tuple(missing)
        super().__init__(detail)


@dataclass(frozen=True)
class Template:
    """One version of one wording. Version 0 is ours. `content_variables` are the placeholders
    whose values a template at the carrier (`content_id`) takes as "1", "2", …"""

    name: str
    channel: str
    locale: str
    version: int
    body: str
    subject: str | None = None
    content_id: str | None = None
    content_variables: tuple[str, ...] = ()

    def placeholders(self, channel: str) -> set[str]:
        """The names that it needs a value for on this channel."""
        used = set(names(self.body))
        if channel == "email":
            used |= set(names(self.subject or ""))
        return used | set(self.content_variables) if channel == "whatsapp" else used

    def mentioned(self) -> list[str]:
        """All of its names, on whatever channel, in the order of subject, body, variables."""
        used = [*names(self.subject or ""), *names(self.body), *self.content_variables]
        return list(dict.fromkeys(used))


@dataclass(frozen=True)
class Filled:
    """A text with its values, and the names of those that had none."""

    text: str
    missing: tuple[str, ...]


def parts(text: str) -> list[Part]:
    """A text as literals, each with the placeholder that follows it or None. Raises Invalid for
    anything but plain names in braces."""
    found: list[Part] = []
    try:
        for literal, name, spec, conversion in Formatter().parse(text):
            if spec or conversion:
                raise Invalid(_SHAPE)
            if name is not None and not _NAME.fullmatch(name):
                raise Invalid(_SHAPE)
            found.append((literal, name))
    except ValueError:
        raise Invalid(_SHAPE) from None
    return found


def names(text: str) -> list[str]:
    """The placeholders of a text in order, each once. Raises Invalid."""
    return list(dict.fromkeys(name for _, name in parts(text) if name is not None))


def check(text: str, field: str) -> None:
    """Raises Invalid, naming the field and the placeholder, unless all of them are known."""
    try:
        used = names(text)
    except Invalid as fault:
        raise Invalid(fault.detail, field) from None
    for name in used:
        check_name(name, field)


def check_name(name: str, field: str) -> None:
    """Raises Invalid unless this is a placeholder of the list, or begins with x_."""
    if name in PLACEHOLDERS:
        return
    if not _NAME.fullmatch(name):
        raise Invalid(_SHAPE, field)
    if name.startswith(_OWN) and name != _OWN:
        return
    near = get_close_matches(name, PLACEHOLDERS, n=3, cutoff=0.6)
    hint = f"did you mean {_listed(near)}?" if near else "names of your own begin with x_"
    raise Invalid(f"{{{name}}} is not a placeholder: {hint}", field)


def check_length(text: str, channel: str, field: str) -> None:
    """Raises Invalid when the text is too long for its channel even before values come in."""
    length = sum(len(literal) for literal, _ in parts(text))
    if length > LONGEST[channel]:
        raise Invalid(f"must have at most {LONGEST[channel]} characters for this channel", field)


def fill(text: str, values: Mapping[str, str | None]) -> Filled:
    """Put values in, once: a brace in a value is a brace. A placeholder without a value stays as
    it is written. One that may come to nothing takes the space before it along."""
    done, missing, swallow = "", [], False
    for literal, name in parts(text):
        done += literal[1:] if swallow and literal[:1] in (" ", "\n") else literal
        swallow = False
        if name is None:
            continue
        value = values.get(name)
        if value:
            done += value
        elif name in OPTIONAL and value is not None:
            if done.endswith(" "):
                done = done[:-1]
            else:
                swallow = not done or done.endswith("\n")
        else:
            done += f"{{{name}}}"
            missing.append(name)
    return Filled(done.strip(), tuple(dict.fromkeys(missing)))


def choose(
    templates: Iterable[Template], channel: str, languages: Sequence[str]
) -> Template | None:
    """The template for the first of these languages (lower case) that has any; of it the one for
    this channel rather than for any channel, and the newest."""
    ranked = [
        (languages.index(one.locale.lower()), one.channel == ANY, -one.version, one)
        for one in templates
        if one.locale.lower() in languages and one.channel in (ANY, channel)
    ]
    return min(ranked, key=lambda rank: rank[:3])[3] if ranked else None


def _listed(found: Sequence[str]) -> str:
    return " or ".join(f"{{{name}}}" for name in found)

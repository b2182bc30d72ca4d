"""What can be said about an appointment or a sum, in words for one person on one channel."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import Locale

from gateway.domain import localized, phrases, times
from gateway.domain.errors import Invalid
from gateway.domain.phrases import Phrases
from gateway.domain.templates import check_name

LONGEST_VALUE = 500
MOST_VARIABLES = 50
_BREAKS = re.compile(r"\s*[\r\n\t\v\f\x1c-\x1e\x85\u2028\u2029]\s*")
_DIGITS_UNDERSTOOD = ("voice", "sms", "whatsapp")


@dataclass(frozen=True)
class Occasion:
    """What a text is about and whom it is for. `name` is the person addressed, `customer` the one
    who booked. Times are shown in `time_zone` (IANA). `variables` are the caller's own and come
    first. `digits`: whether 1, 2, 3 are understood as an answer, `offered` whether that answers an
    offer."""

    organization: str
    time_zone: str
    now: datetime
    channel: str
    name: str | None = field(default=None, repr=False)
    customer: str | None = field(default=None, repr=False)
    service: str | None = None
    staff: str | None = field(default=None, repr=False)
    price: str | None = None
    duration_minutes: int | None = None
    starts_at: datetime | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    digits: bool = False
    offered: bool = False


def check_variables(variables: Mapping[str, object], where: str = "variables") -> dict[str, str]:
    """The caller's values, each as one line of text: of placeholders that a template may have, and
    each a text of 1 to 500 characters or a whole number. Raises Invalid with the name of the one
    at fault."""
    if len(variables) > MOST_VARIABLES:
        raise Invalid(f"takes at most {MOST_VARIABLES} values", where)
    kept = {}
    for name, value in variables.items():
        check_name(name, where)
        number = isinstance(value, int) and not isinstance(value, bool)
        text = clean(str(value)) if number or isinstance(value, str) else ""
        if not 1 <= len(text) <= LONGEST_VALUE:
            shape = f"a text of 1 to {LONGEST_VALUE} characters or a whole number"
            raise Invalid(f"must be {shape}", f"{where}.{name}")
        kept[name] = text
    return kept


def values(names: Iterable[str], about: Occasion, locale: Locale) -> dict[str, str | None]:
    """What these placeholders stand for; None for what is not known. One that may come to nothing
    is empty then, unless the language has no phrase for it."""
    return {name: _value(name, about, locale) for name in names}


def clean(text: str) -> str:
    """One line of it, without characters that control anything: what comes from elsewhere can't
    start a new line, a header or a field."""
    if text.isprintable():  # none of these, as almost always
        return text.strip()
    joined = _BREAKS.sub(" ", text)
    return "".join(one for one in joined if unicodedata.category(one) not in ("Cc", "Cs")).strip()


def _value(name: str, about: Occasion, locale: Locale) -> str | None:
    given = about.variables.get(name)
    if given is not None:
        read = _READ.get(name)
        value: str | None = read(given, about, locale) if read else given
    else:
        find = _FOUND.get(name)
        value = find(about, locale) if find else None
    return None if value is None else clean(value)


def _start(show: Callable[[datetime, Occasion, Locale], str]) -> "_Find":
    def find(about: Occasion, locale: Locale) -> str | None:
        return None if about.starts_at is None else show(about.starts_at, about, locale)

    return find


def _day_of(at: datetime, about: Occasion) -> date:
    return at.astimezone(ZoneInfo(about.time_zone)).date()


def _phrase(show: Callable[[Phrases, Occasion], str]) -> "_Find":
    def find(about: Occasion, locale: Locale) -> str | None:
        known = phrases.of(locale.language)
        return None if known is None else show(known, about)

    return find


def _with(pattern: str, value: str | None) -> str:
    known = clean(value or "")
    return pattern.replace("{}", known) if known else ""


def _greeting(known: Phrases, about: Occasion) -> str:
    name = _own(about, "name", about.name)
    return _with(known.greeting, name) or known.nameless


def _hint(known: Phrases, about: Occasion) -> str:
    if not about.digits or about.channel not in _DIGITS_UNDERSTOOD:
        return ""
    if about.offered:
        return known.press_offer if about.channel == "voice" else known.reply_offer
    return known.press if about.channel == "voice" else known.reply


def _own(about: Occasion, name: str, known: str | None) -> str | None:
    """The caller's value, which the phrases follow as well."""
    return about.variables.get(name) or known


def _sum(text: str, _about: Occasion, locale: Locale) -> str:
    return localized.money(text, locale)


def _due_date(text: str, about: Occasion, locale: Locale) -> str:
    try:
        on = date.fromisoformat(text)
    except ValueError:
        return text
    return localized.day(on, _day_of(about.now, about), locale)


def _moment(text: str, about: Occasion, locale: Locale) -> str:
    try:
        at = times.instant(text, None, "offer_expires").at
    except Invalid:
        return text
    return localized.moment(at, about.now, about.time_zone, locale)


def _price(about: Occasion, locale: Locale) -> str | None:
    return None if about.price is None else localized.money(about.price, locale)


def _duration(about: Occasion, locale: Locale) -> str | None:
    minutes = about.duration_minutes
    return None if minutes is None else localized.duration(minutes, locale)


def _duration_and_price(about: Occasion, locale: Locale) -> str:
    price = about.variables.get("price")
    known = (
        about.variables.get("duration") or _duration(about, locale),
        localized.money(price, locale) if price else _price(about, locale),
    )
    listed = ", ".join(part for part in known if part)
    return f"({listed})" if listed else ""


_Find = Callable[[Occasion, Locale], str | None]

_READ: Mapping[str, Callable[[str, Occasion, Locale], str]] = {
    "price": _sum,
    "amount": _sum,
    "due_date": _due_date,
    "offer_expires": _moment,
}

_FOUND: Mapping[str, _Find] = {
    "name": lambda about, _: about.name,
    "greeting": _phrase(_greeting),
    "customer": lambda about, _: about.customer,
    "with_customer": _phrase(
        lambda known, about: _with(known.with_customer, _own(about, "customer", about.customer))
    ),
    "service": lambda about, _: about.service,
    "for_service": _phrase(
        lambda known, about: _with(known.for_service, _own(about, "service", about.service))
    ),
    "staff": lambda about, _: about.staff,
    "with_staff": _phrase(
        lambda known, about: _with(known.with_staff, _own(about, "staff", about.staff))
    ),
    "price": _price,
    "duration": _duration,
    "duration_and_price": _duration_and_price,
    "date": _start(
        lambda at, about, locale: localized.day(
            _day_of(at, about), _day_of(about.now, about), locale
        )
    ),
    "time": _start(lambda at, about, locale: localized.time(at, about.time_zone, locale)),
    "weekday": _start(lambda at, about, locale: localized.weekday(_day_of(at, about), locale)),
    "time_until": _start(
        lambda at, about, locale: localized.time_until(at, about.now, about.time_zone, locale)
    ),
    "organization": lambda about, _: about.organization,
    "reply_hint": _phrase(_hint),
}

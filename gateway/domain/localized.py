"""Days, times, sums and spans in the words of a language, by the CLDR data that Babel carries."""

import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.numbers import format_currency, is_currency

from gateway.domain import phrases

FALLBACK = "en"
_Unit = Literal["day", "hour", "minute"]
_LEAD = re.compile(r"[^0-9]*(?=[0-9])", re.ASCII)
_YEAR_NAMED = timedelta(days=300)  # further away, a day without its year could be misread
_STEP = 5  # minutes to which hours are rounded: a reminder leaves some seconds after it is due
_SPACES = re.compile("[\u00a0\u2007\u2009\u202f]")
_SUM = re.compile(r"(?P<number>-?[0-9]{1,12}(?:\.[0-9]{1,3})?) ?(?P<currency>[A-Z]{3})", re.ASCII)
_SUM_TURNED = re.compile(r"([A-Z]{3}) ?(-?[0-9]{1,12}(?:\.[0-9]{1,3})?)", re.ASCII)


def languages(*tags: str | None) -> list[str]:
    """What to look for, best first and in lower case: each tag, then the same with less and less
    behind it, and English at last. "de-AT", "fr" gives de-at, de, fr, en."""
    found: list[str] = []
    for tag in (*tags, FALLBACK):
        pieces = (tag or "").replace("_", "-").lower().split("-")
        found += ["-".join(pieces[:length]) for length in range(len(pieces), 0, -1)]
    return [tag for tag in dict.fromkeys(found) if tag]


def canonical(tag: str) -> str | None:
    """A language tag as it is usually written ("pt-br" is pt-BR); None when CLDR has no such
    language."""
    if _parsed(tag.replace("_", "-").partition("-")[0]) is None:
        return None
    language, *rest = tag.replace("_", "-").split("-")
    written = [language.lower()]
    for piece in rest:
        if len(piece) == 4 and piece.isalpha():
            written.append(piece.title())
        else:
            written.append(piece.upper() if len(piece) == 2 else piece.lower())
    return "-".join(written)


def formats(person: str | None, template: str) -> Locale:
    """How to write in a template's language: as the person's own region does where that is the
    same language. Plain English is Britain's, as most of the world writes it."""
    chain = [tag for tag in languages(person) if same_language(tag, template)]
    for tag in (*chain, *languages(template)):
        locale = _parsed("en-GB" if tag == "en" else tag)
        if locale is not None:
            return locale
    raise AssertionError("English is always known")


@lru_cache(maxsize=256)
def _parsed(tag: str) -> Locale | None:
    try:
        return Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        return None


def same_language(one: str, other: str) -> bool:
    """Whether two tags name one language, wherever it is spoken."""
    first, second = (tag.replace("_", "-").partition("-")[0].lower() for tag in (one, other))
    return first == second


def day(on: date, today: date, locale: Locale) -> str:
    """A day and month ("1 December"), with the year where it could be misread."""
    if abs(on - today) > _YEAR_NAMED:
        return _plain(format_date(on, "long", locale=locale))
    noon = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    return _plain(format_skeleton("MMMMd", noon, locale=locale))


def time(at: datetime, zone: str, locale: Locale) -> str:
    """A time of day in this IANA zone: "14:30", or "2:30 PM" where that is usual."""
    local = at.astimezone(ZoneInfo(zone))
    return _plain(format_time(local, "short", tzinfo=local.tzinfo, locale=locale))


def weekday(on: date, locale: Locale) -> str:
    """A day of the week in full."""
    return _plain(format_date(on, "EEEE", locale=locale))


def moment(at: datetime, now: datetime, zone: str, locale: Locale) -> str:
    """A time of day, with its day before it unless that is today."""
    local, today = (one.astimezone(ZoneInfo(zone)).date() for one in (at, now))
    clock = time(at, zone, locale)
    return clock if local == today else f"{day(local, today, locale)}, {clock}"


def time_until(at: datetime, now: datetime, zone: str, locale: Locale) -> str:
    """How far away a moment is. From a day on, days as the calendar of this zone counts them
    ("in 2 days"); below, hours to five minutes ("in 3 hours 5 minutes"); below an hour, minutes;
    once it began "now", and later "10 minutes ago"."""
    seconds = (at - now).total_seconds()
    minutes = -int(-seconds // 60)
    if minutes <= 0:
        return _since(-minutes, locale)
    if minutes >= 60:
        minutes = round(seconds / 60 / _STEP) * _STEP
    if minutes >= 24 * 60:
        here, there = (one.astimezone(ZoneInfo(zone)).date() for one in (now, at))
        return _length(max(1, (there - here).days) * 24 * 60, "day", locale, relative=True)
    hours, rest = divmod(minutes, 60)
    if not rest:
        return _length(minutes, "hour", locale, relative=True)
    if not hours:
        return _length(minutes, "minute", locale, relative=True)
    return _hours_and_minutes(hours, rest, locale)


def _since(minutes: int, locale: Locale) -> str:
    began = phrases.of(locale.language)
    if minutes == 0 and began is not None:
        return began.now
    unit: _Unit = "minute" if minutes < 60 else "hour" if minutes < 24 * 60 else "day"
    return _length(min(-minutes, -1), unit, locale, relative=True)


def _hours_and_minutes(hours: int, minutes: int, locale: Locale) -> str:
    """Both parts after one word of direction, or before it, as the language has it; all in minutes
    where it has no digit to go by."""
    whole = _length(hours * 60, "hour", locale, relative=True)
    rest = _length(minutes, "minute", locale, relative=True)
    lead, again = _LEAD.match(whole), _LEAD.match(rest)
    if lead is None or again is None or lead[0] != again[0]:
        return _length(hours * 60 + minutes, "minute", locale, relative=True)
    if lead[0]:
        return f"{whole} {rest.removeprefix(lead[0])}"
    return f"{_length(hours * 60, 'hour', locale)} {rest}"


def duration(minutes: int, locale: Locale) -> str:
    """A length of time in hours and minutes: "1 hour 30 minutes"."""
    hours, rest = divmod(minutes, 60)
    spans = [_length(hours * 60, "hour", locale)] if hours else []
    if rest or not hours:
        spans.append(_length(rest, "minute", locale))
    return " ".join(spans)


def money(text: str, locale: Locale) -> str:
    """A sum as the language writes it, read from "45.00 EUR" or "EUR 45.00"; any other text is
    given back as it is."""
    match = _SUM.fullmatch(text.strip())
    if match is not None:
        number, currency = match["number"], match["currency"]
    else:
        turned = _SUM_TURNED.fullmatch(text.strip())
        if turned is None:
            return text
        currency, number = turned[1], turned[2]
    if not is_currency(currency):
        return text
    return _plain(format_currency(Decimal(number), currency, locale=locale))


def _length(minutes: int, unit: _Unit, locale: Locale, *, relative: bool = False) -> str:
    written = format_timedelta(
        timedelta(minutes=minutes),
        granularity=unit,
        threshold=math.inf,
        add_direction=relative,
        locale=locale,
    )
    return _plain(written)


def _plain(text: str) -> str:
    """With ordinary spaces and apostrophes: CLDR's finer ones would cost an SMS its cheap
    alphabet."""
    return _SPACES.sub(" ", text).replace("\u2019", "'")

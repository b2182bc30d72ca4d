"""How many days things are kept unless a setting or an organization says otherwise.

Plain data and how a setting spells it: below settings and domain, which both use it.
"""

from collections.abc import Mapping

# None: for ever.
DAYS: Mapping[str, int | None] = {
    "calls": 395,
    "messages": 395,
    "transcripts": 90,
    "events": 30,
    "people": 730,
}
MOST_DAYS = 36_500
FOREVER = "forever"


def parse(raw: str) -> Mapping[str, int | None]:
    """A parser of `events=7,people=forever`: what is named is laid over what is usual."""
    found = dict(DAYS)
    for part in raw.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        known = value == FOREVER or (value.isascii() and value.isdecimal() and len(value) <= 5)
        if name not in DAYS or not known:
            raise ValueError(f"must be {'=days, '.join(DAYS)}=days, with {FOREVER} for no end")
        days = None if value == FOREVER else int(value)
        if days is not None and not 1 <= days <= MOST_DAYS:
            raise ValueError(f"takes days from 1 to {MOST_DAYS}")
        found[name] = days
    return found

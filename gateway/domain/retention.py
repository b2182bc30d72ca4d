"""How long an organization keeps what: JSON laid over what the installation keeps."""

from collections.abc import Mapping
from typing import Any

from gateway import retained
from gateway.domain.errors import Invalid

WHAT = tuple(retained.DAYS)


def check(kept: Any, field: str = "retention") -> None:
    """Raises Invalid, naming the dotted field, unless every part that is given can be: days from
    1, or null for no end."""
    if not isinstance(kept, dict):
        raise Invalid("must be an object", field)
    for name, days in kept.items():
        if name not in WHAT:
            raise Invalid(f"takes {', '.join(WHAT)}", field)
        whole = type(days) is int and 1 <= days <= retained.MOST_DAYS
        if days is not None and not whole:
            raise Invalid(
                f"must be a whole number of days from 1 to {retained.MOST_DAYS}, or null",
                f"{field}.{name}",
            )


def merged(
    usual: Mapping[str, int | None], own: Mapping[str, int | None] | None = None
) -> dict[str, int | None]:
    """The days in force: an organization's own over the usual ones."""
    return {name: {**usual, **(own or {})}[name] for name in WHAT}

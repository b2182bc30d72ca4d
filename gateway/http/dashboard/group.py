"""The group of pages that the modules beside this one fill, and what they share: who looks and
acts, filters, pages of lists."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from flask import request

from gateway.domain.errors import Invalid, NotFound
from gateway.http import staff_answers, staff_pages
from gateway.usecases.operators import Operator, Position, Tally

Row = TypeVar("Row")
blueprint = staff_answers.blueprint("dashboard", __name__, "/admin/queues")
SHOWN = 50
_LONGEST = 200
_BEFORE = re.compile(r"([0-9T:.+-]{20,40})~([a-z]{2}_[0-9a-z]{1,37})", re.ASCII)


def operator() -> Operator:
    """Who looks or acts: for the chosen organization in its mode, or with none chosen for all of
    them in both."""
    everywhere = staff_pages.session().organization is None
    return staff_pages.operator(both_modes=everywhere)


def asked(given: Mapping[str, str], *names: str) -> dict[str, str]:
    """Those of these filters that are set."""
    found = {name: given.get(name, "").strip()[:_LONGEST] for name in names}
    return {name: value for name, value in found.items() if value}


def one_of(filters: Mapping[str, str], name: str, words: Collection[str]) -> None:
    """Raises Invalid for a filter that is set to none of these words."""
    if name in filters and filters[name] not in words:
        raise Invalid("must be one of those offered", name)


def word(given: str, first: str, second: str) -> bool:
    """Whether a word of an address is the first of these two. Raises NotFound when it is
    neither."""
    if given not in (first, second):
        raise NotFound
    return given == first


def moment(text: str) -> datetime:
    """A moment out of an address. Raises Invalid."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("must be a moment", "until") from None
    if found.tzinfo is None:
        raise Invalid("must be a moment", "until")
    return found.astimezone(UTC)


def listed(
    find: Callable[[int, Position | None], list[Row]], key: Callable[[Row], Position]
) -> tuple[list[Row], str | None]:
    """One page of a list, newest first, and where the next one begins, as `before` in an address.
    Raises Invalid when that was made up."""
    before = None
    if "before" in request.args:
        match = _BEFORE.fullmatch(request.args["before"])
        if match is None:
            raise Invalid("no page begins there", "before")
        before = (moment(match[1]), match[2])
    rows = find(SHOWN + 1, before)
    if len(rows) <= SHOWN:
        return rows, None
    at, last = key(rows[SHOWN - 1])
    return rows[:SHOWN], f"{at.astimezone(UTC).isoformat()}~{last}"


def count(number: int, one: str, many: str = "") -> str:
    """ "1 event", "2 events"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def told(tally: Tally) -> str:
    """What was done, in words."""
    parts = []
    if tally.notifications:
        people = count(len(tally.people), "person", "people")
        parts.append(f"{count(tally.notifications, 'notification')} to {people}")
    if tally.events:
        parts.append(count(tally.events, "provider event"))
    if tally.jobs:
        parts.append(count(tally.jobs, "job"))
    return ", ".join(parts) or "nothing"


def left(tally: Tally) -> dict[str, Any]:
    """What is left alone, and why."""
    return {"their time is over": tally.expired, "no longer where they failed": tally.skipped}

"""Twilio's lists: pages of the newest first, and the days that they are asked for by."""

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from gateway.sandbox.twilio.resource import VERSION
from gateway.sandbox.twilio.shelf import Days

MOST_PER_PAGE = 1000
_PAGING = ("Page", "PageToken", "PageSize")


@dataclass(frozen=True, slots=True)
class PageWish:
    """Which page is asked for: its size, its number from 0, and the number of the entry that it
    comes after."""

    size: int
    number: int
    below: int | None


def asked_page() -> PageWish:
    """The page that the request at hand asks for. Raises ValueError."""
    token = request.args.get("PageToken", "")
    return PageWish(
        size=min(max(int(request.args.get("PageSize", "50")), 1), MOST_PER_PAGE),
        number=max(int(request.args.get("Page", "0")), 0),
        below=int(token.removeprefix("PA"), 16) if token else None,
    )


def asked_days(name: str) -> Days:
    """The days that the request at hand asks for; a time of day counts for nothing. Raises
    ValueError."""
    return Days(_day(name), _day(f"{name}<"), _day(f"{name}>"))


def _day(name: str) -> date | None:
    text = request.args.get(name, "")
    if not text:
        return None
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(T.*)?", text):
        raise ValueError(name)
    return date.fromisoformat(text[:10])


def page_of(account: str, name: str, entries: list[dict[str, Any]], wish: PageWish,
            last: int | None) -> Response:  # fmt: skip
    """The page of `Calls` or `Messages`; `last` is the number of its last entry if more follow."""
    path = f"/{VERSION}/Accounts/{account}/{name}.json"
    asked = {key: value for key, value in request.args.items() if key not in _PAGING}
    asked["PageSize"] = str(wish.size)
    after = {"Page": str(wish.number + 1), "PageToken": f"PA{last or 0:032x}"}
    body = {
        "first_page_uri": f"{path}?{urlencode(asked | {'Page': '0'})}",
        "next_page_uri": None if last is None else f"{path}?{urlencode(asked | after)}",
        "previous_page_uri": None,
        "uri": request.full_path.rstrip("?"),
        "page": wish.number,
        "page_size": wish.size,
        "start": wish.number * wish.size,
        "end": wish.number * wish.size + max(len(entries) - 1, 0),
        name.lower(): entries,
    }
    return Response(json.dumps(body), content_type="application/json")

"""What the templates of the pages for staff can say: masked addresses, local times, addresses of
our own files."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, request, url_for
from jinja2 import StrictUndefined
from markupsafe import Markup

from gateway.domain import times
from gateway.usecases.staff import ROLES
from gateway.usecases.staff_sessions import REASONS

STATIC = Path(__file__).parent / "console" / "static"
MASK = "•••"
# The menu: text, endpoint, the role it takes. One whose pages are not there is left out.
MENU = (
    ("Search", "console.search", "viewer"),
    ("Queues", "dashboard.queues", "viewer"),
    ("Audit", "console.audit", "admin"),
)


@dataclass(frozen=True)
class Link:
    """One entry of the menu; `here` when it is the page being shown."""

    text: str
    href: str
    here: bool


def install(app: Flask) -> None:
    """Give them to the templates; a name that a template has wrong is a fault, and no gap."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(masked=masked, local=local)
    app.jinja_env.globals.update(
        asset=asset, may=may, signed_in=signed_in, csrf_field=csrf_field, navigation=navigation,
        reasons=REASONS,
    )  # fmt: skip


def navigation() -> list[Link]:
    """The menu for who is signed in."""
    return [
        Link(text, url_for(endpoint), endpoint == request.endpoint)
        for text, endpoint, role in MENU
        if endpoint in current_app.view_functions and may(role)
    ]


def may(role: str) -> bool:
    """Whether who is signed in may do what this role may."""
    return "staff" in g and role in ROLES[g.staff.staff.role]


def signed_in() -> object | None:
    """The session of the page's reader, if there is one."""
    found: object | None = g.get("staff")
    return found


def masked(address: str | None) -> str:
    """A phone number or an e-mail address of which only so much is left that a reader who knows it
    recognizes it."""
    if not address:
        return "—"
    if "@" in address:
        return f"{address[0]}{MASK}@{MASK}"
    return f"{address[:3]}{MASK}{address[-2:]}" if len(address) > 7 else MASK


def zone() -> str:
    """The IANA zone that the pages tell times in: the chosen organization's, else UTC."""
    found = g.get("staff")
    return found.organization.time_zone if found and found.organization else "UTC"


def local(at: datetime | None) -> Markup:
    """A moment in the organization's time zone, to the second."""
    if at is None:
        return Markup("—")
    shown = at.astimezone(ZoneInfo(zone()))
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
        times.shown(at), f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}", f"{shown:%Y-%m-%d %H:%M:%S}"
    )


def csrf_field() -> Markup:
    """The hidden field by which a form shows that it comes from a page of this session."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(g.staff.csrf)


@cache
def version() -> str:
    """A hash of all our files for browsers: other files have another address, so that a browser may
    keep them for ever."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(STATIC).as_posix().encode() + b"\n")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def asset(name: str) -> str:
    """The address of a file in console/static."""
    return url_for("console.asset", version=version(), name=name)

"""/console: pages on which people who never read code see what was sent, and steer it."""

from gateway.http.console import (
    assets,
    attempts,
    audit,
    bookings,
    contacts,
    export,
    organization,
    search,
    sessions,
    sign_in,
)
from gateway.http.console.group import blueprint

# Each adds its routes.
PAGES = (
    assets, attempts, audit, bookings, contacts, export, organization, search, sessions, sign_in,
)  # fmt: skip
__all__ = ["blueprint"]

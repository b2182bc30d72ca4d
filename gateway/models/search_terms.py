"""What somebody searches for that must not stand in an address: kept in their session, and gone
with it."""

import secrets
from collections.abc import Mapping

from gateway.models.base import atomic, lock
from gateway.models.staff import StaffSession

MOST = 20  # of one session; the oldest give way


def keep(session_id: str, terms: Mapping[str, str]) -> str:
    """An id by which the session finds these terms again; the same for the same terms."""
    with atomic():
        query = StaffSession.select(StaffSession.searches).where(StaffSession.id == session_id)
        # A list of pairs, oldest first: the order of an object's names is not kept everywhere.
        known = [tuple(one) for one in lock(query).get().searches.get("kept", [])]
        for id_, held in known:
            if held == dict(terms):
                return str(id_)
        fresh = secrets.token_urlsafe(9)
        kept = [*known, (fresh, dict(terms))][-MOST:]
        StaffSession.change(session_id, searches={"kept": kept})
    return fresh


def find(session: StaffSession, search_id: str) -> Mapping[str, str] | None:
    """The terms of an id of this session; None when it has (any more) none of it."""
    kept: dict[str, Mapping[str, str]] = dict(session.searches.get("kept", []))
    return kept.get(search_id)

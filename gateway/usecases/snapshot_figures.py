"""The figures of a day, put together from what is counted. The same facts give the same figures."""

from typing import Any

from gateway.domain import money
from gateway.domain.lifecycle import BookingState
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.waitlist_lifecycle import OfferState
from gateway.models import payment, snapshot_facts
from gateway.models.snapshot_facts import Span, Told

KEPT = (BookingState.CHECKED_IN, BookingState.FULFILLED)
UNREPORTED = (BookingState.BOOKED, BookingState.CONFIRMED)


def of(span: Span) -> dict[str, Any]:
    """All figures of a span of time, as they are kept: in nine queries, however much it was."""
    told = snapshot_facts.notifications(span)
    return {
        "bookings": _bookings(span),
        "notifications": [
            {"kind": one.kind, "channel": one.channel, "outcome": one.outcome, "count": one.count}
            for one in told
        ],
        "reach": _reach(span, told),
        "waitlist": _waitlist(span),
        "recovered": _recovered(span),
        "cost": None,  # no carrier tells it in what it reports
    }


def _bookings(span: Span) -> dict[str, int]:
    starting = snapshot_facts.appointments(span)
    return {
        "made": snapshot_facts.booked(span),
        "canceled": snapshot_facts.canceled(span),
        "kept": sum(starting[state] for state in KEPT),
        "missed": starting[BookingState.NO_SHOW],
        "unreported": sum(starting[state] for state in UNREPORTED),
    }


def _reach(span: Span, told: list[Told]) -> dict[str, int]:
    return {
        "notifications": sum(one.count for one in told),
        "reached": sum(one.count for one in told if one.outcome == N.REACHED),
        "answered": sum(one.answered for one in told),
        "read": sum(one.read for one in told),
        "noticed": sum(one.noticed for one in told),
        "replied": snapshot_facts.replies(span),
        "confirmed": snapshot_facts.confirmed(span),
    }


def _waitlist(span: Span) -> dict[str, int]:
    made = snapshot_facts.offers(span)
    return {"offers": sum(made.values()), **{str(state): made[state] for state in _FATES}}


_FATES = (OfferState.ACCEPTED, OfferState.DECLINED, OfferState.EXPIRED, OfferState.REVOKED)


def _recovered(span: Span) -> list[dict[str, Any]]:
    found = payment.recovered(span.organization_id, span.mode, span.begin, span.end)
    return [
        {"currency": code, "payments": count, "amount": money.plain(total, code)}
        for code, (count, total) in sorted(found.items())
    ]

"""Several claims in the hands of one worker: calls to different people, made at a time."""

import threading
from collections.abc import Callable
from typing import Any

from gateway import failpoints
from gateway.models.feed import FeedEntry
from gateway.usecases import deliveries, requests
from gateway.usecases.requests import Asked
from tests.stack import special
from tests.usecases.desk import LEASE, Desk

PEOPLE = [special(f"01{number}") for number in range(41, 57)]
REFUSED, UNTAKEN, BUSY = "+15005550001", special("0112"), special("0120")


def ask(desk: Desk, *people: str) -> list[tuple[str, int]]:
    """Requests for calls to these people, due now: their claims."""
    found = []
    for to in people:
        wanted = Asked(channel="voice", to=to, words={"say": "See you at noon."})
        row = requests.request(desk.caller, wanted, desk.now).notification
        found.append((row.id, row.claim))
    return found


def deliver(desk: Desk, claims: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """What a worker does with one message that names several."""
    return deliveries.attempts_of(claims, lambda: desk.now, LEASE)


def ends(desk: Desk, claims: list[tuple[str, int]]) -> list[Any]:
    """How the rows and their calls stand, and what the feed says of them."""
    found = []
    for id_, _ in claims:
        row, made = desk.row(id_), desk.attempts(id_)
        said = FeedEntry.select().where(FeedEntry.object_id.in_([id_, *(one.id for one in made)]))
        told = [(one.type, one.reason) for one in said.order_by(FeedEntry.tx, FeedEntry.id)]
        calls = [
            (one.state, one.reason, one.attempt, one.provider_status, one.lookup_at, one.ended_at,
             one.external_id is not None, one.open_key is None)
            for one in made
        ]  # fmt: skip
        found.append(
            (row.state, row.reason, row.tries, row.failures, row.claim, row.next_attempt_at,
             row.lease_until, row.held_by, row.step_until, calls, sorted(told, key=str))
        )  # fmt: skip
    return found


def meanwhile(desk: Desk, point: str, happens: Callable[[], object]) -> None:
    """Have something happen the first time that this point is passed."""
    told = threading.Event()

    def see(name: str) -> None:
        if name == point and not told.is_set():
            told.set()
            happens()

    failpoints.observe(see)

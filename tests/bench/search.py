"""Support's queries on many calls, each with a transcript, beside the best SQL written by hand."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from gateway.models import call_search, console_search
from gateway.models.base import db
from gateway.models.call_log import CallLog
from gateway.models.listing import Position
from gateway.usecases.people import address_hash
from tests import desk
from tests.bench.ground import Ground
from tests.bench.report import Figure, held
from tests.statements import heard

BENCH = "search"
CALLS = 1_000_000
PAGE = 50
DEEP = 1000  # the page that is as fast as the first
BY_HAND = "hand-written SQL"
RUNS = 15  # of each query, a round

COLUMNS = ", ".join(f'c."{one.column_name}"' for one in CallLog._meta.sorted_fields)
MINE = "c.organization_id = %(own)s AND c.mode = 'live'"
# Below a position, newest first, as the index has them.
BELOW = " AND (c.created_at, c.id) < (%(at)s, %(id)s)"
LAST = " ORDER BY c.created_at DESC, c.id DESC LIMIT 50"
LIST = f"SELECT {COLUMNS} FROM call_log c WHERE {MINE}"
SAID = (
    "SELECT t.call_id FROM transcript t WHERE t.current AND t.organization_id = %(own)s"
    " AND to_tsvector('simple', t.words) @@ plainto_tsquery('simple', %(q)s)"
)


@dataclass(frozen=True)
class Question:
    """What is asked: the filters of our search, what goes into the SQL by hand, of which the
    fastest counts, and whether it has enough rows for deep pages."""

    name: str
    filters: dict[str, Any]
    by_hand: Sequence[str]
    given: dict[str, Any] = field(default_factory=dict)
    long: bool = False


def run(ground: Ground) -> Iterator[Figure]:
    """All figures of searching."""
    calls = ground.chosen.size(CALLS)
    environ = ground.environ(ground.database())
    with ground.connected(environ):
        own = desk.fill(calls)
        deep = _position(min(PAGE * (DEEP - 1), calls // 2))
        for question in _questions(calls):
            first = list(_asked(question, own, None, ground.chosen.rounds))
            yield from first
            if question.long:
                later = list(_asked(question, own, deep, ground.chosen.rounds))
                yield from later
                page = {"yardstick": "its page 1", "yardstick_value": first[0].value}
                same = Figure(BENCH, later[0].metric, later[0].value, "ms", **page)  # type: ignore[arg-type]
                yield held(same, "<=", 1.2, of_yardstick=True)
        yield from _people(own, ground.chosen.rounds)


def _position(place: int) -> Position:
    row = CallLog.get_by_id(f"cl_b{place}")
    return row.created_at, row.id


def _questions(calls: int) -> list[Question]:
    rare, hashed = f"word{calls // 3}", address_hash(desk.phone_of(7))
    first = f"{LIST} AND c.state = %(state)s"
    words = [
        f"{LIST} AND c.id IN ({SAID})",
        f"WITH said AS MATERIALIZED ({SAID}) {LIST} AND c.id IN (SELECT call_id FROM said)",
        f"{LIST} AND EXISTS ({SAID} AND t.call_id = c.id)",
        f"{LIST} AND EXISTS ({SAID} AND t.call_id = c.id OFFSET 0)",  # call by call, newest first
    ]
    return [
        Question("all calls", {}, [LIST], long=True),
        Question("by number", {"phone_hash": hashed},
                 [f"{LIST} AND c.to_hash = %(hash)s"], {"hash": hashed}),
        Question("by the provider's id", {"external_id": f"CAb{calls // 2}"},
                 [f"{LIST} AND c.external_id = %(ref)s"], {"ref": f"CAb{calls // 2}"}),
        Question("by a frequent state", {"state": "completed"}, [first],
                 {"state": "completed"}, long=True),
        Question("by a rare state", {"state": "failed"}, [first], {"state": "failed"}),
        Question("by a word of one call", {"q": rare}, words, {"q": rare}),
        Question("by a word of 1 %", {"q": "group7"}, words, {"q": "group7"}),
        Question("by a word of all calls", {"q": "monday"}, words, {"q": "monday"}, long=True),
        Question("by number and word", {"phone_hash": hashed, "q": "monday"},
                 [f"{one} AND c.to_hash = %(hash)s" for one in words],
                 {"q": "monday", "hash": hashed}),
    ]  # fmt: skip


def _asked(question: Question, own: str, at: Position | None, rounds: int) -> Iterator[Figure]:
    """One question from the beginning or from a position on: by the function behind the API, by
    the statements that it sends, and by hand."""
    given: dict[str, Any] = {"own": own, **question.given}
    below = ""
    if at is not None:
        below, given["at"], given["id"] = BELOW, *at

    def find() -> list[Any]:
        return list(call_search.find(own, "live", question.filters, PAGE, at))

    hands = [f"{one}{below}{LAST}" for one in question.by_hand]
    name = f"{question.name}, page {DEEP if at else 1}"
    yield from _compared(name, find, [(one, given) for one in hands], rounds)


def _people(own: str, rounds: int) -> Iterator[Figure]:
    text = (
        "SELECT * FROM contact WHERE organization_id = %(own)s AND mode = 'live' AND erased_at IS"
        " NULL AND to_tsvector('simple', coalesce(name, '')) @@ to_tsquery('simple', %(q)s)"
        " ORDER BY updated_at DESC, id DESC LIMIT 50"
    )

    def find() -> list[Any]:
        return console_search.named(own, "live", "ada7", PAGE)

    yield from _compared("people by name", find, [(text, {"own": own, "q": "'ada7':*"})], rounds)


def _compared(
    name: str, find: Callable[[], list[Any]], hands: Sequence[tuple[str, Any]], rounds: int
) -> Iterator[Figure]:
    with heard() as sent:
        find()
    found = [str(row.id) for row in find()]
    by_hand = [_first(_fetch([one])) for one in hands]
    assert all(one == found for one in by_hand), f"{name}: not the same rows"
    whole = [_timed(find) for _ in range(RUNS * rounds)]
    asked: list[Sequence[tuple[str, Any]]] = [sent, *([one] for one in hands)]
    taken: list[list[float]] = [[] for _ in asked]
    for number in range(RUNS * rounds):
        # In turns: whoever comes second finds everything at hand.
        for one in range(len(asked)):
            place = (number + one) % len(asked)
            taken[place].append(_timed(lambda place=place: _fetch(asked[place])))  # type: ignore[misc]
    ours, *theirs = taken
    best = min(statistics.median(one) for one in theirs)
    yardstick = {"yardstick": BY_HAND, "yardstick_value": best}
    query = Figure(BENCH, name, statistics.median(ours), "ms", **yardstick)  # type: ignore[arg-type]
    yield held(query, "<=", 1.5, of_yardstick=True)
    yield Figure(
        BENCH, f"{name}, with its rows as objects", statistics.median(whole), "ms",
        **yardstick,  # type: ignore[arg-type]
    )  # fmt: skip


def _timed(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000


def _fetch(statements: Sequence[tuple[str, Any]]) -> list[Any]:
    """Send statements as they are; the rows of the last."""
    rows: list[Any] = []
    connection: psycopg.Connection[Any] = db.connection()
    for text, values in statements:
        with connection.cursor() as cursor:
            rows = cursor.execute(text, values).fetchall()
    return rows


def _first(rows: Sequence[Sequence[Any]]) -> list[str]:
    return [str(row[0]) for row in rows]

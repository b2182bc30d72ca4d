"""What one transaction does for many rows at once. Rows that it will need are read beforehand,
locked. What is only added to them, entries of the feed and counts, is kept back and written
together at the end; so are the changes of the rows themselves, but before anything else is asked
of the database, so that nobody in this transaction reads what is not true any more."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from peewee import JSONField, Node

from gateway.metrics import Series

T = TypeVar("T")
Changes = dict[str, dict[str, Any]]  # of one table: columns by the row's id


@dataclass
class Gathering:
    """Kept back: entries of the feed, counts, changes by table. `locked` rows stand, by their id,
    for one reading each; `owned` are those that were read, or are changed by whoever holds them.
    `known` is what was read beforehand without a lock, by kind and key."""

    feed: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[Series] = field(default_factory=Counter)
    locked: dict[str, Any] = field(default_factory=dict)
    owned: dict[str, Any] = field(default_factory=dict)
    changes: dict[type, Changes] = field(default_factory=dict)
    known: dict[Hashable, dict[Any, Any]] = field(default_factory=dict)

    def know(self, kind: Hashable, found: Mapping[Any, Any]) -> None:
        """What was read beforehand, for whoever asks for it in this transaction."""
        self.known.setdefault(kind, {}).update(found)

    def hold(self, rows: Iterable[Any]) -> None:
        """Rows that this transaction locked, for whoever asks for them."""
        self.locked.update((row.id, row) for row in rows)

    def own(self, row: Any) -> None:
        """A row that this transaction locked and that is at hand."""
        self.owned[row.id] = row

    def owns(self, row: Any) -> bool:
        """Whether this very object stands for a row that this transaction locked."""
        return row.id in self.owned and self.owned[row.id] is row


_held = threading.local()


def present() -> Gathering | None:
    """What this thread gathers, if it does."""
    found: Gathering | None = getattr(_held, "present", None)
    return found


def known(kind: Hashable, keys: Iterable[Any]) -> dict[Any, Any] | None:
    """What was read beforehand of a kind, by key; None unless all of it was."""
    gathering = present()
    found = gathering.known.get(kind) if gathering is not None else None
    asked = list(keys) if found is not None else []
    if found is None or any(key not in found for key in asked):
        return None
    return {key: found[key] for key in asked}


def recalled(kind: Hashable, key: Any, read: Callable[[], T]) -> T:
    """What was read beforehand, else it is read now."""
    found = known(kind, [key])
    return read() if found is None else found[key]


def once(kind: Hashable, key: Any, read: Callable[[], T]) -> T:
    """The same, but what is read now is known from then on: nothing in this transaction changes
    it."""
    found, gathering = recalled(kind, key, read), present()
    if gathering is not None:
        gathering.know(kind, {key: found})
    return found


def take(row_id: str) -> Any:
    """A row that was locked beforehand and not asked for yet; None otherwise."""
    gathering = present()
    if gathering is None or row_id not in gathering.locked:
        return None
    row = gathering.locked.pop(row_id)
    gathering.own(row)
    return row


def change(row: Any, states: Collection[Any], values: dict[str, Any]) -> bool | None:
    """Keep back a move of an owned row: whether its state is one of these, from which it may be
    made. None where it has to be made at once."""
    gathering = present()
    if gathering is None or not gathering.owns(row):
        return None
    fields = [row._meta.fields[name] for name in values]
    if any(isinstance(one, JSONField) for one in fields):
        return None
    if any(isinstance(value, Node) for value in values.values()):
        return None
    if str(row.state) not in map(str, states):
        return False
    kept = gathering.changes.setdefault(type(row), {}).setdefault(row.id, {})
    kept.update((one.name, one.db_value(values[one.name])) for one in fields)
    return True


@contextmanager
def gathered(write: Callable[[type, Changes], None]) -> Iterator[Gathering]:
    """Gather until the block ends; whoever opens it writes what was kept back, before the
    transaction ends. `write` writes the changes of one table."""
    _held.present, _held.write = Gathering(), write
    try:
        yield _held.present
    finally:
        _held.present = None


def write_changes() -> None:
    """Write the changes that were kept back: something else is about to be asked."""
    gathering = present()
    if gathering is None or not gathering.changes:
        return
    changes, gathering.changes = gathering.changes, {}
    for table, rows in changes.items():
        _held.write(table, rows)

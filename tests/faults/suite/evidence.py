"""What the oracle judges by: what the client knows, the provider did, and the gateway says."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.faults.suite.databases import Database, moment

Shown = Callable[[datetime], tuple[datetime, datetime]]


def real(at: datetime) -> tuple[datetime, datetime]:
    """A clock that is right."""
    return at, at


@dataclass
class Asked:
    """One number and all that its client knows: the notifications it was told of, and from when on
    each was shown to it as taken back."""

    key: str
    to: str
    acked: bool = False
    too_late: bool = False  # refused, since it had expired before there was an answer
    ids: set[str] = field(default_factory=set)
    first_ids: set[frozenset[str]] = field(default_factory=set)  # one for each answer to the POST
    moves: bool = False
    cancels: bool = False
    taken_back: dict[str, datetime] = field(default_factory=dict)
    ending: dict[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True)
class Placed:
    """A line of the sandbox's ledger."""

    at: datetime
    to: str
    attempt: str
    external_id: str
    mode: str


@dataclass(frozen=True)
class Notified:
    """A notification as the gateway has it."""

    id: str
    to: str
    state: str
    reason: str | None
    due_at: datetime
    expires_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class Called:
    """A call log as the gateway has it."""

    id: str
    notification: str | None
    state: str
    reason: str | None
    created_at: datetime


@dataclass(frozen=True)
class Told:
    """A callback of the sandbox's and the answer to it."""

    external_id: str
    event: str
    status: int | None


@dataclass
class Evidence:
    """Everything about one run."""

    asked: list[Asked]
    placed: list[Placed]
    notifications: list[Notified]
    calls: list[Called]
    told: list[Told] = field(default_factory=list)
    stored: Counter[str] = field(default_factory=Counter)  # webhook rows by external id
    feed: list[dict[str, Any]] = field(default_factory=list)
    feed_rows: set[str] = field(default_factory=set)  # ids of what the feed has to show
    shown: Shown = real
    grace: timedelta = timedelta(seconds=1)  # the provider deadline: how long a request may take


def client_knows(lines: Iterable[dict[str, Any]]) -> list[Asked]:
    """The client's ledger by key."""
    asked: dict[str, Asked] = {}
    for line in lines:
        item = asked.setdefault(line["key"], Asked(line["key"], line["to"]))
        result, op = line["result"], line["op"]
        if result == "sent":
            item.moves |= op == "move"
            item.cancels |= op == "cancel"
        elif result == "too late":
            item.too_late = True
        elif result == "acked":
            _acknowledged(item, op, line)
    return list(asked.values())


def _acknowledged(item: Asked, op: str, line: dict[str, Any]) -> None:
    at, told = datetime.fromisoformat(line["t"]), line["ids"]
    item.acked = True
    item.ids |= set(told)
    if op == "ask":
        item.first_ids.add(frozenset(told))
    for id_, state in told.items():
        if state == "canceled":
            item.taken_back.setdefault(id_, at)
        elif op == "cancel":
            item.ending.setdefault(id_, at)


def provider_did(entries: Iterable[dict[str, Any]], numbers: set[str]) -> list[Placed]:
    """The sandbox's ledger, as far as these numbers are concerned."""
    return [
        Placed(
            datetime.fromisoformat(entry["at"]), entry["to"], _attempt(entry["callback_url"]),
            entry["external_id"], entry["mode"],
        )
        for entry in entries if entry["to"] in numbers
    ]  # fmt: skip


def _attempt(url: str) -> str:
    return parse_qs(urlsplit(url).query).get("attempt", [""])[0]


def provider_told(entries: Iterable[dict[str, Any]], ids: set[str]) -> list[Told]:
    """The sandbox's callbacks about these calls."""
    return [
        Told(entry["external_id"], f"{entry['kind']} {entry['event']}", entry["status"])
        for entry in entries if entry["external_id"] in ids
    ]  # fmt: skip


NOTIFICATIONS = (
    "SELECT n.id, c.phone, n.state, n.reason, n.due_at, n.expires_at, n.finished_at"
    " FROM notification n JOIN contact c ON c.id = n.contact_id WHERE n.organization_id = ?"
)
CALLS = (
    "SELECT id, notification_id, state, reason, created_at FROM call_log WHERE organization_id = ?"
)
STORED = (
    "SELECT external_id, count(*) FROM provider_event WHERE source = 'webhook'"
    " AND external_id IS NOT NULL GROUP BY external_id"
)
FEED = "SELECT id FROM feed_entry WHERE organization_id = ?"
OPEN = (
    "SELECT (SELECT count(*) FROM notification WHERE organization_id = ?"
    " AND finished_at IS NULL), (SELECT count(*) FROM call_log WHERE organization_id = ?"
    " AND state NOT IN ('completed', 'busy', 'no-answer', 'failed', 'canceled')),"
    " (SELECT count(*) FROM provider_event WHERE state = 'received')"
)


def gateway_says(database: Database, organization: str) -> tuple[list[Notified], list[Called]]:
    """The gateway's own rows, by read-only SQL."""
    return [
        Notified(*row[:4], *_moments(row[4:])) for row in database.read(NOTIFICATIONS, organization)
    ], [Called(*row[:4], *_moments(row[4:])) for row in database.read(CALLS, organization)]


def _moments(values: Iterable[Any]) -> list[Any]:
    return [moment(value) for value in values]


def still_open(database: Database, organization: str) -> tuple[int, int, int]:
    """Notifications without an outcome, calls that are not over, events not applied."""
    (row,) = database.read(OPEN, organization, organization)
    return row[0], row[1], row[2]


class Timeline:
    """What the product's clock showed at which real moment; in a moment of stepping, both."""

    def __init__(self) -> None:
        self._steps: list[tuple[datetime, timedelta]] = []

    def step(self, offset: timedelta) -> None:
        """From now on it is off by this much."""
        self.add(datetime.now(UTC), offset)

    def add(self, at: datetime, offset: timedelta) -> None:
        """From that real moment on it was off by this much."""
        self._steps.append((at, offset))

    def __call__(self, at: datetime) -> tuple[datetime, datetime]:
        """The earliest and the latest that it may have shown, a second around a step."""
        around = timedelta(seconds=1)
        offsets = [timedelta(0)]
        for moment_, offset in self._steps:
            if moment_ <= at - around:
                offsets = [offset]
            elif moment_ <= at + around:
                offsets.append(offset)
        return at + min(offsets), at + max(offsets)

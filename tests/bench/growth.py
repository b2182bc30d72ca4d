"""How cost grows: each main operation at 10 thousand, 100 thousand and 1 million rows."""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from flask import Flask

from gateway.http import create_app
from gateway.models import agenda, claims, job_claims
from gateway.models.base import db
from gateway.models.call_log import CallLog
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import accounts, inbox
from gateway.usecases.offers_making import EXPIRE
from gateway.usecases.people import address_hash
from tests.bench import callbacks, filling
from tests.bench.ground import ACCOUNT, NUMBER, Ground
from tests.bench.report import Figure, held
from tests.bench.series import fill, id_, moment, settle, text

NAME = "growth"
LEAST = 2_000  # rows of each kind, however small the scale
SIZES = (10_000, 100_000, 1_000_000)
TIMES, UNCOUNTED = 40, 8  # how often each is done, and how often before, so that all is warm
LOGARITHMIC = 1.5  # log 1,000,000 / log 10,000
LEASE = timedelta(seconds=30)
KNOWN = "+4915112000001"  # a number with fifteen calls
# Calls as `callbacks` has them, a second apart, and what was said in each.
CALLS = (
    """INSERT INTO call_log (id, organization_id, mode, provider, account, external_id, state,
    lookups, ends, step, attempt, direction, from_address, to_address, to_hash, created_at)
    SELECT 'cl_' || lpad(to_hex(g), 26, '0'), '{own}', 'live', 'twilio', '{account}',
    'CA' || lpad(to_hex(g), 32, '0'), 'queued', 0, 0, 0, 1, 'outbound', '{number}',
    '+1555' || lpad(mod(g, {n} / 10)::text, 7, '0'), md5(mod(g, {n} / 10)::text),
    now() - g * interval '1 s' FROM generate_series(1, {n}) g""",
    """INSERT INTO transcript (organization_id, call_id, source_id, revision, current, text, words,
    received_at) SELECT '{own}', 'cl_' || lpad(to_hex(g), 26, '0'), 's', 1, true,
    'see you on monday word' || g, 'see you on monday word' || g, now()
    FROM generate_series(1, {n}) g""",
)

Doing = Callable[[], object]


def run(ground: Ground) -> Iterator[Figure]:
    """Milliseconds of each at each size, in a process of its own with the database beside it."""
    found: dict[str, list[float]] = {}
    sizes = [max(LEAST, ground.chosen.size(size)) for size in SIZES]
    for size in sizes:
        for name, taken in _at(ground, size).items():
            found.setdefault(name, []).append(taken)
    for name, (least, middle, most) in found.items():
        note = f"{least:.2f}, {middle:.2f}, {most:.2f} ms at {', '.join(f'{n:,}' for n in sizes)}"
        figure = Figure(
            NAME, f"{name} at {sizes[-1]:,}", most, "ms", f"at {sizes[0]:,}", least, note=note
        )
        yield held(figure, "<=", LOGARITHMIC, of_yardstick=True)


def _at(ground: Ground, rows: int) -> dict[str, float]:
    """The medians at a size."""
    with ground.connected(ground.environ(ground.database())) as settings:
        own = filling.reminders(rows)
        key = accounts.create_key(own, "bench", "live", None, datetime.now(UTC))[1]
        _fill(own, rows)
        web = _Web(create_app(settings), key)
        return {name: _median(doing) for name, doing in _operations(web, rows).items()}


def _fill(own: str, rows: int) -> None:
    for statement in CALLS:
        db.execute_sql(statement.format(own=own, n=rows, account=ACCOUNT, number=NUMBER))
    own_calls = [f"cl_{37 * one + 1:026x}" for one in range(15)]
    CallLog.update(to_hash=address_hash(KNOWN)).where(CallLog.id.in_(own_calls)).execute()
    later = moment(datetime.now(UTC) + timedelta(days=1), 0.01)
    fill(
        Job, rows, id=id_("jb", "w"), organization_id=text(own), mode=text("live"),
        name=text(EXPIRE), key=id_("of", "w"), kind=text("timer"), lane=text("timers:1"),
        due_at=later, next_attempt_at=later, claim="0", failures="0", state=text("scheduled"),
        created_at=moment(datetime.now(UTC)),
    )  # fmt: skip
    now = datetime.now(UTC)
    # What is claimed below: 20 of each for each time.
    due = (TIMES + UNCOUNTED) * 20
    for table in (Notification, Job):
        first = table.select(table.id).order_by(table.id).limit(due)
        table.update(next_attempt_at=now).where(table.id.in_(first)).execute()
    settle(Notification, Job, ProviderEvent)
    db.execute_sql("ANALYZE")


class _Web:
    """The web application, asked in this very process."""

    def __init__(self, app: Flask, key: str) -> None:
        self._client = app.test_client()
        self._headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str) -> None:
        """A page; it has to be there."""
        answer = self._client.get(path, headers=self._headers)
        assert answer.status_code == 200, answer.text

    def post(self, path: str, body: dict[str, Any]) -> None:
        """Make something; it has to be made."""
        answer = self._client.post(path, json=body, headers=self._headers)
        assert answer.status_code in (201, 202), answer.text

    def report(self, number: int) -> str:
        """A signed callback on a call; the id of the event that it became."""
        path = f"/webhooks/twilio/voice?attempt=cl_{number:026x}"
        head, _, body = callbacks.signed(path, callbacks.body_of(number)).partition(b"\r\n\r\n")
        lines = [line.partition(": ") for line in head.decode().split("\r\n")[1:]]
        headers = {name: value for name, _, value in lines if name != "Content-Length"}
        answer = self._client.post(path, data=body, headers=headers, base_url=callbacks.PUBLIC)
        assert answer.status_code // 100 == 2, answer.text
        newest = ProviderEvent.select(ProviderEvent.id).order_by(ProviderEvent.id.desc()).limit(1)
        return str(newest.scalar())


def _operations(web: _Web, rows: int) -> dict[str, Doing]:
    numbers = itertools.count(1)
    steps = itertools.count(1, max(1, rows // 1000))
    half = quote((datetime.now(UTC) - timedelta(seconds=rows // 2)).isoformat())
    events = [web.report(next(steps) % rows + 1) for _ in range(TIMES + UNCOUNTED)]
    waiting = iter(events)
    return {
        "claim of 20 calls": lambda: _claim(claims, "voice:3"),
        "claim of 20 timers": lambda: _claim(job_claims, "timers:1"),
        "the clock's agenda": agenda.read,
        "callback stored": lambda: web.report(next(steps) % rows + 1),
        "event applied": lambda: inbox.apply(next(waiting), datetime.now(UTC)),
        "booking with 5 reminders": lambda: web.post("/api/v1/bookings", _booking(next(numbers))),
        "first page of calls": lambda: web.get("/api/v1/calls?limit=50"),
        "page in the middle": lambda: web.get(f"/api/v1/calls?limit=50&to={half}"),
        "calls of a number": lambda: web.get(f"/api/v1/calls?phone={quote(KNOWN)}"),
        "calls with a rare word": lambda: web.get(f"/api/v1/calls?q=word{next(steps) % rows + 1}"),
        "first page of bookings": lambda: web.get("/api/v1/bookings?limit=50"),
    }


def _claim(table: Any, lane: str) -> None:
    assert len(table.claim_due(lane, datetime.now(UTC), 20, LEASE)) == 20


def _booking(number: int) -> dict[str, Any]:
    starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    reminder = {"kind": "before", "channel": "voice", "say": "See you soon!"}
    return {
        "external_id": f"g-{number}", "starts_at": starts_at.isoformat(),
        "time_zone": "UTC",
        "contact": {"external_id": f"g-{number}", "name": "Ada Quill",
                    "phone": f"+4915{112000000 + number}", "locale": "de"},
        "reminders": [{**reminder, "minutes": 60 * (one + 1)} for one in range(5)],
    }  # fmt: skip


def _median(doing: Doing) -> float:
    """Milliseconds, once all is warm; one that is slow by chance counts for nothing."""
    taken = []
    for number in range(TIMES + UNCOUNTED):
        began = time.perf_counter()
        doing()
        if number >= UNCOUNTED:
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)

"""Messages through one WhatsApp sender at its rate, calls and messages a second by the number of
worker processes, and how many of those sent are known to be delivered once the carrier told."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.models import base
from tests.bench import calls, filling
from tests.bench.callbacks import signed
from tests.bench.ground import ACCOUNT, NUMBER, Ground, ours
from tests.bench.load import drive
from tests.bench.provider import provider
from tests.bench.report import Figure, cut, held, median
from tests.waiting import until

BENCH = "messages"
RATE = 80.0  # a second, which is what WhatsApp gives a number
SECONDS = 600
MANY = 1000
WORKERS = (1, 2, 4)
WHATSAPP = {"TWILIO_WHATSAPP_FROM": NUMBER}
LATE = (
    "SELECT extract(epoch FROM f.at - n.due_at)::float FROM feed_entry f"
    " JOIN message_log m ON m.id = f.object_id JOIN notification n ON n.id = m.notification_id"
    " WHERE f.type = 'message.queued' ORDER BY f.at"
)


@dataclass(frozen=True)
class Paced:
    """How late each message of a sender at its rate was taken by the carrier, in seconds, and how
    many were a second."""

    late: list[float]
    per_second: float


def run(ground: Ground) -> Iterator[Figure]:
    """First at the rate, then as fast as it goes."""
    with provider(ground) as carrier:
        yield from _at_the_rate(_paced(ground, carrier.url, ground.chosen.size(SECONDS)))
        many = ground.chosen.size(MANY)
        for processes in WORKERS:
            found: dict[str, list[float]] = {"voice": [], "whatsapp": []}
            ratios: list[float] = []
            for _ in range(ground.chosen.rounds):
                for channel, rates in found.items():
                    rates.append(_as_fast(ground, carrier.url, many, processes, channel, ratios))
            workers = f"{processes} worker process" + ("es" if processes > 1 else "")
            yield median(BENCH, f"calls, {workers}", "calls/s", found["voice"])
            yield median(BENCH, f"messages, {workers}", "messages/s", found["whatsapp"])
            yield median(BENCH, f"delivered of those sent, {workers}", "ratio", ratios)


def _at_the_rate(found: Paced) -> Iterator[Figure]:
    note = f"{len(found.late)} messages, one due each {1000 / RATE:g} ms"
    rate = Figure(BENCH, "one WhatsApp sender, sent", found.per_second, "messages/s", note=note)
    yield held(rate, ">=", RATE * 0.99)
    for share in (0.5, 0.95, 0.99):
        late = cut(found.late, share)
        yield Figure(BENCH, f"… late, p{share * 100:g}", late, "s")
    yield held(Figure(BENCH, "… late, the latest", max(found.late), "s"), "<=", 1.0)


def _paced(ground: Ground, carrier_url: str, seconds: int) -> Paced:
    ground.redis.client().flushall()
    environ = ground.environ(
        ground.database(), TWILIO_API_BASE_URL=carrier_url, MESSAGES_PER_SECOND=str(RATE),
        **WHATSAPP,
    )  # fmt: skip
    many = int(RATE * seconds)
    with ExitStack() as stack:
        stack.enter_context(ground.connected(environ))
        stack.enter_context(ours("clock", environ))
        stack.enter_context(ours("worker", environ))
        counted = stack.enter_context(calls.counter(environ["DATABASE_URL"], "message_log"))
        filling.reminders(calls.WARM, "whatsapp")
        filling.let_due(datetime.now(UTC))
        until(lambda: counted() >= calls.WARM, "the first ones", 60, pause=0.2)
        calls.empty()
        filling.reminders(many, "whatsapp")
        begun = datetime.now(UTC) + timedelta(seconds=3 + many / 10_000)
        filling.let_due(begun, RATE)
        time.sleep(max(0.0, (begun - datetime.now(UTC)).total_seconds() + seconds * 0.95))
        until(lambda: counted() >= many, f"{many} messages", seconds + 120, pause=0.5)
        late: list[float] = [float(one) for (one,) in base.db.execute_sql(LATE).fetchall()]
        [(first, last)] = base.db.execute_sql(
            "SELECT min(created_at), max(created_at) FROM message_log"
        ).fetchall()
    return Paced(late, (many - 1) / (last - first).total_seconds())


def _as_fast(
    ground: Ground, carrier_url: str, many: int, processes: int, channel: str, ratios: list[float]
) -> float:
    """How many a second; of messages also the ratio of those delivered."""
    more = {} if channel == "voice" else {**WHATSAPP, "MESSAGES_PER_SECOND": "10000"}

    def told(environ: dict[str, str]) -> None:
        if channel != "voice":
            ratios.append(_delivered(environ))

    return calls.placed(ground, carrier_url, many, processes, channel, then=told, **more).per_second


def _delivered(environ: dict[str, str]) -> float:
    """Have the carrier tell of each message that it was delivered; how many are known to be."""
    sids = [sid for (sid,) in _rows("SELECT external_id FROM message_log")]
    with ours("web", environ) as web:
        drive(web.url, [_report(sid) for sid in sids], 8)

        def known() -> int:
            [(count,)] = _rows("SELECT count(*) FROM message_log WHERE state = 'delivered'")
            return int(count)

        deadline = time.monotonic() + 60 + len(sids) / 50
        while known() < len(sids) and time.monotonic() < deadline:
            time.sleep(0.2)
        return known() / len(sids)


def _report(sid: str) -> bytes:
    form = {
        "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "From": f"whatsapp:{NUMBER}",
        "MessageSid": sid, "MessageStatus": "delivered", "SmsSid": sid, "SmsStatus": "delivered",
        "To": "whatsapp:+12050000001",
    }  # fmt: skip
    return signed("/webhooks/twilio/messages", form)


def _rows(query: str) -> list[Any]:
    found: list[Any] = base.db.execute_sql(query).fetchall()
    return found

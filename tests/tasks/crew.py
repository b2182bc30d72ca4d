"""Workers that a test only makes believe in, and work that waits for them."""

import json
import time
from datetime import timedelta

from gateway.models import base
from gateway.models.provider_event import ProviderEvent
from tasks import worker_id
from tests import servers
from tests.rows import notifications
from tests.usecases.desk import Desk


def heard(
    server: servers.RedisServer,
    threads: int,
    queues: tuple[str, ...] = ("voice", "events"),
    *,
    name: str = "made-up",
    seconds_ago: float = -600.0,
    mark: bool = True,
) -> None:
    """Have the broker believe that a worker was heard of so long ago (unless told otherwise, that
    it lives as long as any test may take), and, with `mark`, that it has lost nothing since."""
    at = (time.time() - seconds_ago) * 1000
    client = server.client()
    client.zadd("ringback:__heartbeats__", {worker_id.of(name, threads, queues): at})
    if mark:
        client.set("ringback:sentinel", 1)
    client.close()


def due(desk: Desk, how_many: int) -> list[str]:
    """Notifications that are due now; their ids."""
    return notifications(
        desk.caller.organization_id, how_many, next_attempt_at=desk.now, due_at=desk.now,
        expires_at=desk.now + timedelta(hours=1),
    )  # fmt: skip


def stored_event(desk: Desk) -> None:
    """An event that waits to be applied."""
    ProviderEvent.keep(
        provider="twilio", account="AC1", kind="call-status", dedup_key="k", digest="d",
        path="twilio/voice", received_at=desk.now, next_attempt_at=desk.now,
    )  # fmt: skip


def forbid_updates(table: str) -> None:
    """Make every change of a row of this table fail from now on."""
    if base.dialect() == "sqlite":
        base.db.execute_sql(
            f"CREATE TRIGGER forbid BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        return
    base.db.execute_sql(
        "CREATE FUNCTION forbid() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no'; END $$"
    )
    base.db.execute_sql(f"CREATE TRIGGER forbid BEFORE UPDATE ON {table} EXECUTE FUNCTION forbid()")


def claims_out(queue: str) -> int:
    """How many claims the messages name that wait in a queue."""
    from tasks import broker  # importing it connects it

    messages = broker.broker.client.hvals(f"{broker.NAMESPACE}:{queue}.msgs")
    return sum(len(json.loads(message)["args"]) // 2 for message in messages)

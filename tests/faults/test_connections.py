"""The database breaks off in the middle, or holds everybody up: what was asked is done once."""

import sqlite3
import threading

import pytest
from psycopg import sql

from tests import servers
from tests.conftest import StartStack
from tests.databases import ON_POSTGRESQL, ON_SQLITE
from tests.waiting import until

TERMINATE = sql.SQL(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = {}"
)


@pytest.mark.row("A4")
@ON_POSTGRESQL
def test_connections_that_are_cut_again_and_again_lose_and_double_nothing(
    start_stack: StartStack, postgres: servers.PostgresServer, database_url: str
) -> None:
    stack = start_stack(
        CLAIM_LEASE_SECONDS="1", SENDING_LEASE_SECONDS="2", UNKNOWN_LOOKUP_SECONDS="0.3,1",
        RETRY_EVENT_SECONDS="0.2,0.2,0.5,1,2,5",
    )  # fmt: skip
    terminate = TERMINATE.format(sql.Literal(servers.database_name(database_url)))
    asked: list[str] = []
    for number in range(50):
        answer = stack.api.ask(
            "POST", "/calls", json={"to": f"+1202558{number:04d}", "say": "Hello."}
        )
        assert answer.status_code in (202, 503), answer.text
        if answer.ok:
            asked.append(answer.json()["id"])
        if number % 10 == 5:
            postgres.execute(terminate)
    assert len(asked) >= 40
    outcomes = [stack.outcome(id_, 40) for id_ in asked]
    placed = [line["to"] for line in stack.sandbox.placed()]
    assert len(placed) == len(set(placed))
    assert len(placed) >= outcomes.count("reached") >= 45 - 4 * 5
    assert set(outcomes) <= {"reached", "unknown"}


@pytest.mark.row("A4")
@ON_SQLITE
def test_a_writer_that_holds_the_database_delays_calls_and_loses_none(
    start_stack: StartStack, database_url: str
) -> None:
    stack = start_stack(CLAIM_LEASE_SECONDS="1", SENDING_LEASE_SECONDS="4")
    holder = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    asked = [stack.api.call(f"+1202558{number:04d}")["id"] for number in range(10)]
    holder.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(1.5, lambda: None)
    timer.start()
    late = threading.Thread(target=lambda: asked.append(stack.api.call("+12025580099")["id"]))
    late.start()
    timer.join()
    holder.execute("COMMIT")
    holder.close()
    late.join(10)
    until(lambda: len(asked) == 11, "the booking that waited")
    outcomes = [stack.outcome(id_, 30) for id_ in asked]
    placed = [line["to"] for line in stack.sandbox.placed()]
    assert len(placed) == len(set(placed)) == outcomes.count("reached")
    assert outcomes == ["reached"] * 11

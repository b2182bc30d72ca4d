"""The steps of one call, each alone and bare: `python tests/bench/bare_calls.py N`.

One claim, one attempt row, one request of the SDK through a lean client, one outcome, one message
of Dramatiq. Prints the time of the processor that each takes, in ms, without the servers'.
Environment: BARE_DATABASE_URL, BARE_REDIS_URL, PROVIDER_BASE_URL, TWILIO_AUTH_TOKEN.
"""

import http.client
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import dramatiq
import psycopg
from dramatiq.brokers.redis import RedisBroker
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

ACCOUNT = "AC" + "0" * 32
CLAIM = "UPDATE bare_reminder SET state = 'due', claim = claim + 1 WHERE id = %s RETURNING claim"
ATTEMPT = (
    "INSERT INTO bare_attempt (id, reminder_id, to_address, text, state, created_at)"
    " VALUES (%s, %s, %s, %s, 'placing', now())"
)
OUTCOME = "UPDATE bare_attempt SET state = 'queued', external_id = %s WHERE id = %s"
TABLES = """
CREATE TABLE bare_reminder (id bigint PRIMARY KEY, phone text, state text, claim int DEFAULT 0);
CREATE TABLE bare_attempt (id bigint PRIMARY KEY, reminder_id bigint REFERENCES bare_reminder (id),
 to_address text, text text, state text, external_id text UNIQUE, created_at timestamptz);
INSERT INTO bare_reminder (id, phone, state)
 SELECT n, '+1205' || lpad(n::text, 7, '0'), 'scheduled' FROM generate_series(1, 100000) n
"""


class Lean(HttpClient):  # type: ignore[misc]
    """A kept connection and nothing else."""

    def __init__(self, base_url: str) -> None:
        self.is_async = False
        parts = urlsplit(base_url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port)

    def request(
        self, method: str, uri: str, params: Any = None, data: Any = None, headers: Any = None,
        auth: Any = None, timeout: Any = None, allow_redirects: bool = False,
    ) -> Response:  # fmt: skip
        """One request of the SDK."""
        self._connection.request(method, urlsplit(uri).path, urlencode(data, doseq=True), headers)
        answer = self._connection.getresponse()
        return Response(answer.status, answer.read().decode())


def main(how_many: int) -> None:
    """Do each step so many times, and tell what one takes."""
    database = psycopg.connect(os.environ["BARE_DATABASE_URL"], autocommit=True)
    database.execute(TABLES)
    database.prepare_threshold = 0
    sids = [""] * (how_many + 1)
    lean = Lean(os.environ["PROVIDER_BASE_URL"])
    client = Client(ACCOUNT, os.environ["TWILIO_AUTH_TOKEN"], http_client=lean)
    client.api.base_url = os.environ["PROVIDER_BASE_URL"]

    def ask(n: int) -> None:
        call = client.calls.create(
            to=f"+1205{n:07}", from_="+15005550006",
            twiml="<Response><Say>You have an appointment</Say></Response>",
            status_callback="https://hooks.example.com/webhooks/twilio",
        )  # fmt: skip
        sids[n] = call.sid or ""

    told = {
        "claim": _timed(how_many, lambda n: database.execute(CLAIM, (n,)).fetchone()),
        "attempt": _timed(
            how_many, lambda n: database.execute(ATTEMPT, (n, n, f"+1205{n:07}", "You have one."))
        ),
        "request": _timed(how_many, ask),
        "outcome": _timed(how_many, lambda n: database.execute(OUTCOME, (sids[n], n))),
        "message": _messages(how_many),
    }
    print(json.dumps({"calls": how_many, "ms": told, "sum_ms": sum(told.values())}))


def _timed(how_many: int, act: Callable[[int], object]) -> float:
    began = time.process_time()
    for n in range(1, how_many + 1):
        act(n)
    return (time.process_time() - began) / how_many * 1000


def _messages(how_many: int) -> float:
    """One message sent, fetched, and done by a worker with one thread that has nothing to do."""
    broker = RedisBroker(url=os.environ["BARE_REDIS_URL"], namespace="bare")  # type: ignore[no-untyped-call]
    broker.middleware.clear()
    over = threading.Event()

    @dramatiq.actor(broker=broker, queue_name="bare")
    def ring(n: int, claim: int) -> None:
        if n == how_many:
            over.set()

    worker = dramatiq.Worker(broker, queues={"bare"}, worker_threads=1, worker_timeout=100)
    began = time.process_time()
    worker.start()
    for n in range(1, how_many + 1):
        ring.send(n, 1)
    over.wait(60)
    spent = time.process_time() - began
    worker.stop()
    return spent / how_many * 1000


if __name__ == "__main__":
    main(int(sys.argv[1]))

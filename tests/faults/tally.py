"""Many calls to as many people, and the sum afterwards: each person rung once, none forgotten."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import requests

from gateway.models import base
from gateway.models.notification import Notification
from tests.client import Api
from tests.stack import Stack
from tests.waiting import until


def person(number: int) -> str:
    """A number of this person's own, answered in the sandbox."""
    return f"+1202557{number:04d}"


def ask(apis: Sequence[Api], numbers: range, ahead: timedelta | None = None) -> None:
    """Ask for one call to each person, by turns of these webs; one that is away is asked again,
    with the same key. Calls that are due only so far ahead are rung for by a clock."""

    def one(number: int) -> None:
        # From now, not from the first one's moment: whatever is late is rung for by the web.
        when = {"send_at": (datetime.now(UTC) + ahead).isoformat()} if ahead else {}
        body = {"to": person(number), "say": "See you at noon.", **when}
        headers = {"Idempotency-Key": f"tally-{number}"}

        def taken() -> bool:
            api = apis[number % len(apis)]
            head = {**headers, "Authorization": str(api.session.headers["Authorization"])}
            try:
                answer = requests.post(
                    f"{api.url}/api/v1/calls", json=body, headers=head, timeout=15
                )
            except requests.ConnectionError:
                return False
            return answer.status_code == 202

        until(taken, "a web that takes the call", 30, pause=0.1)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, numbers))


def ended() -> int:
    """How many notifications have their outcome."""
    with base.connection():
        return int(Notification.select().where(Notification.finished_at.is_null(False)).count())


def check(stack: Stack, calls: int, seconds: float = 150) -> Counter[str]:
    """Wait for every outcome; nobody was rung twice, and whoever was, was reached or will not be
    rung any more. Returns how often each outcome came."""
    until(lambda: ended() == calls, f"{calls} outcomes", seconds, pause=0.2)
    placed = Counter(line["to"] for line in stack.sandbox.placed())
    assert set(placed.values()) <= {1}, "a phone rang twice"
    with base.connection():
        rows = list(Notification.select(Notification.state))
    outcomes = Counter(str(row.state) for row in rows)
    assert len(rows) == calls
    assert len(placed) >= outcomes["reached"]
    return outcomes

"""Redis forgets everything while hundreds of calls wait, leave and are tried again."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.lifecycle import NotificationState as N
from gateway.models import base
from gateway.models.call_log import CallLog
from gateway.models.contact import Contact
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification
from gateway.usecases.people import address_hash
from tests import servers
from tests.faults.conftest import SetScene
from tests.rows import notification
from tests.stack import Stack
from tests.waiting import until


def _phone(number: int) -> str:
    return f"+1202557{number:04d}"


def _plan(stack: Stack, calls: int) -> None:
    """So many notifications to as many people: most are due now, the others soon."""
    now = datetime.now(UTC)
    organization = stack.account.organization_id
    with base.connection(), base.atomic():
        first = notification(organization, due_at=now, next_attempt_at=now,
                             expires_at=now + timedelta(hours=1))  # fmt: skip
        rows, people = [], []
        for number in range(calls):
            phone, due = _phone(number), now + timedelta(seconds=2 if number >= calls * 0.6 else 0)
            person = dict(first.contact.__data__)
            person |= {"id": f"ct_{number:026d}", "phone": phone, "phone_hash": address_hash(phone)}
            people.append(person)
            row = dict(first.__data__)
            row |= {"id": f"nt_{number:026d}", "subject_id": f"rq_{number:026d}"}
            rows.append(row | {"contact": person["id"], "due_at": due, "next_attempt_at": due})
        for start in range(0, calls, 100):
            Contact.insert_many(people[start : start + 100]).execute()
        Notification.add(rows)
        FeedEntry.delete().where(FeedEntry.object_id == first.id).execute()
        Notification.delete().where(Notification.id == first.id).execute()


def _ended() -> int:
    with base.connection():
        return int(Notification.select().where(Notification.finished_at.is_null(False)).count())


@pytest.mark.row("A4")
@pytest.mark.row("B10")
def test_a_broker_flushed_three_times_under_hundreds_of_calls_loses_and_doubles_none(
    set_scene: SetScene, redis_server: servers.RedisServer, database_url: str
) -> None:
    calls = 400 if database_url.startswith("postgresql") else 200
    scene = set_scene(
        sandbox={"ring_seconds": 0.01, "talk_seconds": 0.01},
        VOICE_PROVIDER="voice_api",
        RETRY_VOICE_SECONDS="0.3,0.3,0.3,0.3,0.3",
        PROVIDER_DEADLINE_SECONDS="10",
        CLAIM_LEASE_SECONDS="5",
        SENDING_LEASE_SECONDS="20",
    )
    scene.stack.sandbox.fault("throttle_429", share=0.2, seed=7)
    _plan(scene.stack, calls)
    scene.crew.start("worker", "clock")
    scene.crew.start("worker")
    flushed = [_flush(redis_server, calls * tenths // 10) for tenths in (1, 4, 7)]
    assert sum(flushed) > 0, "there was something to forget"
    until(lambda: _ended() == calls, "every outcome", seconds=90, pause=0.2)
    _examine(scene.stack, calls)


def _flush(server: servers.RedisServer, at: int) -> int:
    """Forget everything once so many have ended; how many messages that were."""
    until(lambda: _ended() >= at, f"{at} outcomes", seconds=60, pause=0.05)
    client = server.client()
    waiting = int(client.llen("ringback:voice")) + int(client.llen("ringback:events"))
    client.flushall()
    return waiting


def _examine(stack: Stack, calls: int) -> None:
    placed = Counter(line["to"] for line in stack.sandbox.placed())
    with base.connection():
        outcomes = Counter(str(row.state) for row in Notification.select(Notification.state))
        tries = Counter(row.tries for row in Notification.select(Notification.tries))
        told = Counter(
            row.object_id
            for row in FeedEntry.select(FeedEntry.object_id).where(
                FeedEntry.state.in_([N.REACHED, N.NOT_REACHED, N.UNKNOWN, N.EXPIRED])
            )
        )
        ids = CallLog.select(CallLog.external_id).where(CallLog.external_id.is_null(False))
        external = [row.external_id for row in ids]
    assert set(outcomes) <= {"reached", "not_reached"}
    assert set(told.values()) == {1}
    assert len(told) == calls
    assert set(placed.values()) == {1}, "a phone rang twice"
    assert len(placed) == outcomes["reached"] == len(external) == len(set(external))
    assert sum(count for number, count in tries.items() if number > 1) > calls / 10, (
        "some were retried"
    )

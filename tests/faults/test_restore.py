"""The database restored from a backup that was made while calls were leaving: after freeze and thaw
nobody was called twice, nobody was forgotten, and no reader of the feed misses anything."""

import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from gateway.models import base
from gateway.models.call_log import CallLog
from gateway.models.dead_letter import DeadLetter
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification
from tests import servers
from tests.conftest import StartStack
from tests.faults.crew import QUICK
from tests.faults.house import AFTER, LATER, NOBODY, PEOPLE, House, use_up_transactions
from tests.servers import PostgresServer
from tests.waiting import until


@pytest.fixture(params=["sqlite", "postgresql", "fresh cluster"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """On SQLite, on PostgreSQL restored into the same cluster, and into another one whose
    transaction numbers are far lower. After a comma: who places the calls, if not Twilio."""
    where, _, provider = request.param.partition(", ")
    if where == "sqlite":
        file = tmp_path / "ringback.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        yield from _open(request, f"sqlite:///{file}", None, None, provider)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create_database(request.getfixturevalue("postgres_template"))
    if where == "postgresql":
        yield from _open(request, url, server, server, provider)
        return
    use_up_transactions(url, 3000)
    with servers.start_postgres() as fresh:
        yield from _open(request, url, server, fresh, provider)
        base.db.obj.close_all()


def _open(
    request: pytest.FixtureRequest,
    url: str,
    server: PostgresServer | None,
    elsewhere: PostgresServer | None,
    provider: str,
) -> Iterator[House]:
    start_stack: StartStack = request.getfixturevalue("start_stack")
    chosen = {"VOICE_PROVIDER": provider or "twilio", "DATABASE_URL": url}
    stack = start_stack(parts=(), **QUICK, **chosen)
    yield House(stack, url, server, elsewhere, request.getfixturevalue("tmp_path"))
    stack.close()


@pytest.fixture
def database_url() -> str:
    """The house brings its own."""
    return "sqlite:///never-opened.db"


@pytest.mark.row("A4")
def test_a_restore_calls_nobody_twice_and_forgets_nobody(house: House) -> None:
    asked = house.ask()
    house.start()
    until(lambda: len(house.placed()) >= 15, "some calls", 60)
    house.take_backup()
    lost = house.stack.api.call(LATER)
    until(lambda: len(house.placed()) >= 40 and LATER in house.placed(), "more calls", 60)
    cursor = house.end_of_feed()
    house.restore()
    before = house.placed()
    assert set(before.values()) == {1}

    frozen = house.command("freeze", "--reason", "restored")
    assert frozen["begun"] is True
    house.start()
    made = house.stack.api.call(AFTER)["id"]  # bookings are taken while frozen
    until(lambda: _held(made), "the gate to hold it")
    assert house.placed() == before
    assert requests.get(f"{house.stack.web.url}/health/ready", timeout=10).json()["status"] == "ok"

    killed = house.run("thaw", FP="thaw.after_adoption:5:kill")
    assert killed.returncode == -signal.SIGKILL
    assert house.placed() == before
    done = house.command("thaw")
    assert done["frozen"] is False
    assert done["adopted"] >= 5
    for to, id_ in [*asked.items(), (AFTER, made)]:
        expected = "not_reached" if to in NOBODY else "reached"
        assert house.stack.outcome(id_, 40) == expected, to
    calls = house.placed()
    assert calls == Counter([*PEOPLE, LATER, AFTER])
    assert lost["id"] not in {entry["object_id"] for entry in house.stack.api.feed()}
    with base.connection():
        known = {call.external_id for call in CallLog.select(CallLog.external_id)}
    assert known == {
        entry["external_id"] for entry in house.stack.sandbox.placed() if entry["to"] != LATER
    }
    _check_feed(house, cursor, {*asked.values(), made})
    assert house.command("thaw") == {"frozen": False}


@pytest.mark.row("A4")
@pytest.mark.parametrize("house", ["sqlite, voice_api", "postgresql, voice_api"], indirect=True)
def test_where_nobody_can_be_asked_nobody_is_called_twice_and_nobody_forgotten(
    house: House,
) -> None:
    asked = house.ask()
    house.start()
    until(lambda: len(house.placed()) >= 15, "some calls", 60)
    house.take_backup()
    until(lambda: len(house.placed()) >= 35, "more calls", 60)
    house.restore()
    house.command("freeze")
    house.start()
    done = house.command("thaw")
    assert done["unknown"] >= 5
    with base.connection():
        buried = {letter.object_id for letter in DeadLetter.select()}
    left = {to: id_ for to, id_ in asked.items() if id_ not in buried}
    until(lambda: set(left) <= set(house.placed()), "everybody of whom it is known", 60)
    assert set(house.placed().values()) == {1}
    for id_ in buried:
        assert house.stack.outcome(id_) == "unknown"


def _check_feed(house: House, cursor: str, mine: set[str]) -> None:
    """A reader that comes back with its cursor from before the restore sees all that followed it,
    and nothing else."""
    seen: list[str] = []

    def caught_up() -> bool:
        nonlocal cursor
        page = house.stack.api.take("GET", "/events", params={"limit": 200, "after": cursor})
        seen.extend(entry["id"] for entry in page["data"])
        cursor = page["next_cursor"] or cursor
        return not page["data"] and seen == _entries(house)

    # Later words about a call that is over may still come.
    until(caught_up, "every entry, in its order", 30)
    assert len(seen) == len(set(seen)) > len(mine)


def _entries(house: House) -> list[str]:
    with base.connection():
        since = FeedEntry.select(FeedEntry.id).where(FeedEntry.id > house.restored_with)
        return [str(entry.id) for entry in since.order_by(FeedEntry.tx, FeedEntry.id)]


def _held(notification_id: str) -> bool:
    with base.connection():
        return Notification.get_by_id(notification_id).held_by == "all"

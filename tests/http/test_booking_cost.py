"""What a booking costs the database."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gateway.models.base import dialect
from tests.http.stage import Api, booking

# The key's look-up, what is there, the person, the booking, all the rest. SQLite, which is no
# journey away, writes the rest table by table: notifications, feed, job.
MOST = {"postgresql": 5, "sqlite": 7}
VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
STAFF = {"id": "st-1", "name": "Eve", "phone": "+4915112345670"}


class _Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.statements: list[str] = []
        self.mine = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.mine and isinstance(record.msg, tuple):
            self.statements.append(str(record.msg[0]))


@contextmanager
def heard() -> Iterator[list[str]]:
    """The statements of this thread."""
    logger, handler = logging.getLogger("peewee"), _Heard()
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield handler.statements
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)


def reminders(many: int) -> list[dict[str, Any]]:
    """So many rules, each with one reminder."""
    return [{"kind": "before", "minutes": 10 * (one + 1), "say": "Hi"} for one in range(many)]


def cost(api: Api, name: str, many: int, **more: Any) -> int:
    """How many statements a booking takes, the request's own among them."""
    wanted = booking(external_id=name, reminders=reminders(many), **more)
    with heard() as statements:
        answer = api.post("/api/v1/bookings", wanted)
    assert answer.status_code == 201, answer.text
    assert len(answer.get_json()["reminders"]) == many
    return len([one for one in statements if one.startswith(VERBS)])


def person(name: str) -> dict[str, Any]:
    """A contact with an external id."""
    return {"external_id": name, "name": "Ada", "phone": "+4915112345678"}


def test_a_booking_takes_as_few_statements_however_many_reminders_it_has(api: Api) -> None:
    cost(api, "first", 1)
    for many in (1, 5, 50):
        assert cost(api, f"of-{many}", many, contact=person(f"c-{many}")) == MOST[dialect()]


def test_one_for_somebody_known_takes_no_more(api: Api) -> None:
    cost(api, "first", 1, contact=person("c-1"))
    assert cost(api, "second", 5, contact=person("c-1")) == MOST[dialect()]


def test_one_with_a_staff_member_takes_one_more(api: Api) -> None:
    cost(api, "first", 1, contact=person("c-1"), staff=STAFF)
    found = cost(api, "second", 5, contact=person("c-2"), staff=STAFF)
    assert found == MOST[dialect()] + 1


def test_what_is_answered_is_what_is_kept(api: Api) -> None:
    wanted = booking(external_id="x", reminders=reminders(3), staff=STAFF)
    made = api.post("/api/v1/bookings", wanted).get_json()
    shown = api.get(f"/api/v1/bookings/{made['id']}").get_json()
    for one in shown["reminders"]:
        del one["attempts"]
    assert made == shown

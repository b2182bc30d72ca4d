"""What one attempt costs the database."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask


class _Counter(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.statements: list[str] = []
        self.mine = threading.get_ident()  # not those of the web server beside

    def emit(self, record: logging.LogRecord) -> None:
        sql = str(record.msg[0] if isinstance(record.msg, tuple) else record.msg)
        verb = sql.split(None, 1)[0]
        if record.thread == self.mine and verb in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
            self.statements.append(sql)


@contextmanager
def _counted() -> Iterator[list[str]]:
    logger, counter = logging.getLogger("peewee"), _Counter()
    before = logger.level
    logger.addHandler(counter)
    logger.setLevel(logging.DEBUG)
    try:
        yield counter.statements
    finally:
        logger.setLevel(before)
        logger.removeHandler(counter)


def test_an_attempt_that_is_taken_asks_the_database_so_often(desk: Desk) -> None:
    desk.deliver(ask(desk).id, 1, desk.now)
    row = ask(desk, "+12025550102")
    with _counted() as statements:
        desk.deliver(row.id, row.claim, desk.now)
    assert desk.row(row.id).state == "sending"
    assert len(statements) == 14, "\n".join(statements)

"""What is sent to the database, as Peewee's own log tells."""

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

_VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


class Statement(NamedTuple):
    """Its text, and its parameters."""

    sql: str
    values: Any


class _Heard(logging.Handler):
    def __init__(self, thread: int | None) -> None:
        super().__init__()
        self.statements: list[Statement] = []
        self.thread = thread

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.msg, tuple) and self.thread in (None, record.thread):
            sql, values = record.msg
            self.statements.append(Statement(str(sql), values))


@contextmanager
def heard(*, everywhere: bool = False) -> Iterator[list[Statement]]:
    """The statements that this thread sends meanwhile, or all threads; the beginning and the commit
    of a transaction are none."""
    handler = _Heard(None if everywhere else threading.get_ident())
    logger = logging.getLogger("peewee")
    level, propagates = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield handler.statements
    finally:
        logger.setLevel(level)
        logger.propagate = propagates
        logger.removeHandler(handler)


def queries(statements: Iterable[Statement]) -> list[Statement]:
    """Those that read or write rows: no savepoints, no settings."""
    return [one for one in statements if one.sql.startswith(_VERBS)]

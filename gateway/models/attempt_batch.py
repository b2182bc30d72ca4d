"""Attempts written by the dozen."""

from collections.abc import Sequence
from datetime import datetime

from gateway.models.attempt import Attempt
from gateway.models.base import db
from gateway.models.many import inserting


def write_each(attempts: Sequence[Attempt], now: datetime) -> set[str]:
    """Write attempts of one table before their providers are asked, in one statement: the ids of
    those that were written, the first of each line. The others have a line on which another attempt
    is open; lines are taken in one order, so that no two writers wait for each other."""
    if not attempts:
        return set()
    rows = sorted(attempts, key=lambda row: row.open_key or "")
    made = inserting(type(rows[0]), [row.__data__ for row in rows])
    # SQLite takes ON for a join's without a condition before it.
    text = f"{made.text} WHERE true ON CONFLICT DO NOTHING RETURNING id"
    written = {id_ for (id_,) in db.execute_sql(text, made.values).fetchall()}
    for row in attempts:
        if row.id in written:
            row.tell(now)
    return written

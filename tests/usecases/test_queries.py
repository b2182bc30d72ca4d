"""What one attempt costs the database."""

from tests.statements import heard, queries
from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask


def test_an_attempt_that_is_taken_asks_the_database_so_often(desk: Desk) -> None:
    desk.deliver(ask(desk).id, 1, desk.now)
    row = ask(desk, "+12025550102")
    with heard() as sent:
        desk.deliver(row.id, row.claim, desk.now)
    assert desk.row(row.id).state == "sending"
    asked = [one.sql for one in queries(sent)]
    assert len(asked) == 14, "\n".join(asked)

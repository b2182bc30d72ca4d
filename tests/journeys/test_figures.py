"""After a seeded month, preferences and figures of days computed from nothing are the very rows
that were kept along the way."""

import pytest

from gateway.models import base
from gateway.models.snapshot import Snapshot
from tests.conftest import StartStack
from tests.journeys.figured import Figured, from_scratch, rows
from tests.usecases.desk import Desk
from tests.usecases.reports import Reports

BOOKINGS = 12
SEEN = (
    ("bookings", "canceled"), ("bookings", "kept"), ("bookings", "missed"),
    ("reach", "answered"), ("reach", "read"), ("reach", "confirmed"),
)  # fmt: skip


@pytest.mark.row("C4")
@pytest.mark.row("B4")
def test_computed_from_scratch_everything_is_byte_for_byte_what_was_kept(
    start_stack: StartStack,
) -> None:
    stack = start_stack(parts=(), PROVIDER_DEADLINE_SECONDS="15")
    with base.connection():
        month = Figured(Reports(Desk(stack)), 7)
        stack.sandbox.fault("lost_callbacks", share=1.0)
        month.run(BOOKINGS)
        over = month.over()
        kept = rows()
        assert from_scratch(over) == kept
        figures = [row.figures for row in Snapshot.select()]
    assert month.nights > 3  # news about past days came and was counted
    assert len(kept["preference"]) > 2
    assert sum(one["bookings"]["made"] for one in figures) == BOOKINGS
    assert [f"{group}.{name}" for group, name in SEEN
            if not sum(one[group][name] for one in figures)] == []  # fmt: skip

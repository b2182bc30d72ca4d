"""A database as it is after a restore from an older backup: rows that wait, and calls at the
carrier of which it knows nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.domain.provider import CallRequest
from gateway.models.base import new_id
from gateway.models.hold import Hold
from gateway.models.notification import Notification
from gateway.providers import voice_default
from gateway.usecases import catching_up, freezing
from gateway.usecases.catching_up import CaughtUp
from tests import rows
from tests.usecases.desk import Desk

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


class Restored:
    """A desk whose rows were made two hours ago; what happened in the last hour is lost."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.before = desk.now - 2 * HOUR

    def waiting(self, phone: str, due: timedelta = timedelta(), **more: Any) -> Notification:
        """A notification that waits, due so long after now (before, if negative)."""
        desk, due_at = self.desk, self.desk.now + due
        values: dict[str, Any] = {
            "contact": rows.contact(desk.caller.organization_id, phone).id,
            "due_at": due_at,
            "next_attempt_at": due_at,
            "expires_at": due_at + HOUR,
            "created_at": self.before,
            **more,
        }
        return rows.notification(desk.caller.organization_id, **values)

    def lost_call(self, phone: str, attempt_id: str | None = None) -> str:
        """Have the carrier called by an attempt that the database does not know; the call's id."""
        carrier, desk = voice_default(), self.desk
        request = CallRequest(
            attempt_id=attempt_id or new_id("cl"), account=str(carrier.account("test")),
            to=phone, from_=str(carrier.sender("test")), say="See you at noon.", locale="en",
            callback_base_url=desk.stack.settings.public_url, transcribe=False,
        )  # fmt: skip
        placed = carrier.place(request)
        assert placed.external_id is not None
        return placed.external_id

    def freeze(self) -> Hold:
        """Freeze, a moment from now."""
        hold, begun = freezing.freeze("restored", datetime.now(UTC) + SECOND)
        assert begun
        return hold

    def catch_up(self, *, dry: bool = False) -> CaughtUp:
        """Catch up, two seconds from now."""
        hold = freezing.present()
        assert hold is not None
        return catching_up.run(hold, datetime.now(UTC) + 2 * SECOND, dry=dry)

    def thaw(self) -> CaughtUp:
        """Freeze if need be, catch up and let go."""
        hold = freezing.present() or self.freeze()
        done = self.catch_up()
        assert freezing.lift(hold, datetime.now(UTC) + 2 * SECOND)
        return done

    def work(self) -> int:
        """Everything that may leave now leaves; how many there were."""
        return self.desk.work(datetime.now(UTC) + 3 * SECOND)

    def placed(self) -> list[str]:
        """The numbers that were called, in order."""
        return [entry["to"] for entry in self.desk.stack.sandbox.placed()]

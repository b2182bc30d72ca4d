"""Campaigns for tests: sequences, people in them, and a clock and workers that move by hand."""

from collections.abc import Sequence as Items
from datetime import datetime, timedelta
from typing import Any

from gateway.domain import channel_plan
from gateway.models.contact import Contact
from gateway.models.enrolment import Enrolment
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.models.sequence import Sequence
from gateway.usecases import accounts, enrolments, sequences
from gateway.usecases.enrolments import View
from gateway.usecases.sequences import LEAVE_ON, StepWanted
from tests import jobs
from tests.usecases.desk import Desk
from tests.usecases.reports import MAIL, Reports

AT_ANY_HOUR: dict[str, Any] = {"quiet_hours": None, "caps": {}}
PHONE = "+12025550100"


def step(
    after_minutes: int = 60, channel: str = "sms", own: str | None = None, **words: Any
) -> Any:
    """A step as it is asked for, with a text of its own unless it names a template."""
    said = words or {"text": f"After {after_minutes} minutes."}
    return StepWanted(after_minutes, channel_plan.read([channel]), said, own)


class Campaign:
    """A desk from which sequences are run; `at` is the moment at which everything is done."""

    def __init__(self, desk: Desk, policy: dict[str, Any] | None = None) -> None:
        self.desk, self.reports = desk, Reports(desk)
        wanted = AT_ANY_HOUR if policy is None else policy
        Organization.change(desk.caller.organization_id, {"policy": wanted})
        self.caller = accounts.authenticate(desk.stack.account.test_key, desk.now)

    @property
    def at(self) -> datetime:
        """Now."""
        return self.reports.at

    def sequence(self, *steps: StepWanted, leave_on: Items[str] = LEAVE_ON) -> Sequence:
        """Make one: two steps an hour apart, the first at once, if none is given."""
        wanted = list(steps) or [step(0), step(60)]
        return sequences.create(self.caller, "Welcome", wanted, leave_on, self.at)

    def edit(self, sequence: Sequence, *wanted: str | StepWanted) -> Sequence:
        """Give a sequence these steps: present ones by their ids, or further ones."""
        known = {one.id: one for one in sequences.show(self.caller, sequence.id).plan}
        steps = [
            StepWanted(known[one].after_minutes, known[one].channels, {"text": "Again."}, one)
            if isinstance(one, str)
            else one
            for one in wanted
        ]
        return sequences.change(self.caller, sequence.id, {"steps": steps}, None, self.at)

    def enrol(self, sequence: Sequence, phone: str = PHONE, **more: Any) -> str:
        """Enrol somebody; the id of the enrolment."""
        person = {"name": "Ada", "phone": phone, "email": MAIL}
        variables = more.pop("variables", {})
        view, _ = enrolments.enrol(self.caller, sequence.id, {**person, **more}, variables, self.at)
        return str(view.enrolment.id)

    def wait(self, **time: float) -> None:
        """Let time pass, and do all that is due then."""
        self.reports.at += timedelta(**time)
        self.work()

    def work(self) -> None:
        """Do all that is due now, jobs and notifications, until nothing is."""
        while jobs.work_off(self.at) + self.desk.work(self.at):
            pass

    def show(self, enrolment_id: str) -> View:
        """Where somebody stands."""
        return enrolments.show(self.caller, enrolment_id)

    def row(self, enrolment_id: str) -> Enrolment:
        """The same as a row."""
        found: Enrolment = Enrolment.get_by_id(enrolment_id)
        return found

    def stands(self, enrolment_id: str) -> tuple[str, str | None]:
        """Its state and reason."""
        row = self.row(enrolment_id)
        return str(row.state), row.reason

    def told(self, enrolment_id: str) -> list[Notification]:
        """What its steps became, in the order in which they did."""
        rows = Notification.of_subject("enrolment", enrolment_id)
        return sorted(rows, key=lambda row: (row.created_at, row.id))

    def states(self, enrolment_id: str) -> list[str]:
        """Their states."""
        return [str(row.state) for row in self.told(enrolment_id)]

    def sent(self, enrolment_id: str) -> list[MessageLog]:
        """The messages that a carrier took, oldest first."""
        ids = [row.id for row in self.told(enrolment_id)]
        rows = [row for row in MessageLog.of_notifications(ids) if row.external_id is not None]
        return sorted(rows, key=lambda row: (row.created_at, row.id))

    def arrive(self, enrolment_id: str, word: str = "delivered", code: str | None = None) -> None:
        """The carrier reports the last message."""
        self.reports.tell(self.sent(enrolment_id)[-1], word, code)

    def contact(self, enrolment_id: str) -> Contact:
        """Who it is."""
        found: Contact = self.row(enrolment_id).contact
        return found

"""A pause, a stop, an opt-out or a booking at any moment of a send: nothing illicit leaves
afterwards, nothing twice, and nothing is lost that was only paused."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from gateway import failpoints
from gateway.models import base
from gateway.models.notification import Notification
from gateway.usecases import bookings, consents, courses, enrolments, sequences
from tests.databases import ON_POSTGRESQL
from tests.together import together
from tests.usecases.campaigns import PHONE, Campaign, step

pytestmark = pytest.mark.row("C2")
Act = Callable[[Campaign, str], object]
# Where a worker stands when it happens, and whether the message may still leave: from the last
# look on it may.
POINTS = {
    "worker.before_claim_commit": 0,
    "worker.after_claim_commit": 0,
    "worker.before_connect": 1,
    "worker.after_response": 1,
    "worker.before_result_commit": 1,
    "worker.after_result_commit": 1,
}


def opt_out(campaign: Campaign, one: str) -> None:
    consents.state(
        campaign.caller, campaign.contact(one).id, "sms", "all", granted=False, source="desk",
        now=campaign.at,
    )  # fmt: skip


def book(campaign: Campaign, _: str) -> None:
    at = campaign.at + timedelta(days=3)
    wanted = campaign.desk.wanted(at, contact={"name": "Ada", "phone": PHONE}, reminders=[])
    bookings.book(campaign.caller, wanted, campaign.at)


def of_sequence(act: Callable[..., object], **how: bool) -> Act:
    def do(campaign: Campaign, one: str) -> None:
        act(campaign.caller, campaign.row(one).sequence_id, campaign.at, **how)

    return do


ENDS: dict[str, tuple[Act, str]] = {
    "stop": (lambda campaign, one: enrolments.stop(campaign.caller, one, campaign.at), "stopped"),
    "opt-out": (opt_out, "opted_out"),
    "booking": (book, "booked"),
    "stop of all": (of_sequence(sequences.stop), "stopped"),
    "archive": (of_sequence(sequences.stop, archive=True), "stopped"),
}
PAUSES: dict[str, tuple[Act, Act]] = {
    "paused": (
        lambda campaign, one: enrolments.pause(campaign.caller, one, campaign.at),
        lambda campaign, one: enrolments.resume(campaign.caller, one, campaign.at),
    ),
    "sequence paused": (of_sequence(sequences.pause), of_sequence(sequences.resume)),
}


def at(point: str, campaign: Campaign, act: Act, one: str) -> int:
    """Send what is due, have the act done where the worker stands at the point; how many messages
    the carrier got."""
    before = len(campaign.desk.stack.sandbox.placed(PHONE))
    done = threading.Event()

    def elsewhere() -> None:
        with base.connection():
            act(campaign, one)
        done.set()

    def reached(name: str) -> None:
        if name == point and not done.is_set():
            threading.Thread(target=elsewhere, daemon=True).start()
            assert done.wait(15), f"it waits for the worker at {point}"

    failpoints.observe(reached)
    try:
        campaign.desk.work(campaign.at)
    finally:
        failpoints.observe(None)
    assert done.is_set(), f"the worker passes {point}"
    return len(campaign.desk.stack.sandbox.placed(PHONE)) - before


@pytest.mark.parametrize("why", ENDS)
def test_whatever_ends_a_course_at_any_point_of_a_send_nothing_leaves_after_it(
    campaign: Campaign, why: str
) -> None:
    (act, reason), found = ENDS[why], {}
    for point in POINTS:
        campaign.reports.at += timedelta(minutes=1)
        one = campaign.enrol(campaign.sequence(step(0), step(5), leave_on=["booked", "opted_out"]))
        found[point] = at(point, campaign, act, one)
        left = len(campaign.desk.stack.sandbox.placed(PHONE))
        campaign.wait(hours=1)
        assert len(campaign.desk.stack.sandbox.placed(PHONE)) == left, point
        assert campaign.stands(one) == ("excluded", reason)
        if not POINTS[point]:
            assert campaign.states(one) == ["canceled"], point
        if reason == "opted_out":
            contact = campaign.contact(one)
            consents.state(
                campaign.caller, contact.id, "sms", "all", granted=True, source="desk",
                now=campaign.at,
            )  # fmt: skip
    assert found == POINTS


@pytest.mark.parametrize("what", PAUSES)
def test_a_pause_at_any_point_of_a_send_holds_it_or_lets_it_leave_and_it_leaves_once(
    campaign: Campaign, what: str
) -> None:
    pause, resume = PAUSES[what]
    found = {}
    for point in POINTS:
        one = campaign.enrol(campaign.sequence(step(0)), external_id=point)
        found[point] = at(point, campaign, pause, one)
        campaign.wait(minutes=5)
        campaign.wait(days=2)
        assert len(campaign.sent(one)) == POINTS[point]
        resume(campaign, one)
        for _ in range(3):
            campaign.wait(minutes=1)
        assert len(campaign.sent(one)) == 1, point
    assert found == POINTS


@ON_POSTGRESQL
def test_everything_at_once_about_one_person_waits_in_no_circle(campaign: Campaign) -> None:
    acts: list[Act] = [
        lambda campaign, one: enrolments.stop(campaign.caller, one, campaign.at),
        opt_out,
        book,
        lambda campaign, one: courses.go_on(one, campaign.at + timedelta(minutes=9)),
        lambda campaign, one: campaign.reports.writes("STOP"),
        of_sequence(sequences.stop),
        lambda campaign, _: campaign.desk.work(campaign.at),
    ]
    for turn in range(4):
        campaign.reports.at += timedelta(hours=1)
        campaign.reports.writes("START")
        one = campaign.enrol(campaign.sequence(step(0), step(5)), external_id=f"c-{turn}")
        other = campaign.enrol(campaign.sequence(step(0), step(5)), external_id=f"c-{turn}")
        opt_in = campaign.contact(one).id
        assert opt_in == campaign.contact(other).id
        order = acts[turn:] + acts[:turn]
        each = [partial(act, campaign, one) for act in order]
        together(len(each), lambda number: each[number]())  # noqa: B023
        assert campaign.stands(one)[0] == campaign.stands(other)[0] == "excluded"
        campaign.work()
        open_ = Notification.select().where(
            Notification.subject_id.in_([one, other]),
            Notification.state.in_(["scheduled", "due"]),
        )
        assert not open_.count()
        consents.state(
            campaign.caller, opt_in, "sms", "all", granted=True, source="desk", now=campaign.at
        )

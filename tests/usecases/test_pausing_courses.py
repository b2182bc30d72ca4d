"""Courses that are paused, resumed and stopped, one by one, by segment and whole."""

from datetime import timedelta

import pytest

from gateway.domain.errors import Conflict
from gateway.domain.lifecycle import EnrolmentState as E
from gateway.models.enrolment_segments import Segment
from gateway.models.notification import Notification
from gateway.models.sequence import Sequence
from gateway.usecases import enrolments, sequences
from tests.databases import ON_SQLITE
from tests.usecases.campaigns import Campaign, step

pytestmark = pytest.mark.row("C2")
MINUTE = timedelta(minutes=1)


def people(campaign: Campaign, sequence: Sequence, how_many: int) -> list[str]:
    return [
        campaign.enrol(sequence, phone=f"+120255501{n:02d}", external_id=f"c-{n}")
        for n in range(how_many)
    ]


def test_what_falls_due_in_a_pause_comes_when_it_is_resumed_and_not_all_at_once(
    campaign: Campaign,
) -> None:
    one = campaign.enrol(campaign.sequence(step(0), step(60), step(60)))
    campaign.work()
    enrolments.pause(campaign.caller, one, campaign.at)
    assert campaign.show(one).enrolment.state == "paused"
    campaign.wait(days=3)
    assert len(campaign.told(one)) == 1
    enrolments.resume(campaign.caller, one, campaign.at)
    campaign.work()
    assert (len(campaign.sent(one)), campaign.stands(one)) == (2, ("active", None))
    campaign.wait(minutes=59)
    assert len(campaign.sent(one)) == 2
    campaign.wait(minutes=1)
    assert len(campaign.sent(one)) == 3


def test_a_short_pause_leaves_the_moment_of_the_next_step_as_it_was(campaign: Campaign) -> None:
    one = campaign.enrol(campaign.sequence(step(0), step(60)))
    campaign.work()
    campaign.wait(minutes=10)
    enrolments.pause(campaign.caller, one, campaign.at)
    campaign.wait(minutes=10)
    enrolments.resume(campaign.caller, one, campaign.at)
    campaign.wait(minutes=39)
    assert len(campaign.sent(one)) == 1
    campaign.wait(minutes=1)
    first, second = campaign.sent(one)
    assert second.created_at - first.created_at == 60 * MINUTE


def test_a_step_that_did_not_leave_yet_is_held_and_leaves_once_when_it_is_resumed(
    campaign: Campaign,
) -> None:
    one = campaign.enrol(campaign.sequence(step(0), step(60)))
    claimed = campaign.desk.claim(campaign.at)
    enrolments.pause(campaign.caller, one, campaign.at)
    for notification_id, claim in claimed:  # handed to a worker before the pause
        campaign.desk.deliver(notification_id, claim, campaign.at)
    campaign.wait(days=40)  # long past the time in which it would have been of use
    assert (campaign.states(one), campaign.sent(one)) == (["scheduled"], [])
    enrolments.resume(campaign.caller, one, campaign.at)
    campaign.work()
    assert (campaign.states(one), len(campaign.sent(one))) == (["sending"], 1)


def test_a_step_that_is_to_be_tried_again_is_held_at_the_gate(campaign: Campaign) -> None:
    campaign.desk.stack.sandbox.fault("throttle_429", next=1)
    one = campaign.enrol(campaign.sequence(step(0)))
    ((notification_id, claim),) = campaign.desk.claim(campaign.at)
    Notification.update(lease_until=campaign.at + MINUTE).execute()
    campaign.desk.deliver(notification_id, claim, campaign.at)
    enrolments.pause(campaign.caller, one, campaign.at)
    # Whatever put it back in line: the gate asks.
    Notification.update(held_by=None, next_attempt_at=campaign.at).execute()
    campaign.wait(minutes=5)
    (row,) = campaign.told(one)
    assert (row.state, row.held_by, row.tries) == ("scheduled", "enrolment", 1)
    enrolments.resume(campaign.caller, one, campaign.at)
    campaign.wait(minutes=1)
    assert len([message for message in campaign.sent(one) if message.external_id]) == 1


def test_a_stopped_course_sends_nothing_more_and_stays_stopped(campaign: Campaign) -> None:
    one = campaign.enrol(campaign.sequence())
    claimed = campaign.desk.claim(campaign.at)
    view, left = enrolments.stop(campaign.caller, one, campaign.at)
    assert (view.enrolment.state, left.settled) == ("excluded", True)
    for notification_id, claim in claimed:
        campaign.desk.deliver(notification_id, claim, campaign.at)
    campaign.wait(days=2)
    assert (campaign.states(one), campaign.sent(one)) == (["canceled"], [])
    assert campaign.stands(one) == ("excluded", "stopped")
    again, _ = enrolments.stop(campaign.caller, one, campaign.at)
    assert again.enrolment.ended_at == view.enrolment.ended_at
    for act in (enrolments.pause, enrolments.resume):
        with pytest.raises(Conflict):
            act(campaign.caller, one, campaign.at)


def test_pausing_and_resuming_twice_are_the_same_as_once(campaign: Campaign) -> None:
    one = campaign.enrol(campaign.sequence(step(0), step(60)))
    campaign.work()
    for _ in range(2):
        enrolments.pause(campaign.caller, one, campaign.at)
    for _ in range(2):
        enrolments.resume(campaign.caller, one, campaign.at)
    campaign.wait(hours=1)
    assert len(campaign.sent(one)) == 2


@ON_SQLITE
def test_a_segment_is_paused_resumed_and_stopped(campaign: Campaign) -> None:
    sequence = campaign.sequence(step(60))
    a, b, c, d = people(campaign, sequence, 4)
    named = Segment(
        contacts=[campaign.contact(a).id, campaign.contact(b).id], external_ids=["c-1", "c-2"]
    )

    def act(what: str, chosen: Segment) -> tuple[int, int]:
        done = enrolments.act_on(campaign.caller, sequence.id, what, chosen, campaign.at)
        return done.changed, done.remaining

    assert act("pause", named) == (1, 0)
    assert [campaign.stands(one)[0] for one in (a, b, c, d)] == [
        "scheduled", "paused", "scheduled", "scheduled",
    ]  # fmt: skip
    assert act("stop", Segment(states=[E.PAUSED])) == (1, 0)
    assert act("resume", Segment(states=[E.PAUSED])) == (0, 0)
    assert act("pause", Segment(external_ids=["c-0", "c-3", "c-9"])) == (2, 0)
    campaign.wait(hours=1)
    assert [len(campaign.sent(one)) for one in (a, b, c, d)] == [0, 0, 1, 0]
    assert act("resume", Segment(external_ids=["c-0"])) == (1, 0)
    campaign.work()
    assert [len(campaign.sent(one)) for one in (a, b, c, d)] == [1, 0, 1, 0]


def test_a_paused_sequence_lets_nothing_leave_and_resumed_goes_on_in_order(
    campaign: Campaign,
) -> None:
    sequence = campaign.sequence(step(0), step(60))
    first, second = people(campaign, sequence, 2)
    campaign.work()
    enrolments.pause(campaign.caller, second, campaign.at)
    late = campaign.enrol(sequence, phone="+12025550190")
    sequences.pause(campaign.caller, sequence.id, campaign.at)
    later = campaign.enrol(sequence, phone="+12025550191")
    campaign.wait(days=2)
    everybody = (first, second, late, later)
    assert [len(campaign.sent(one)) for one in everybody] == [1, 1, 0, 0]
    sequences.resume(campaign.caller, sequence.id, campaign.at)
    campaign.work()
    assert [len(campaign.sent(one)) for one in everybody] == [2, 1, 1, 1]
    assert campaign.stands(second) == ("paused", None), "it was paused by itself"
    enrolments.resume(campaign.caller, second, campaign.at)
    campaign.wait(hours=1)
    assert [len(campaign.sent(one)) for one in everybody] == [2, 2, 2, 2]


def test_a_stopped_sequence_ends_for_all_who_are_in_it_and_takes_others(
    campaign: Campaign,
) -> None:
    sequence = campaign.sequence(step(60))
    before = people(campaign, sequence, 3)
    campaign.reports.at += MINUTE
    sequences.stop(campaign.caller, sequence.id, campaign.at)
    campaign.reports.at += MINUTE
    again = campaign.enrol(sequence, phone="+12025550100", external_id="c-0")
    assert again not in before
    campaign.wait(hours=2)
    assert [campaign.stands(one) for one in before] == [("excluded", "stopped")] * 3
    assert len(campaign.sent(again)) == 1


def test_an_archived_sequence_lets_nothing_leave_from_that_moment(campaign: Campaign) -> None:
    sequence = campaign.sequence()
    one = campaign.enrol(sequence)
    claimed = campaign.desk.claim(campaign.at)
    sequences.stop(campaign.caller, sequence.id, campaign.at, archive=True)
    for notification_id, claim in claimed:  # before anybody got to the enrolment itself
        campaign.desk.deliver(notification_id, claim, campaign.at)
    assert [(row.state, row.reason) for row in campaign.told(one)] == [("canceled", "stopped")]
    campaign.wait(hours=2)
    assert (campaign.stands(one), campaign.sent(one)) == (("excluded", "stopped"), [])


@ON_SQLITE
def test_a_change_reaches_everybody_however_many_they_are(campaign: Campaign) -> None:
    sequence = campaign.sequence(step(60))
    everybody = [
        campaign.enrol(sequence, phone=f"+1202556{n:04d}") for n in range(sequences.BATCH + 5)
    ]
    sequences.stop(campaign.caller, sequence.id, campaign.at)
    campaign.work()
    assert {campaign.stands(one) for one in everybody} == {("excluded", "stopped")}

"""Sequences that are changed while people are in them: nobody gets a step twice."""

from datetime import timedelta

import pytest

from gateway.domain.errors import Conflict, Invalid
from gateway.usecases import sequences
from tests.databases import ON_SQLITE
from tests.usecases.campaigns import Campaign, step
from tests.usecases.desk import Desk

pytestmark = pytest.mark.row("C2")
MINUTE = timedelta(minutes=1)


def test_a_change_sends_no_step_again_and_those_that_are_new_in_their_turn(
    campaign: Campaign,
) -> None:
    sequence = campaign.sequence(step(0), step(60), step(60))
    a, b, c = [one.id for one in sequence.plan]
    one = campaign.enrol(sequence)
    campaign.work()
    changed = campaign.edit(sequence, step(0, text="Before."), a, step(30, text="New."), c, b)
    assert changed.version == 2
    before, _, new, *_ = [one.id for one in changed.plan]
    for _ in range(6):
        campaign.wait(minutes=60)
    assert campaign.row(one).done == [a, new, c, b]
    assert [str(shown.progress) for shown in campaign.show(one).steps] == [
        "skipped", "done", "done", "done", "done",
    ]  # fmt: skip
    assert before not in [row.rule for row in campaign.told(one)]
    assert len(campaign.sent(one)) == 4


def test_shorter_minutes_bring_the_next_step_forward_and_longer_ones_put_it_off(
    campaign: Campaign,
) -> None:
    sequence = campaign.sequence(step(0), step(600))
    one = campaign.enrol(sequence)
    campaign.work()
    first, second = sequence.plan
    begun = campaign.at

    def change(minutes: int) -> None:
        wanted = [step(0, own=first.id), step(minutes, own=second.id)]
        sequences.change(campaign.caller, sequence.id, {"steps": wanted}, None, campaign.at)
        campaign.work()

    change(2000)
    campaign.wait(minutes=700)
    assert len(campaign.sent(one)) == 1
    change(720)
    campaign.wait(minutes=19)
    assert len(campaign.sent(one)) == 1
    campaign.wait(minutes=1)
    assert [message.created_at - begun for message in campaign.sent(one)] == [
        timedelta(0), 720 * MINUTE,
    ]  # fmt: skip


def test_a_step_that_is_taken_out_does_not_leave_though_it_was_begun(patient_desk: Desk) -> None:
    hour = patient_desk.now.hour
    quiet = {"from": f"{hour:02d}:00", "to": f"{(hour + 2) % 24:02d}:00"}
    campaign = Campaign(patient_desk, {"quiet_hours": quiet, "caps": {}})
    sequence = campaign.sequence(step(0), step(60))
    one = campaign.enrol(sequence, time_zone="UTC")
    campaign.work()
    assert campaign.states(one) == ["scheduled"]
    campaign.edit(sequence, sequence.plan[1].id)
    for _ in range(5):
        campaign.wait(minutes=60)
    assert campaign.states(one) == ["canceled", "sending"]
    assert campaign.told(one)[0].reason == "superseded"


def test_steps_that_are_put_behind_come_to_those_who_wait_for_the_end_and_not_to_those_who_left(
    campaign: Campaign,
) -> None:
    sequence = campaign.sequence(step(0))
    over, there = campaign.enrol(sequence), campaign.enrol(sequence, "+12025550103")
    campaign.work()
    campaign.arrive(over)
    campaign.wait(minutes=2)
    assert (campaign.stands(over)[0], campaign.stands(there)[0]) == ("finished", "active")
    campaign.edit(sequence, sequence.plan[0].id, step(10))
    campaign.wait(minutes=10)
    assert [len(campaign.sent(one)) for one in (over, there)] == [1, 2]


@ON_SQLITE
def test_a_stale_version_an_archived_sequence_and_a_strangers_step_are_refused(
    campaign: Campaign,
) -> None:
    sequence, other = campaign.sequence(), campaign.sequence()
    campaign.edit(sequence, step(1))
    with pytest.raises(Conflict) as refusal:
        sequences.change(campaign.caller, sequence.id, {"name": "X"}, 1, campaign.at)
    assert refusal.value.field == "version"
    wanted = {"steps": [step(1, own=other.plan[0].id)]}
    with pytest.raises(Invalid) as wrong:
        sequences.change(campaign.caller, sequence.id, wanted, None, campaign.at)
    assert wrong.value.field == "steps.0.id"
    sequences.stop(campaign.caller, sequence.id, campaign.at, archive=True)
    with pytest.raises(Conflict):
        sequences.change(campaign.caller, sequence.id, {"name": "X"}, None, campaign.at)


@ON_SQLITE
def test_a_change_that_says_the_same_makes_no_version(campaign: Campaign) -> None:
    sequence = campaign.sequence()
    same = {"name": "Welcome", "leave_on": ["replied", "opted_out", "booked"]}
    row = sequences.change(campaign.caller, sequence.id, same, None, campaign.at)
    assert row.version == 1

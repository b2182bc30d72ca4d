"""The course of an enrolment: its steps one after the other, none early, none twice, to its end."""

from datetime import timedelta

import pytest

from gateway.domain.errors import Conflict, Invalid, NotFound
from gateway.models.enrolment import Enrolment
from gateway.models.job import Job
from gateway.usecases import courses, enrolments, sequences, templates
from gateway.usecases.templates import Wanted
from tests import jobs
from tests.databases import ON_SQLITE
from tests.together import together
from tests.usecases.campaigns import PHONE, Campaign, step
from tests.usecases.desk import Desk

pytestmark = pytest.mark.row("C2")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_steps_leave_one_after_the_other_each_its_minutes_after_the_one_before(
    campaign: Campaign,
) -> None:
    begun = campaign.at
    one = campaign.enrol(campaign.sequence(step(10), step(60), step(1440)))
    assert campaign.stands(one) == ("scheduled", None)
    campaign.wait(minutes=9, seconds=59)
    assert campaign.told(one) == []
    campaign.wait(seconds=1)
    assert campaign.stands(one) == ("active", None)
    assert [row.purpose for row in campaign.told(one)] == ["nurture"]
    campaign.wait(minutes=59, seconds=59)
    assert len(campaign.sent(one)) == 1
    campaign.wait(seconds=1)
    campaign.wait(hours=24)
    moments = [message.created_at - begun for message in campaign.sent(one)]
    assert moments == [10 * MINUTE, 70 * MINUTE, 70 * MINUTE + 24 * HOUR]
    assert [row.rule for row in campaign.told(one)] == campaign.row(one).done
    ledger = [placed["text"] for placed in campaign.desk.stack.sandbox.placed(PHONE)]
    assert ledger == ["After 10 minutes.", "After 60 minutes.", "After 1440 minutes."]


def test_a_course_is_finished_when_its_last_step_has_come_to_its_end(campaign: Campaign) -> None:
    one = campaign.enrol(campaign.sequence(step(0)))
    campaign.work()
    campaign.wait(minutes=5)
    assert campaign.stands(one) == ("active", None)
    campaign.arrive(one)
    campaign.wait(minutes=5)
    assert (campaign.stands(one), campaign.states(one)) == (("finished", None), ["reached"])
    assert campaign.row(one).next_at is None
    assert jobs.job(courses.JOB, one).state == "done"


def test_a_course_of_which_nothing_reached_anybody_is_exhausted(campaign: Campaign) -> None:
    one = campaign.enrol(campaign.sequence(step(0), step(5)))
    for _ in range(2):
        campaign.wait(minutes=5)
        campaign.arrive(one, "undelivered", "30006")
    campaign.wait(minutes=5)
    assert campaign.states(one) == ["not_reached", "not_reached"]
    assert campaign.stands(one) == ("exhausted", None)


def test_one_step_that_reached_the_person_is_enough_to_finish(campaign: Campaign) -> None:
    one = campaign.enrol(campaign.sequence(step(0), step(5)))
    campaign.work()
    campaign.arrive(one)
    campaign.wait(minutes=5)
    campaign.arrive(one, "undelivered", "30006")
    campaign.wait(minutes=5)
    assert campaign.stands(one) == ("finished", None)


def test_minutes_count_from_when_the_step_before_left_not_from_when_it_was_to(
    patient_desk: Desk,
) -> None:
    hour = patient_desk.now.hour
    quiet = {"from": f"{hour:02d}:00", "to": f"{(hour + 2) % 24:02d}:00"}
    campaign = Campaign(patient_desk, {"quiet_hours": quiet, "caps": {}})
    one = campaign.enrol(campaign.sequence(step(0), step(30)), time_zone="UTC")
    campaign.work()
    for _ in range(7):
        campaign.wait(minutes=30)
    first, second = campaign.sent(one)
    assert first.created_at.hour == (hour + 2) % 24, "at the end of the quiet hours"
    assert second.created_at - first.created_at >= 30 * MINUTE


def test_a_step_that_is_tried_again_leaves_once_and_the_next_one_waits_for_it(
    campaign: Campaign,
) -> None:
    campaign.desk.stack.sandbox.fault("throttle_429", next=2)
    one = campaign.enrol(campaign.sequence(step(0), step(1)))
    campaign.work()
    for _ in range(60):
        campaign.wait(seconds=10)
    assert len(campaign.told(one)) == 2
    taken = [message for message in campaign.sent(one) if message.external_id]
    assert [message.notification_id for message in taken] == [row.id for row in campaign.told(one)]
    assert taken[1].created_at - taken[0].created_at >= MINUTE


def test_the_same_contact_is_in_a_sequence_once_at_a_time(campaign: Campaign) -> None:
    sequence = campaign.sequence()
    one = campaign.enrol(sequence)
    assert campaign.enrol(sequence) == one
    assert campaign.enrol(sequence, name="Eve") != one
    enrolments.stop(campaign.caller, one, campaign.at)
    again = campaign.enrol(sequence)
    assert again != one
    campaign.work()
    assert (campaign.states(one), campaign.states(again)) == (["canceled"], ["sending"])


def test_enrolling_the_same_contact_from_everywhere_at_once_enrols_it_once(
    campaign: Campaign,
) -> None:
    sequence = campaign.sequence()
    person = {"external_id": "c-1", "phone": PHONE}

    def enrol(_: int) -> tuple[str, bool]:
        view, made = enrolments.enrol(campaign.caller, sequence.id, person, {}, campaign.at)
        return str(view.enrolment.id), made

    found = together(6, enrol)
    assert len({id_ for id_, _ in found}) == 1
    assert [made for _, made in found].count(True) == 1
    campaign.work()
    assert len(campaign.sent(found[0][0])) == 1


def test_workers_at_the_same_moment_begin_a_step_once(campaign: Campaign) -> None:
    one = campaign.enrol(campaign.sequence(step(10), step(0), step(0)))
    later = campaign.at + 11 * MINUTE
    together(4, lambda _: courses.go_on(one, later))
    assert len(campaign.told(one)) == 1


def test_a_step_that_was_begun_is_not_lost_when_what_follows_was_not_planned(
    campaign: Campaign,
) -> None:
    one = campaign.enrol(campaign.sequence(step(0), step(5)))
    campaign.work()
    for _ in range(3):
        courses.go_on(one, campaign.at)  # late, early, twice
    assert len(campaign.told(one)) == 1
    Job.update(state="done", next_attempt_at=None).where(Job.key == one).execute()
    campaign.wait(minutes=6)
    courses.go_on(one, campaign.at)
    assert len(campaign.told(one)) == 2


@ON_SQLITE
def test_words_are_made_for_the_person(campaign: Campaign) -> None:
    save = Wanted(name="welcome", locale="en", body="Dear {name}, code {x_code} at {organization}.")
    templates.save(campaign.caller, save, campaign.at)
    sequence = campaign.sequence(step(0, template="welcome", variables={"x_code": "A"}))
    one = campaign.enrol(sequence, variables={"x_code": "B-7"})
    campaign.work()
    (message,) = campaign.sent(one)
    assert message.text == f"Dear Ada, code B-7 at {campaign.caller.organization.name}."
    assert (message.template, message.template_version) == ("welcome", 1)


@ON_SQLITE
def test_what_could_not_be_said_or_sent_is_refused_when_somebody_is_enrolled(
    campaign: Campaign,
) -> None:
    templates.save(
        campaign.caller, Wanted(name="gift", locale="en", body="{x_gift} on {date}"), campaign.at
    )
    sequence = campaign.sequence(step(0, template="gift"))
    for variables, missing in (({}, "x_gift"), ({"x_gift": "mug"}, "date")):
        with pytest.raises(Invalid) as refusal:
            campaign.enrol(sequence, variables=variables)
        assert refusal.value.field == "variables"
        assert missing in refusal.value.detail
    assert campaign.enrol(sequence, variables={"x_gift": "mug", "date": "Monday"})
    by_mail = campaign.sequence(step(0, "email"))
    with pytest.raises(Invalid) as refusal:
        campaign.enrol(by_mail, email=None)
    assert refusal.value.field == "contact.email"
    assert Enrolment.select().count() == 1


@ON_SQLITE
def test_a_template_that_is_not_there_is_refused_when_the_sequence_is_saved(
    campaign: Campaign,
) -> None:
    with pytest.raises(Invalid) as refusal:
        campaign.sequence(step(0), step(1, template="nowhere"))
    assert refusal.value.field == "steps.1.template"


@ON_SQLITE
def test_nobody_is_enrolled_in_an_archived_sequence_or_a_strangers(campaign: Campaign) -> None:
    sequence = campaign.sequence()
    live = campaign.desk.__class__(campaign.desk.stack, "live").caller
    with pytest.raises(NotFound):
        enrolments.enrol(live, sequence.id, {"phone": PHONE}, {}, campaign.at)
    sequences.stop(campaign.caller, sequence.id, campaign.at, archive=True)
    with pytest.raises(Conflict):
        campaign.enrol(sequence)

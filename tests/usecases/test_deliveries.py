"""Several attempts made at a time end as if each had been made alone."""

import logging
import threading
from datetime import timedelta

import pytest

from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from tests.stack import special
from tests.usecases.batch import BUSY, PEOPLE, REFUSED, UNTAKEN, ask, deliver, ends
from tests.usecases.desk import Desk

MOST = 24  # statements of a batch that the carrier takes: the gate's, the last look, the outcome's


@pytest.mark.row("A4")
def test_attempts_made_together_end_as_those_made_alone(patient_desk: Desk) -> None:
    desk = patient_desk
    fates = (*PEOPLE[:3], REFUSED, UNTAKEN, BUSY)
    one_by_one = ask(desk, *fates)
    for claim in one_by_one:
        desk.deliver(*claim, desk.now)
    alone = ends(desk, one_by_one)
    CallLog.update(open_key=None, created_at=desk.now - timedelta(days=9)).execute()
    together = ask(desk, *(to.replace("555", "556") if to in PEOPLE else to for to in fates))
    assert deliver(desk, together) == []
    assert ends(desk, together) == alone
    assert {end[0] for end in alone} == {"sending", "not_reached", "scheduled"}


@pytest.mark.row("A4")
def test_a_batch_costs_the_same_statements_however_many_it_has(
    patient_desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk = patient_desk
    few, many = ask(desk, *PEOPLE[:4]), ask(desk, *PEOPLE[4:])
    deliver(desk, ask(desk, special("0190"), special("0191")))
    desk.stack.sandbox.fault("lost_callbacks", share=1)
    with caplog.at_level(logging.DEBUG, logger="peewee"):
        for claims in (few, many):
            caplog.clear()
            deliver(desk, claims)
            mine = [one for one in caplog.records if one.thread == threading.get_ident()]
            said = [str(one.msg) for one in mine if one.name == "peewee"]
            spent = [one for one in said if "PRAGMA" not in one]
            assert len(spent) <= MOST, spent
    assert len(desk.stack.sandbox.placed()) == len(PEOPLE) + 2


@pytest.mark.row("D4")
def test_a_poisoned_row_of_a_batch_stops_no_other(desk: Desk) -> None:
    claims = ask(desk, *PEOPLE[:4])
    Notification.update(plan=[]).where(Notification.id == claims[1][0]).execute()
    assert deliver(desk, claims) == []
    kept = [desk.row(id_) for id_, _ in claims]
    assert [row.state for row in kept] == ["sending", "scheduled", "sending", "sending"]
    assert [row.failures for row in kept] == [0, 1, 0, 0]


@pytest.mark.row("A4")
@pytest.mark.parametrize("nothing", [0, 99])
def test_claims_that_are_not_held_are_passed_over(desk: Desk, nothing: int) -> None:
    claims = ask(desk, *PEOPLE[:4])
    stale = [(claims[0][0], nothing), ("nt_" + "0" * 26, 1), *claims[2:]]
    assert deliver(desk, [*stale, *stale]) == []
    assert deliver(desk, stale) == []
    assert [desk.row(id_).state for id_, _ in claims] == ["due", "due", "sending", "sending"]
    assert len(desk.stack.sandbox.placed()) == 2


@pytest.mark.row("A4")
def test_two_to_one_person_go_one_after_the_other(desk: Desk) -> None:
    claims = ask(desk, UNTAKEN, UNTAKEN, UNTAKEN)
    assert deliver(desk, claims) == []
    assert len(desk.stack.sandbox.look("requests")) <= 3
    assert sum(len(desk.attempts(id_)) for id_, _ in claims) >= 1
    assert {desk.row(id_).state for id_, _ in claims} == {"scheduled"}

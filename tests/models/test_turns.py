"""Turns between organizations: a backlog of one delays nobody else's next row by much."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.domain.lifecycle import NotificationState as N
from gateway.models import base, claims, withdrawal
from gateway.models.notification import Notification
from tests.conftest import Account
from tests.rows import NOW, notification, notifications
from tests.together import together

LEASE = timedelta(seconds=15)
SCOPE = "provider|twilio|AC1"
EARLY = NOW - timedelta(hours=1)

OpenAccount = Callable[[str], Account]


@pytest.fixture
def others(organization: str, open_account: OpenAccount) -> list[str]:
    """Nine more organizations."""
    made = [open_account(f"Practice {number}").organization_id for number in range(9)]
    base.borrow()
    return made


def _owners(ids: list[str]) -> Counter[str]:
    rows = Notification.select(Notification.organization).where(Notification.id.in_(ids))
    return Counter(row.organization_id for row in rows)


@pytest.mark.row("A4")
def test_a_backlog_of_one_organization_delays_no_other_by_more_than_a_batch(
    organization: str, others: list[str]
) -> None:
    notifications(organization, 300, next_attempt_at=EARLY)
    for other in others:
        notifications(other, 3)
    first = [id_ for id_, _ in claims.claim_due("voice:3", NOW, 20, LEASE)]
    assert _owners(first) == dict.fromkeys([organization, *others], 2)
    second = [id_ for id_, _ in claims.claim_due("voice:3", NOW, 20, LEASE)]
    assert _owners(second) == dict.fromkeys(others, 1) | {organization: 11}
    assert len(claims.claim_due("voice:3", NOW, 500, LEASE)) == 300 + 27 - 40


@pytest.mark.row("A4")
def test_with_more_organizations_than_turns_each_gets_one_at_most(
    organization: str, others: list[str]
) -> None:
    for one in (organization, *others):
        notifications(one, 10)
    batch = [id_ for id_, _ in claims.claim_due("voice:3", NOW, 4, LEASE)]
    assert sorted(_owners(batch).values()) == [1, 1, 1, 1]


def test_inside_an_organization_the_earliest_go_first_and_rounds_are_in_turn(
    organization: str, others: list[str]
) -> None:
    mine, theirs = (
        [notification(one, next_attempt_at=NOW - timedelta(minutes=n)).id for n in (1, 4, 2, 3)]
        for one in (organization, others[0])
    )
    claimed = [id_ for id_, _ in claims.claim_due("voice:3", NOW, 5, LEASE)]
    ranks = [mine.index(id_) if id_ in mine else theirs.index(id_) for id_ in claimed]
    assert ranks == [1, 1, 3, 3, 2]


def test_rows_that_are_not_due_take_no_turn(organization: str, others: list[str]) -> None:
    for other in others:
        notifications(other, 2, next_attempt_at=NOW + timedelta(seconds=1))
    notifications(organization, 8)
    assert len(claims.claim_due("voice:3", NOW, 6, LEASE)) == 6


@pytest.mark.row("D4")
def test_held_rows_are_let_go_in_turns_the_earliest_due_first(
    organization: str, others: list[str]
) -> None:
    def held(one: str, scope: str, minutes: int) -> str:
        due, ends = NOW - timedelta(minutes=minutes), NOW + timedelta(hours=24)
        return str(notification(one, held_by=scope, due_at=due, next_attempt_at=ends).id)

    big = [held(organization, SCOPE, minutes) for minutes in (1, 9, 5, 7, 3)]
    small = held(others[0], SCOPE, 2)
    elsewhere = held(others[1], "provider|twilio|AC2", 60)
    assert claims.claim_due("voice:3", NOW, 10, LEASE) == []
    assert claims.release_held(SCOPE, 3, NOW) == 3
    gone = {id_ for id_, _ in claims.claim_due("voice:3", NOW, 10, LEASE)}
    assert gone == {big[1], big[3], small}
    assert claims.release_held(SCOPE, 10, NOW) == 3
    assert claims.release_held(SCOPE, 10, NOW) == 0
    assert claims.release_held(SCOPE, 0, NOW) == 0
    kept = Notification.get_by_id(elsewhere)
    assert (kept.held_by, kept.next_attempt_at) == ("provider|twilio|AC2", kept.expires_at)


def test_a_row_that_was_canceled_while_it_was_held_does_not_come_back(organization: str) -> None:
    row = notification(
        organization, held_by=SCOPE, state=N.CANCELED, next_attempt_at=None, finished_at=NOW
    )
    claims.release_held(SCOPE, 5, NOW)
    assert claims.claim_due("voice:3", NOW, 5, LEASE) == []
    assert Notification.get_by_id(row.id).state == N.CANCELED


def test_a_held_row_that_expires_is_claimed_and_held_no_more(organization: str) -> None:
    row = notification(organization, held_by=SCOPE, next_attempt_at=NOW)
    assert claims.claim_due("voice:3", NOW, 5, LEASE) == [(row.id, 1)]
    assert claims.release_held(SCOPE, 5, NOW) == 0


def test_a_claim_whose_message_did_not_leave_runs_out_at_once(organization: str) -> None:
    notifications(organization, 3)
    claimed = claims.claim_due("voice:3", NOW, 3, LEASE)
    taken_up, taken_again, _ = claimed
    Notification.update(state=N.SENDING).where(Notification.id == taken_up[0]).execute()
    Notification.update(claim=5).where(Notification.id == taken_again[0]).execute()
    assert claims.hand_back(claimed, NOW) == 1
    assert [row.id for row in claims.overdue_leases(NOW)] == [claimed[2][0]]


@pytest.mark.row("A4")
@pytest.mark.row("C8")
def test_claims_releases_cancels_and_lost_messages_at_once_hand_nothing_out_twice(
    organization: str, others: list[str]
) -> None:
    everyone = (organization, *others)
    for one in everyone:
        notifications(one, 12)
        notifications(one, 4, held_by=SCOPE, next_attempt_at=NOW + timedelta(hours=24))
    subjects = [row.subject_id for row in Notification.select().limit(40)]
    claimed: list[tuple[str, int]] = []

    def work(number: int) -> None:
        for turn in range(25):
            if number < 3:
                claimed.extend(claims.claim_due("voice:3", NOW, 5, LEASE))
            elif number == 3:
                claims.release_held(SCOPE, 3, NOW)
            elif number == 4 and turn < 20:
                withdrawal.cancel_pending("request", subjects[turn], NOW, "canceled")
            elif number == 5:
                claims.hand_back(claimed[-5:], NOW)
                claims.release_all_due(NOW)

    together(6, work)
    assert len(set(claimed)) == len(claimed)
    assert {claim for _, claim in claimed} == {1}

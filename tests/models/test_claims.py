"""Claiming due rows: every row to one claimer, whoever asks and however many at once."""

import json
import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta

import pytest

from gateway.domain.lifecycle import NotificationState as N
from gateway.models import agenda, base, claims
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification
from tests.rows import NOW, notification, notifications
from tests.together import together

LEASE = timedelta(seconds=15)
CLAIMER = """
import json, sys
from datetime import datetime, timedelta
from gateway.models import base, claims
base.connect(sys.argv[1])
claimed = []
with base.connection():
    print("ready", flush=True)
    sys.stdin.readline()
    while found := claims.claim_due(
        "voice:3",
        datetime.fromisoformat(sys.argv[2]), 7, timedelta(seconds=15)
    ):
        claimed += found
print(json.dumps(claimed))
"""


@pytest.mark.row("A4")
def test_threads_that_claim_at_once_share_the_rows_and_hand_none_out_twice(
    organization: str,
) -> None:
    ids = notifications(organization, 120)

    def claim(_: int) -> list[tuple[str, int]]:
        claimed: list[tuple[str, int]] = []
        while found := claims.claim_due("voice:3", NOW, 7, LEASE):
            claimed += found
        return claimed

    claimed = [pair for mine in together(4, claim) for pair in mine]
    assert Counter(claimed) == Counter((id_, 1) for id_ in ids)
    assert {row.state for row in Notification.select()} == {N.DUE}


@pytest.mark.row("A4")
@pytest.mark.row("C8")
def test_processes_that_claim_at_once_hand_none_out_twice(
    organization: str, database_url: str
) -> None:
    ids = notifications(organization, 60)
    base.give_back()
    command = [sys.executable, "-c", CLAIMER, database_url, NOW.isoformat()]
    claimers = [
        subprocess.Popen(command, text=True, stdin=-1, stdout=-1, env=dict(os.environ))
        for _ in range(3)
    ]
    assert [claimer.stdout and claimer.stdout.readline() for claimer in claimers] == ["ready\n"] * 3
    for claimer in claimers:
        assert claimer.stdin is not None
        claimer.stdin.write("go\n")
        claimer.stdin.flush()
    answers = [json.loads(claimer.communicate(timeout=60)[0]) for claimer in claimers]
    claimed = [id_ for answer in answers for id_, _ in answer]
    assert Counter(claimed) == Counter(ids)
    base.borrow()


def test_what_is_not_due_yet_is_not_claimed(organization: str) -> None:
    early = NOW + timedelta(microseconds=1)
    waiting = notification(organization, due_at=early, next_attempt_at=early)
    assert claims.claim_due("voice:3", NOW, 10, LEASE) == []
    assert agenda.read().claim == early
    assert claims.claim_due("voice:3", early, 10, LEASE) == [(waiting.id, 1)]
    assert agenda.read().claim is None


def test_the_earliest_are_claimed_first_and_no_more_than_asked_for(organization: str) -> None:
    late = [
        notification(organization, next_attempt_at=NOW - timedelta(minutes=minutes)).id
        for minutes in (1, 5, 3)
    ]
    assert {id_ for id_, _ in claims.claim_due("voice:3", NOW, 2, LEASE)} == {late[1], late[2]}


@pytest.mark.row("A4")
def test_an_old_claim_holds_nothing_once_the_row_was_claimed_again(organization: str) -> None:
    row = notification(organization)
    assert claims.claim_due("voice:3", NOW, 1, LEASE) == [(row.id, 1)]
    (overdue,) = claims.overdue_leases(NOW + LEASE + timedelta(seconds=1))
    assert Notification.move(
        overdue, N.SCHEDULED, NOW, from_=[N.DUE], only_claim=True, next_attempt_at=NOW
    )
    assert claims.claim_due("voice:3", NOW, 1, LEASE) == [(row.id, 2)]
    with base.atomic():
        assert Notification.held(row.id, 1) is None
        assert Notification.held(row.id, 2) is not None


@pytest.mark.row("A4")
def test_of_many_that_make_the_same_move_one_wins_and_the_feed_tells_it_once(
    organization: str,
) -> None:
    row = notification(organization, state=N.DUE, claim=1, next_attempt_at=None)

    def move(_: int) -> bool:
        mine = Notification.get_by_id(row.id)
        return Notification.move(mine, N.SENDING, NOW, from_=[N.DUE], tries=mine.tries + 1)

    assert Counter(together(8, move)) == {True: 1, False: 7}
    kept = Notification.get_by_id(row.id)
    assert (kept.state, kept.tries) == (N.SENDING, 1)
    told = [entry.state for entry in FeedEntry.select().where(FeedEntry.object_id == row.id)]
    assert told == [N.DUE, N.SENDING]


def test_of_two_different_ends_at_once_one_becomes_the_outcome(organization: str) -> None:
    for _ in range(5):
        row = notification(organization, state=N.DUE, claim=1, next_attempt_at=None)
        ends = [N.CANCELED, N.EXPIRED, N.SUPPRESSED]

        def end(number: int, row: Notification = row, ends: list[N] = ends) -> bool:
            return Notification.move(Notification.get_by_id(row.id), ends[number], NOW)

        won = together(3, end)
        assert won.count(True) == 1
        assert Notification.get_by_id(row.id).state == ends[won.index(True)]


def test_a_move_that_the_lifecycle_forbids_changes_nothing(organization: str) -> None:
    row = notification(organization, state=N.CANCELED, next_attempt_at=None)
    for target in N:
        assert not Notification.move(row, target, NOW)
    assert Notification.get_by_id(row.id).state == N.CANCELED

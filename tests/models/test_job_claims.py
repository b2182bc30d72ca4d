"""Claiming jobs: in turn between organizations, by any number of clocks, each once."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.models import agenda, base, due, job_claims
from gateway.models.job import Job
from tests.conftest import Account
from tests.rows import NOW
from tests.together import together

LEASE = timedelta(seconds=15)
LANE = "background:5"


def jobs(organization_id: str | None, how_many: int, name: str = "test.ring") -> None:
    """So many that are due at NOW, one a millisecond before the other."""
    for number in range(how_many):
        at = NOW - timedelta(milliseconds=how_many - number)
        key = f"{organization_id}|{number}"
        Job.plan(name, key, at, NOW, organization=organization_id, mode=None, kind="dunning",
                 lane=LANE)  # fmt: skip


def claim(limit: int) -> list[str]:
    return [id_ for id_, _ in job_claims.claim_due(LANE, NOW, limit, LEASE)]


@pytest.mark.row("A4")
def test_those_of_nobody_go_first_and_organizations_take_turns(
    organization: str, open_account: Callable[[str], Account]
) -> None:
    other = open_account("Salon").organization_id
    base.borrow()
    for owner, how_many in ((organization, 50), (other, 3), (None, 2)):
        jobs(owner, how_many)
    owners = Counter(row.organization_id for row in Job.select().where(Job.id.in_(claim(8))))
    assert owners == {None: 2, organization: 3, other: 3}
    assert len(claim(100)) == 47
    assert claim(100) == []
    assert agenda.read().job_lease == NOW + LEASE


@pytest.mark.row("C8")
def test_however_many_clocks_each_job_goes_to_one_of_them(organization: str) -> None:
    jobs(organization, 60)
    found: list[list[str]] = []

    def clock(number: int) -> None:
        while taken := claim(7):
            found.append(taken)

    together(4, clock)
    every = [id_ for batch in found for id_ in batch]
    assert len(every) == len(set(every)) == 60


def test_what_the_broker_did_not_take_is_due_again_at_once(organization: str) -> None:
    jobs(organization, 3)
    taken = job_claims.claim_due(LANE, NOW, 2, LEASE)
    assert due.in_flight() == {"dunning": 2}
    assert job_claims.hand_back(taken[:1], NOW) == 1
    assert [row.id for row in Job.overdue_leases(NOW)] == [taken[0][0]]
    assert job_claims.release_all_due(NOW) == 2

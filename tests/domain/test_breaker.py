"""What an answer says of the carrier."""

from datetime import timedelta

import pytest

from gateway.domain.breaker import Streak, Verdict, judge, pause
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Placement, Result

T = FailureClass.TECHNICAL


def _placement(result: Result, reason: Reason, code: str | None = None) -> Placement:
    return Placement(result, failure=Failure(T, reason, code))


@pytest.mark.parametrize(
    ("placement", "verdict"),
    [
        (Placement(Result.ACCEPTED, "CA1"), Verdict.WELL),
        (_placement(Result.REJECTED, Reason.INVALID_NUMBER, "21211"), Verdict.NEITHER),
        (_placement(Result.REJECTED, Reason.CONFIGURATION, "21210"), Verdict.NEITHER),
        (_placement(Result.NOT_SENT, Reason.THROTTLED, "429"), Verdict.NEITHER),
        (_placement(Result.NOT_SENT, Reason.UNDELIVERABLE, "4.2.2"), Verdict.NEITHER),
        (_placement(Result.NOT_SENT, Reason.CONFIGURATION, "401"), Verdict.REFUSES_US),
        # Ours, before anything was asked: nothing the carrier said.
        (_placement(Result.NOT_SENT, Reason.CONFIGURATION), Verdict.ILL),
        (_placement(Result.NOT_SENT, Reason.PROVIDER_ERROR), Verdict.ILL),
        (_placement(Result.UNKNOWN, Reason.UNKNOWN), Verdict.ILL),
        (_placement(Result.UNKNOWN, Reason.CONFIGURATION, "403"), Verdict.ILL),
        (Placement(Result.NOT_SENT), Verdict.ILL),
    ],
)
def test_an_answer_says_how_the_carrier_is(placement: Placement, verdict: Verdict) -> None:
    assert judge(placement) == verdict


def test_a_row_of_failures_is_complete_once_and_only_what_went_well_breaks_it() -> None:
    streak = Streak()
    ill, well, neither = Verdict.ILL, Verdict.WELL, Verdict.NEITHER
    told = [ill, ill, neither, ill, ill, well, ill, ill, ill]
    assert [streak.note(one, 3) for one in told] == [
        False, False, False, True, False, False, False, False, True,
    ]  # fmt: skip


def test_pauses_grow_and_the_last_one_stays() -> None:
    series = (5.0, 10.0, 60.0)
    assert [pause(series, n) / timedelta(seconds=1) for n in (1, 2, 3, 4, 99)] == [
        5,
        10,
        60,
        60,
        60,
    ]
    assert pause((), 3) == timedelta(0)

"""Counting reminders where their rows change, in the same transaction, so that neither a crash nor
a rollback makes the counts wrong. What /metrics shows of them is explained in
docs/operations/metrics.md."""

from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.kinds import REMINDERS
from gateway.metrics import Series
from gateway.models.tally import Tally

SENT, SKIPPED = "sent", "skipped"
STATUSES = (SENT, N.REACHED, N.NOT_REACHED, N.UNKNOWN, N.EXPIRED, SKIPPED)
ENDINGS: dict[str, str] = {
    N.REACHED: N.REACHED,
    N.NOT_REACHED: N.NOT_REACHED,
    N.EXPIRED: N.EXPIRED,
    N.CANCELED: SKIPPED,
    N.SUPPRESSED: SKIPPED,
}
FAILURES = (N.NOT_REACHED, N.EXPIRED, N.UNKNOWN)


def left(purpose: str) -> None:
    """A carrier took an attempt of a notification of this purpose."""
    if purpose in REMINDERS:
        Tally.add({("reminders_sent", SENT): 1})


def ended(purpose: str, state: str, reason: str | None) -> None:
    """A notification of this purpose came to an end in this state, if it is one. An end that
    another follows, as when a carrier corrects itself, counts as well."""
    if purpose in REMINDERS and state in ENDINGS:
        _count(ENDINGS[state], state, reason)


def given_up(purpose: str, reason: str) -> None:
    """Nobody will learn any more what became of a notification of this purpose."""
    if purpose in REMINDERS:
        _count(N.UNKNOWN, N.UNKNOWN, reason)


def _count(status: str, state: str, reason: str | None) -> None:
    counted: dict[Series, float] = {("reminders_sent", str(status)): 1}
    if state in FAILURES:
        counted["reminders_failed", str(reason or Reason.UNKNOWN)] = 1
    Tally.add(counted)

"""Provider accounts that don't work: left alone for a while when they are away, paused when they
refuse our credentials, tried with one call before all the others."""

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import structlog

from gateway import settings
from gateway.domain import breaker
from gateway.domain.breaker import Streak, Verdict
from gateway.domain.budget import RetryBudget
from gateway.domain.outcomes import Reason
from gateway.domain.provider import Placement, Provider
from gateway.models import attempts
from gateway.models.attempts import AnyAttempt
from gateway.models.hold import Hold, provider_scope

log = structlog.get_logger(__name__)

STOCK = 10.0  # further tries saved up
PROBE_LASTS = timedelta(seconds=5)  # beyond the provider's deadline, for its commits


def _budget() -> RetryBudget:
    configured = settings.current()
    return RetryBudget(configured.retry_budget_share, configured.retry_budget_per_second, STOCK)


@dataclass(frozen=True)
class Memory:
    """What this process remembers of one account: no row, since it is worth nothing tomorrow."""

    streak: Streak = field(default_factory=Streak)
    budget: RetryBudget = field(default_factory=_budget)


# It lasts as long as the provider's object, which is as long as the settings it was made from.
_memories: "WeakKeyDictionary[Provider, dict[str, Memory]]" = WeakKeyDictionary()
_lock = threading.Lock()


@dataclass(frozen=True)
class Passage:
    """The way through one provider account, as the gate found it open. `probe` is the hold that
    this attempt, and no other, may test."""

    provider: Provider
    account: str
    probe: Hold | None = None

    @property
    def scope(self) -> str:
        """What a hold on this account is called."""
        return provider_scope(self.provider.name, self.account)

    @property
    def memory(self) -> Memory:
        """What this process remembers of it."""
        with _lock:
            return _memories.setdefault(self.provider, {}).setdefault(self.account, Memory())


def probe_until(now: datetime) -> datetime:
    """Until when the others wait for the one that tries."""
    return now + timedelta(seconds=settings.current().provider_deadline_seconds) + PROBE_LASTS


def learn(passage: Passage, attempt: AnyAttempt, placement: Placement, now: datetime) -> None:
    """Draw from an answer what it says of the account. Call it after the answer was written."""
    verdict = breaker.judge(placement)
    tripped = passage.memory.streak.note(verdict, settings.current().breaker_failures)
    if verdict is Verdict.REFUSES_US:
        if not refused_alone(attempt):
            _pause(passage, now)
        elif passage.probe is not None:
            _probed(passage.probe, Verdict.NEITHER, now)
    elif passage.probe is not None:
        _probed(passage.probe, verdict, now)
    elif tripped:
        until = now + breaker.pause(settings.current().breaker_pause_seconds, 1)
        if Hold.open(passage.scope, Reason.PROVIDER_ERROR, now, until):
            log.error("provider held", scope=passage.scope, until=until.isoformat())


def not_tried(probe: Hold, now: datetime) -> None:
    """The one that was to try did not: leave that to the next, at once."""
    Hold.put_back(probe, now, probe.failures)


def refused_alone(attempt: AnyAttempt) -> bool:
    """Whether the account took another attempt since it first refused this one's notification.
    Then it is the notification that it refuses, which stops nobody else and fails like any
    other."""
    mine = attempts.of_notifications([str(attempt.notification_id)])
    refused = [one for one in mine if one.reason == Reason.CONFIGURATION and one.id != attempt.id]
    return bool(refused) and refused[0].taken_since()


def _pause(passage: Passage, now: datetime) -> None:
    check_at = now + timedelta(seconds=settings.current().credentials_check_seconds)
    if Hold.pause(passage.scope, Reason.CONFIGURATION, now, check_at):
        log.error("provider paused", scope=passage.scope, reason="it refuses our credentials")


def _probed(hold: Hold, verdict: Verdict, now: datetime) -> None:
    if verdict in (Verdict.WELL, Verdict.NEITHER):
        if Hold.lift(hold):
            log.info("provider resumed", scope=hold.scope)
        return
    failures = hold.failures + 1
    until = now + breaker.pause(settings.current().breaker_pause_seconds, failures)
    if Hold.put_back(hold, until, failures):
        log.warning("provider still held", scope=hold.scope, until=until.isoformat())

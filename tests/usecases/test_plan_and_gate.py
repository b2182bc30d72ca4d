"""What the plan says will happen is what the gate does, whatever the policy and the rules."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gateway import providers
from gateway.domain.channel_plan import Step
from gateway.domain.provider import Placement, Result
from gateway.domain.reminders import AT, BEFORE, EVERY, Rule
from gateway.models import agenda, base, claims
from gateway.models.booking import Booking
from gateway.models.consent import Consent
from gateway.models.notification import Notification
from gateway.settings import Settings
from gateway.usecases import accounts, bookings, gate, outcomes, people, plan
from gateway.usecases.accounts import Caller
from gateway.usecases.wanted import Wanted
from tests.client import ANSWERED
from tests.conftest import Account, Configure
from tests.databases import ON_SQLITE

NOW = datetime(2027, 3, 26, 7, 30, tzinfo=UTC)  # two days before Berlin's clocks go forward
LEASE = timedelta(seconds=15)
MINUTE = timedelta(minutes=1)
Ending = tuple[datetime | None, str | None, str, str | None]
_numbers = itertools.count(1)

WINDOWS = st.sampled_from([("21:00", "08:00"), ("22:30", "06:00"), ("12:00", "14:00")])
QUIET = st.none() | st.builds(
    lambda window, action: {"from": window[0], "to": window[1], "action": action},
    WINDOWS,
    st.sampled_from(["defer", "advance", "suppress"]),
)
POLICIES = st.fixed_dictionaries(
    {},
    optional={
        "quiet_hours": QUIET,
        "strict": st.booleans(),
        "caps": st.sampled_from([{}, {"day": 1}, {"day": 2}, {"day": 5}]),
        "gap_seconds": st.sampled_from([0, 60, 5400, 40_000]),
    },
)
PLANS = st.sampled_from(
    [
        (Step("sms"),),
        (Step("voice"),),
        (Step("email", "delivered", 30), Step("sms")),
        (Step("whatsapp", "delivered", 30), Step("voice", "answered", 5), Step("email")),
    ]
)
RULES = st.lists(
    st.one_of(
        st.builds(lambda m, p: Rule(EVERY, minutes=m, channels=p),
                  st.sampled_from([95, 240, 700]), PLANS),
        st.builds(lambda m, p: Rule(BEFORE, minutes=m, channels=p),
                  st.sampled_from([10, 180, 600, 1440, 2000]), PLANS),
        st.builds(lambda h, p: Rule(AT, at=NOW + timedelta(hours=h), channels=p),
                  st.integers(1, 20), PLANS),
    ),
    min_size=1, max_size=4, unique_by=lambda rule: rule.key,
)  # fmt: skip

EVERY_95 = Rule(EVERY, minutes=95)
AT_ONCE = [  # one of them has to move on to its next step
    Rule(AT, at=NOW + timedelta(hours=11), channels=(Step("email", "delivered", 30), Step("sms"))),
    Rule(BEFORE, minutes=600, channels=(Step("whatsapp"),)),
]


@pytest.fixture
def connected(configure: Configure) -> Iterator[Settings]:
    configured = configure(SANDBOX_URL="http://127.0.0.1:9")
    with base.connection():
        yield configured


@ON_SQLITE
@pytest.mark.row("C9")
@pytest.mark.row("A2")
def test_plan_and_gate_agree_for_any_policy_and_rules(
    connected: Settings, open_account: Callable[[str], Account]
) -> None:
    @given(
        POLICIES, RULES, st.integers(21, 70),
        st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Apia"]),
        st.sets(st.sampled_from(["sms", "voice", "whatsapp"]), max_size=2),
        st.booleans(), st.integers(0, 60), st.booleans(),
    )  # fmt: skip
    @example({}, [EVERY_95, Rule(BEFORE, minutes=1440)], 24, "UTC", set(), False, 0, False)
    @example({"caps": {"day": 1}}, AT_ONCE, 21, "UTC", set(), False, 1, False)
    @hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    def agree(
        policy: dict[str, Any], rules: list[Rule], hours: int, zone: str, stopped: set[str],
        confirmed: bool, halfway: int, lost: bool,
    ) -> None:  # fmt: skip
        providers.load(connected)
        account = open_account(f"Practice {next(_numbers)}")
        caller = accounts.authenticate(account.test_key, NOW)
        _stop(caller, stopped)
        wanted = Wanted(
            starts_at=NOW + timedelta(hours=hours), starts_at_text="then", time_zone=zone,
            contact={"name": "Ada", "phone": ANSWERED}, fingerprint="f", reminders=rules,
            policy=policy,
        )  # fmt: skip
        booking = bookings.book(caller, wanted, NOW).booking
        if confirmed:
            bookings.edit(caller, booking.id, {"state": "confirmed"}, None, NOW)
        if lost:
            providers.load(replace(connected, sandbox_url=None))
        at_first = _planned(caller, booking, NOW)
        later = NOW + timedelta(hours=halfway)
        done = _play(booking, NOW, later)
        at_half = _planned(caller, booking, later)
        done |= _play(booking, later, wanted.starts_at + MINUTE)
        assert done == at_first
        assert {id_: done[id_] for id_ in at_half} == at_half
        assert {row.id for row in _rows(booking)} == set(done)

    agree()


def _rows(booking: Booking) -> list[Notification]:
    rows = Notification.of_subject("booking", booking.id)
    return [row for row in rows if row.reason != "past"]


def _stop(caller: Caller, channels: set[str]) -> None:
    for channel in channels:
        Consent.add(
            NOW, organization=caller.organization_id, mode="test", channel=channel, purpose="all",
            address_hash=people.address_hash(ANSWERED), granted=False, source="test", at=NOW,
        )  # fmt: skip


def _planned(caller: Caller, booking: Booking, now: datetime) -> dict[str, Ending]:
    """What the plan says of everything that is to come."""
    return {
        one.notification.id: (
            one.at, one.channel if one.decision.allowed else None, str(one.decision.state),
            one.decision.reason and str(one.decision.reason),
        )
        for one in plan.of_booking(caller, booking.id, now)
        if one.at is not None
    }  # fmt: skip


def _play(booking: Booking, since: datetime, until: datetime) -> dict[str, Ending]:
    """What becomes of everything that falls due, and when."""
    done: dict[str, Ending] = {}
    now = since
    while True:
        # A row due at the moment of the booking is claimed by the booking itself.
        waiting = [row for row in _rows(booking) if row.state == "due" or row.next_attempt_at]
        due = min((row.next_attempt_at or now for row in waiting), default=until)
        if due >= until:
            return done
        now = max(now, due)
        claimed = [one for lane in agenda.LANES for one in claims.claim_due(lane, now, 99, LEASE)]
        held = [(row.id, row.claim) for row in _rows(booking) if row.state == "due"]
        ours = sorted(held, key=lambda one: (Notification.get_by_id(one[0]).due_at, one[0]))
        assert set(claimed) <= set(held)
        for id_, claim in ours:
            _attempt(id_, claim, now, done)


def _attempt(id_: str, claim: int, now: datetime, done: dict[str, Ending]) -> None:
    opened = gate.open_attempt(id_, claim, now, LEASE)
    row = Notification.get_by_id(id_)
    if opened is not None:
        sid = f"SM{next(_numbers):032x}"
        outcomes.accepted(opened.attempt, Placement(Result.ACCEPTED, sid, "queued"), now)
        Notification.carry(id_, step_until=None)
        done[id_] = (now, row.channel, "sending", None)
    elif row.finished_at is not None:
        done[id_] = (now, None, str(row.state), row.reason)

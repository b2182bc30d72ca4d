"""Clocks that disagree, as `doctor` finds them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

import pytest

from gateway.cli.clock_check import compared, findings
from gateway.domain.provider import TellsTime
from gateway.models.base import connection, dialect
from gateway.models.server_time import server_time
from gateway.providers.sendgrid import SendGridProvider
from gateway.providers.smtp import SmtpProvider
from gateway.providers.twilio import TwilioProvider
from tests.conftest import Configure
from tests.providers.kits import settings
from tests.providers.stand_in import StandIn, answering

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def ticking(step: float) -> Iterator[datetime]:
    """A clock that moves on by so many seconds with each look."""
    return (NOON + timedelta(seconds=step * look) for look in count())


@pytest.mark.row("A10")
@pytest.mark.parametrize(
    ("off", "taking", "level"),
    [(0, 0, "ok"), (1.9, 0, "ok"), (-1.9, 0, "ok"), (2.5, 0, "warning"), (-2.5, 0, "warning"),
     (31, 0, "error"), (-31, 0, "error"), (2.5, 4, "ok"), (-30, 8, "warning")],
)  # fmt: skip
def test_a_clock_is_judged_by_what_it_surely_is_off(off: float, taking: float, level: str) -> None:
    ours = ticking(taking)
    theirs = NOON + timedelta(seconds=off + taking / 2)
    found = compared(lambda: theirs, timedelta(0), lambda: next(ours))
    assert found is not None
    assert found[0] == level
    if level != "ok":
        assert f"{abs(off):.1f} s {'ahead of' if off > 0 else 'behind'} this machine" in found[1]


def test_a_date_cut_off_to_seconds_is_not_taken_for_a_wrong_clock() -> None:
    for off in (-1.9, 0.9):
        shown = NOON + timedelta(seconds=off)
        found = compared(partial(_same, shown), timedelta(seconds=0.5), lambda: NOON)
        assert found is not None
        assert found[0] == "ok"


def _same(moment: datetime) -> datetime:
    return moment


def test_a_server_that_does_not_answer_has_no_clock() -> None:
    assert compared(lambda: None, timedelta(0), lambda: NOON) is None


def test_the_database_s_clock_is_asked_where_it_has_one(configure: Configure) -> None:
    configure()
    with connection():
        told, kind = server_time(), dialect()
    assert (told is None) == (kind == "sqlite")
    assert told is None or abs(told - datetime.now(UTC)) < timedelta(seconds=5)


def test_every_clock_that_answers_is_compared(configure: Configure) -> None:
    chosen = configure()
    told = {about: level for level, about, _ in findings(chosen)}
    servers = ["redis"] if chosen.database_url.startswith("sqlite") else ["database", "redis"]
    assert told == {f"clock of {name}": "ok" for name in servers}
    assert list(findings(replace(chosen, gateway_clock_file="/tmp/clock"))) == []


def test_a_provider_s_date_is_its_clock() -> None:
    date = {"Date": "Sun, 22 Nov 2026 12:00:00 GMT"}
    with StandIn(answering(404, {}, date)) as there:
        live = {"twilio_account_sid": "AC" + "1" * 32, "twilio_auth_token": "x"}
        carrier = TwilioProvider(settings(**live, twilio_api_base_url=there.url))
        assert carrier.server_time() == NOON
        assert [(one.method, one.target) for one in there.requests] == [("HEAD", "/")]
        assert "authorization" not in there.requests[0].headers
    with StandIn(answering(200, {}, {"Date": "yesterday"})) as there:
        carrier = TwilioProvider(settings(**live, twilio_api_base_url=there.url))
        assert carrier.server_time() is None
    assert SendGridProvider(settings()).server_time() is None
    assert not isinstance(SmtpProvider(settings()), TellsTime)

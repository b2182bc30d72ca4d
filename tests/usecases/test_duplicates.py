"""A further call of one attempt: the provider placed twice what was asked for once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from gateway import wallclock
from gateway.domain.lifecycle import CallState
from gateway.domain.provider import Found, Placement, Result
from gateway.models import base
from gateway.models.call_log import CallLog
from gateway.usecases import outcomes, sightings
from tests.conftest import StartStack
from tests.databases import ON_SQLITE
from tests.stack import special
from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask
from tests.usecases.test_ending import carrier_has, slowly
from tests.usecases.test_inbox import Line
from tests.usecases.test_reconciler import work
from tests.waiting import until

SECOND = timedelta(seconds=1)


@pytest.fixture
def desk(start_stack: StartStack) -> Iterator[Desk]:
    """A desk whose provider may take its time: machines are slow while tests run."""
    stack = start_stack(parts=(), PROVIDER_DEADLINE_SECONDS="10")
    with base.connection():
        yield Desk(stack)


def placed_again(desk: Desk, call: CallLog) -> str:
    """The provider places the same request once more by itself; the id of the second call."""
    shared = desk.stack.settings.sandbox_credentials
    sid, token = shared["account_sid"], shared["auth_token"]
    body = {"To": call.to_address, "From": call.from_address, "Twiml": "<Response/>"}
    url = f"{desk.stack.settings.sandbox_url}/2010-04-01/Accounts/{sid}/Calls.json"
    made = requests.post(url, data=body, auth=(sid, token), timeout=10)
    made.raise_for_status()
    return str(made.json()["sid"])


@pytest.fixture
def doubled(desk: Desk) -> tuple[Desk, CallLog, str]:
    """An attempt of unknown fate that the provider placed twice."""
    slowly(desk)
    desk.stack.sandbox.fault("timeout_accepted")
    row = ask(desk, special("0103"))
    desk.deliver(row.id, row.claim, desk.now)
    (call,) = desk.attempts(row.id)
    assert call.state == "unknown"
    until(lambda: wallclock.now() > desk.now + SECOND, "another second")
    return desk, call, placed_again(desk, call)


@pytest.mark.row("A4")
def test_of_two_calls_found_for_one_attempt_the_earlier_stays_and_the_later_is_ended(
    doubled: tuple[Desk, CallLog, str],
) -> None:
    desk, call, second = doubled
    assert work(desk, desk.now + 2 * SECOND) == 1
    first = desk.stack.sandbox.placed()[0]["external_id"]
    (kept,) = desk.attempts(str(call.notification_id))
    assert (kept.external_id, kept.end_at) == (first, None)
    extra: CallLog = CallLog.get(CallLog.external_id == second)
    assert (extra.notification_id, extra.reason) == (None, "duplicate")
    assert (extra.to_address, extra.account) == (kept.to_address, kept.account)
    assert carrier_has(extra) == CallState.CANCELED
    assert carrier_has(kept) != CallState.CANCELED
    assert extra.ends == 1
    assert suspected(desk) == {kept.id, extra.id}
    work(desk, desk.now + 5 * SECOND)
    over: CallLog = CallLog.get_by_id(extra.id)
    assert (over.state, over.reason, over.end_at) == ("canceled", "duplicate", None)
    assert desk.row(str(call.notification_id)).state == "sending"


@ON_SQLITE
@pytest.mark.row("A4")
def test_two_calls_found_again_and_again_are_flagged_once(
    doubled: tuple[Desk, CallLog, str],
) -> None:
    desk, call, second = doubled
    for number in range(3):
        CallLog.update(lookup_at=desk.now).execute()
        work(desk, desk.now + number * SECOND)
    assert CallLog.select().count() == 2
    feed = desk.stack.api.feed()
    assert len([told for told in feed if told["type"] == "call.duplicate_suspected"]) == 2
    seen = Found(second, "queued", CallState.QUEUED, desk.now)
    assert sightings.keep(call, seen, desk.now, desk.now) is None


def suspected(desk: Desk) -> set[str]:
    """The calls that the feed flags."""
    feed = desk.stack.api.feed()
    return {told["object_id"] for told in feed if told["type"] == "call.duplicate_suspected"}


@pytest.mark.row("A4")
def test_an_answer_that_names_another_call_than_a_callback_did_leaves_two_calls(
    desk: Desk,
) -> None:
    line = Line(desk)  # a callback was here first and named it
    other = "CA" + "c" * 32
    assert not outcomes.accepted(line.call, Placement(Result.ACCEPTED, other, "queued"), desk.now)
    extra: CallLog = CallLog.get(CallLog.external_id == other)
    assert (extra.reason, extra.end_at) == ("duplicate", desk.now)
    assert suspected(desk) == {line.call.id, extra.id}
    assert line.now == ("queued", "sending")

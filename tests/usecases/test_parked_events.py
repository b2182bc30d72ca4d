"""Events that can't be applied: kept, tried again, dead-lettered once, and never in the way."""

from collections import Counter
from datetime import timedelta

import pytest

from gateway.models.call_log import CallLog
from gateway.models.dead_letter import DeadLetter
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import inbox
from tests.databases import ON_SQLITE
from tests.usecases.desk import Desk
from tests.usecases.test_inbox import SID, Line

OTHER = "CA" + "e" * 32
SECOND = timedelta(seconds=1)


@pytest.fixture
def line(desk: Desk) -> Line:
    return Line(desk)


def _events() -> Counter[str]:
    return Counter(str(event.state) for event in ProviderEvent.select())


def _letters() -> list[str]:
    """The reasons of all open dead letters about events."""
    return [str(letter.reason) for letter in DeadLetter.select() if letter.resolved_at is None]


def _unreadable(line: Line) -> ProviderEvent:
    """An authentic event of this call whose body does not say which call it is about."""
    account = line.desk.stack.settings.sandbox_credentials["account_sid"]
    strange = {"CallSid": "no sid", "AccountSid": account}
    assert line.carrier.told(strange, line.call.id).status_code == 204
    (event,) = ProviderEvent.select()
    return event


@pytest.mark.row("C6")
@pytest.mark.parametrize("poison", [False, True])
def test_an_event_that_never_applies_is_tried_for_three_days_and_then_a_dead_letter(
    line: Line, poison: bool
) -> None:
    params = line.carrier.status(OTHER, "completed", 3)
    assert line.carrier.told(params).status_code == 204
    if poison:
        ProviderEvent.update(provider="nobody").execute()
    now, begun, waited = line.desk.now, line.desk.now, []
    while _events() != {"dead": 1}:
        (event,) = ProviderEvent.select()
        assert event.next_attempt_at is not None
        waited.append((event.next_attempt_at - now).total_seconds())
        now = event.next_attempt_at
        inbox.apply_each(ProviderEvent.claim_waiting(now, 9, SECOND), now)
    assert tuple(waited[1:]) == line.desk.stack.settings.retry_event_seconds
    assert now - begun > timedelta(hours=72)
    assert len(_letters()) == 1
    assert ProviderEvent.claim_waiting(now + timedelta(days=9), 9, SECOND) == []


@pytest.mark.row("C6")
def test_a_poisonous_event_is_put_off_and_stops_no_other_of_its_batch(line: Line) -> None:
    assert line.tells("ringing", 1) == 204
    ProviderEvent.update(provider="nobody").execute()
    assert line.tells("in-progress", 2) == 204
    assert line.tells("completed", 3) == 204
    batch = ProviderEvent.claim_waiting(line.desk.now + 60 * SECOND, 9, SECOND)
    inbox.apply_each(batch, line.desk.now)
    assert len(batch) == 3
    assert _events() == {"parked": 1, "applied": 2}
    assert line.now == ("completed", "reached")
    (parked,) = ProviderEvent.select().where(ProviderEvent.state == "parked")
    assert (parked.tries, parked.next_attempt_at) == (1, line.desk.now + SECOND)
    assert parked.reason == "could not be applied: LookupError"


@pytest.mark.row("C6")
def test_what_can_not_be_read_is_answered_with_2xx_and_a_dead_letter_at_once(line: Line) -> None:
    account = line.desk.stack.settings.sandbox_credentials["account_sid"]
    for strange in ({"CallSid": "no sid", "AccountSid": account}, {"AccountSid": "AC1"}, {}):
        for _ in range(2):
            assert line.carrier.told(strange, line.call.id).status_code == 204
    line.apply()
    assert _events() == {"parked": 3}
    assert Counter(_letters()) == {"CallSid is not a SID": 1, "foreign account": 2}
    assert ProviderEvent.select().where(ProviderEvent.next_attempt_at.is_null(False)).count() == 0
    assert line.now == ("queued", "sending")


@ON_SQLITE
def test_an_unreadable_event_replayed_too_early_is_parked_again_with_one_letter(
    line: Line,
) -> None:
    event = _unreadable(line)
    assert inbox.replay(event.id, line.desk.now)
    line.apply()
    assert _events() == {"parked": 1}
    assert len(_letters()) == 1


@ON_SQLITE
def test_an_unreadable_event_that_can_be_read_by_now_is_applied_on_replay(line: Line) -> None:
    event = _unreadable(line)
    body = f"CallSid={SID}&AccountSid={event.account}&CallStatus=ringing&SequenceNumber=1"
    ProviderEvent.update(body=body).execute()  # as if the reading had been mended
    assert inbox.replay(event.id, line.desk.now)
    line.apply()
    assert line.now == ("ringing", "sending")
    assert [told.status for told in ProviderEvent.timeline([line.call.id])] == ["ringing"]
    assert not inbox.replay(event.id, line.desk.now), "it was applied"


@ON_SQLITE
def test_an_unreadable_event_that_came_readable_as_well_has_no_second_effect(line: Line) -> None:
    event = _unreadable(line)
    assert line.tells("ringing", 1) == 204
    line.apply()
    body = f"CallSid={SID}&AccountSid={event.account}&CallStatus=ringing&SequenceNumber=1"
    ProviderEvent.update(body=body).where(ProviderEvent.id == event.id).execute()
    assert inbox.replay(event.id, line.desk.now)
    line.apply()
    assert _events() == {"applied": 2}
    assert len(ProviderEvent.timeline([line.call.id])) == 1


def test_a_dead_event_goes_back_in_line_once_and_finds_its_call(line: Line) -> None:
    params = line.carrier.status(OTHER, "completed", 3)
    assert line.carrier.told(params).status_code == 204
    (event,) = ProviderEvent.select()
    for _ in range(len(line.desk.stack.settings.retry_event_seconds) + 1):
        line.apply()
    assert _events() == {"dead": 1}
    CallLog.update(external_id=OTHER).where(CallLog.id == line.call.id).execute()
    assert inbox.replay(event.id, line.desk.now)
    assert not inbox.replay(event.id, line.desk.now), "it waits already"
    line.apply()
    assert _events() == {"applied": 1}
    assert line.now == ("completed", "reached")


@pytest.mark.row("A4")
def test_a_second_call_of_one_attempt_becomes_a_call_of_its_own_and_is_flagged(line: Line) -> None:
    params = line.carrier.status(OTHER, "ringing", 1)
    assert line.carrier.told(params, line.call.id).status_code == 204
    line.apply()
    assert _events() == {"applied": 1}
    assert line.now == ("queued", "sending")
    extra: CallLog = CallLog.get(CallLog.external_id == OTHER)
    assert (extra.state, extra.reason, extra.notification_id) == ("ringing", "duplicate", None)
    assert extra.end_at is not None
    flagged = [told for told in line.desk.stack.api.feed() if told["type"].endswith("_suspected")]
    assert {told["object_id"] for told in flagged} == {line.call.id, extra.id}
    assert line.carrier.told(line.carrier.status(OTHER, "completed", 3)).status_code == 204
    line.apply()
    assert line.now == ("queued", "sending")
    shown = line.desk.stack.api.show(extra.id)
    assert (shown["state"], shown["failure"]["reason"]) == ("completed", "duplicate")

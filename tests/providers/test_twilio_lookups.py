"""Finding and ending calls at Twilio, over real sockets."""

import json
import time
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.domain.lifecycle import CallState
from gateway.domain.provider import Found, LookupFailed, Provider
from gateway.providers.twilio import TwilioProvider
from tests.providers import breaking
from tests.providers.kits import CALL_SID, FROM, LIVE_SID, TO, request, settings
from tests.providers.stand_in import Act, Connection, StandIn, answering


def at(carrier: StandIn) -> Provider:
    return TwilioProvider(settings(sandbox_url=carrier.url, provider_deadline_seconds=1.0))


def record(number: int = 0, **changes: Any) -> dict[str, Any]:
    known = {
        "sid": f"CA{number:032x}",
        "to": TO,
        "from": FROM,
        "status": "queued",
        "direction": "outbound-api",
        "date_created": "Sat, 21 Nov 2026 10:00:00 +0000",
        "start_time": None,
    }
    return {**known, **changes}


def find(act: Act) -> Sequence[Found]:
    with StandIn(act) as carrier:
        provider = at(carrier)
        found = provider.find(request(provider))
    assert found is not None
    return found


def paged(pages: list[list[dict[str, Any]]], endless: bool = False) -> Act:
    def act(connection: Connection) -> None:
        while (seen := connection.read()) is not None:
            number = int(seen.target.partition("&Page=")[2] or 0)
            more = endless or number + 1 < len(pages)
            path = seen.target.partition("&Page=")[0]
            body = {
                "calls": pages[number % len(pages)],
                "next_page_uri": f"{path}&Page={number + 1}" if more else None,
                "page": number,
            }
            connection.answer(200, json.dumps(body).encode())

    return act


def test_a_look_up_reads_every_page_and_only_our_own_calls() -> None:
    pages = [
        [record(1), record(2, direction="inbound"), record(3, status="completed")],
        [record(4, status="surprise", date_created=None)],
    ]
    found = find(paged(pages))
    assert [(call.external_id[-1], call.state) for call in found] == [
        ("1", CallState.QUEUED),
        ("3", CallState.COMPLETED),
        ("4", CallState.UNKNOWN),
    ]
    assert found[0].created_at is not None
    assert found[0].created_at.isoformat() == "2026-11-21T10:00:00+00:00"
    assert found[2].created_at is None


def test_a_look_up_asks_by_both_numbers_and_not_by_time() -> None:
    with StandIn(paged([[]])) as carrier:
        provider = at(carrier)
        assert provider.find(request(provider)) == []
        (seen,) = carrier.requests
        assert "To=%2B15005550011&From=%2B15005550006&PageSize=50" in seen.target
        assert "Time" not in seen.target


@pytest.mark.parametrize(
    "act",
    [
        answering(500, {}),
        answering(401, {"code": 20003}),
        answering(200, b"<html>"),
        answering(200, {"calls": None}),
        answering(200, {"calls": [{}]}),
        answering(200, {"calls": [record(1, sid="CA1")]}),
        answering(200, {"calls": [record(1, to="+15005550099")]}),
        answering(200, {"calls": [record(1, status=None)]}),
        answering(200, {"calls": [], "meta": {"next_page_url": "http://127.0.0.2:1/steal"}}),
        paged([[record(1)]], endless=True),
        breaking.hangs,
        breaking.truncates,
        breaking.closes_without_a_word,
    ],
)
def test_a_look_up_that_is_not_complete_concludes_nothing(act: Act) -> None:
    begun = time.monotonic()
    with pytest.raises(LookupFailed):
        find(act)
    assert time.monotonic() - begun < 3


def test_a_look_up_without_its_account_concludes_nothing() -> None:
    provider = TwilioProvider(settings())
    with pytest.raises(LookupFailed):
        provider.find(request(provider, account=LIVE_SID))


def fetch(act: Act, sid: str = "CA" + "0" * 31 + "1") -> Found | None:
    with StandIn(act) as carrier:
        provider = at(carrier)
        return provider.fetch(str(provider.account("test")), sid)


def test_a_call_fetched_by_its_id_tells_how_it_ended() -> None:
    ended = record(
        1, status="busy", duration="0", answered_by=None, end_time="Sat, 21 Nov 2026 10:01:00 +0000"
    )
    found = fetch(answering(200, ended))
    assert found is not None
    assert (found.state, found.duration_seconds) == (CallState.BUSY, 0)
    assert found.ended_at is not None
    assert found.ended_at.isoformat() == "2026-11-21T10:01:00+00:00"
    assert found.failure is not None
    assert (found.failure.failure_class, found.failure.reason) == ("temporary", "busy")


def test_a_call_fetched_while_it_goes_on_has_no_end_yet() -> None:
    running = record(
        1, status="in-progress", duration="7", end_time=record()["date_created"],
        answered_by="machine_start",
    )  # fmt: skip
    found = fetch(answering(200, running))
    assert found is not None
    assert (found.state, found.answered_by) == (CallState.IN_PROGRESS, "machine")
    assert (found.ended_at, found.duration_seconds, found.failure) == (None, None, None)


def test_a_call_that_twilio_does_not_have_is_none_and_not_a_failure() -> None:
    assert fetch(answering(404, {"code": 20404})) is None
    assert fetch(answering(200, {}), "../Calls") is None


@pytest.mark.parametrize(
    "act",
    [
        answering(500, {}),
        answering(401, {"code": 20003}),
        answering(404, b"<html>no such page</html>"),
        answering(200, b"<html>"),
        answering(200, {}),
        answering(200, record(2, status="completed")),
        answering(200, record(1, status=None)),
        answering(200, record(1, status="x" * 65)),
        answering(200, record(1, status="com\x00pleted")),
        answering(200, record(1, direction="inbound")),
        breaking.hangs,
        breaking.truncates,
        breaking.talks_garbage,
        breaking.closes_without_a_word,
    ],
)
def test_a_fetch_that_lies_or_breaks_concludes_nothing(act: Act) -> None:
    with pytest.raises(LookupFailed):
        fetch(act)


@pytest.mark.parametrize(
    ("answers", "over"),
    [
        ([(200, {"sid": CALL_SID, "status": "completed"})], True),
        ([(200, {"sid": CALL_SID, "status": "canceled"})], True),
        ([(200, {"sid": CALL_SID, "status": "in-progress"})], False),
        ([(400, {"code": 21220}), (200, {"sid": CALL_SID, "status": "busy"})], True),
        ([(400, {"code": 21220}), (200, {"sid": CALL_SID, "status": "ringing"})], False),
        ([(404, {"code": 20404}), (404, {"code": 20404})], False),
        ([(500, {}), (500, {})], False),
    ],
)
def test_hanging_up_tells_whether_the_call_is_over(
    answers: list[tuple[int, dict[str, object]]], over: bool
) -> None:
    left = list(answers)

    def act(connection: Connection) -> None:
        while connection.read() is not None:
            status, body = left.pop(0)
            connection.answer(status, json.dumps(body).encode())

    with StandIn(act) as carrier:
        provider = at(carrier)
        assert provider.hang_up(str(provider.account("test")), CALL_SID) is over
        assert carrier.requests[0].form == {"Status": ["completed"]}


def test_hanging_up_never_raises() -> None:
    with StandIn(breaking.closes_without_a_word) as carrier:
        provider = at(carrier)
        account = str(provider.account("test"))
        assert not provider.hang_up(account, CALL_SID)
        assert not provider.hang_up(account, "../Calls")
        assert not provider.hang_up("nobody", CALL_SID)

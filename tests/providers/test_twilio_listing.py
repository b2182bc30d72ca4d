"""Twilio's list of the calls from one number, over real sockets."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.domain.lifecycle import CallState
from gateway.domain.provider import Listed, LookupFailed
from gateway.providers.twilio import TwilioProvider
from tests.providers import breaking
from tests.providers.kits import FROM, LIVE_SID, TO, settings
from tests.providers.stand_in import Act, Connection, StandIn, answering

SINCE = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
EARLIER = "Fri, 20 Nov 2026 09:59:59 +0000"
JUST_BEFORE = "Sat, 21 Nov 2026 09:59:59 +0000"


def record(number: int, **changes: Any) -> dict[str, Any]:
    known = {
        "sid": f"CA{number:032x}",
        "to": TO,
        "from": FROM,
        "status": "completed",
        "direction": "outbound-api",
        "date_created": "Sat, 21 Nov 2026 10:00:00 +0000",
        "start_time": None,
    }
    return {**known, **changes}


class Twilio:
    """Answers lists by what they are narrowed to; keeps what was asked."""

    def __init__(self, **parts: list[list[dict[str, Any]]]) -> None:
        self.parts = parts
        self.asked: list[dict[str, list[str]]] = []
        self.fail: set[int] = set()

    def __call__(self, connection: Connection) -> None:
        while (seen := connection.read()) is not None:
            url = urlsplit(seen.target)
            query = parse_qs(url.query)
            self.asked.append(query)
            if len(self.asked) in self.fail:
                connection.answer(503, b"oops")
                continue
            name = query.get("Status", ["dialled"])[0]
            pages = self.parts.get(name, [[]])
            number = int(query.get("Page", ["0"])[0])
            further = f"{url.path}?Status={name}&Page={number + 1}"
            if name == "dialled":
                further = f"{url.path}?Page={number + 1}"
            body = {
                "calls": pages[number],
                "next_page_uri": further if number + 1 < len(pages) else None,
                "page": number,
            }
            connection.answer(200, json.dumps(body).encode())


def listed(act: Act, since: datetime = SINCE) -> Sequence[Listed]:
    with StandIn(act) as carrier:
        provider = TwilioProvider(settings(sandbox_url=carrier.url))
        found = provider.listed(str(provider.account("test")), FROM, since)
    assert found is not None
    return found


@pytest.mark.row("A4")
def test_the_list_is_read_in_parts_so_that_no_call_slips_between_them() -> None:
    twilio = Twilio(
        queued=[[record(1, status="queued"), record(2, status="queued")]],
        dialled=[[record(3), record(2, status="ringing")], [record(4, to="+15005550099")]],
        canceled=[[record(5, status="canceled")]],
        failed=[[record(6, status="failed")]],
    )
    found = {one.call.external_id[-1]: one for one in listed(twilio)}
    assert sorted(found) == ["1", "2", "3", "4", "5", "6"]
    assert found["2"].call.state is CallState.RINGING
    assert found["4"].to == "+15005550099"
    assert all(one.call.created_at == SINCE for one in found.values())
    first, then = twilio.asked[:2]
    assert (first["From"], first["Status"], "StartTime>" in first) == ([FROM], ["queued"], False)
    assert (then["StartTime>"], "Status" in then) == (["2026-11-21"], False)
    assert all("To" not in one for one in twilio.asked)


@pytest.mark.row("A4")
def test_what_is_older_or_not_ours_is_left_out_and_ends_the_parts_without_a_day() -> None:
    old = [record(n, status="canceled", date_created=EARLIER) for n in (7, 8)]
    twilio = Twilio(
        dialled=[[record(1, direction="inbound"), record(2, date_created=JUST_BEFORE), record(3)]],
        canceled=[[record(4, status="canceled")], old, [record(9, status="canceled")]],
    )
    found = listed(twilio)
    assert sorted(one.call.external_id[-1] for one in found) == ["3", "4"]
    assert [one.get("Page") for one in twilio.asked if one.get("Status") == ["canceled"]] == [
        None,
        ["1"],
    ]


def test_a_page_that_fails_is_asked_for_again_and_a_third_failure_ends_it() -> None:
    twilio = Twilio(dialled=[[record(1)], [record(2)]])
    twilio.fail = {1, 4}
    assert len(listed(twilio)) == 2
    twilio = Twilio(dialled=[[record(1)], [record(2)]])
    twilio.fail = {3, 4, 5}
    with pytest.raises(LookupFailed):
        listed(twilio)


@pytest.mark.parametrize(
    "act",
    [
        answering(500, {}),
        answering(401, {"code": 20003}),
        answering(200, b"<html>"),
        answering(200, {"calls": None}),
        answering(200, {"calls": [{}]}),
        answering(200, {"calls": [record(1, sid="CA1")]}),
        answering(200, {"calls": [record(1, date_created=None)]}),
        answering(200, {"calls": [record(1, to=None)]}),
        answering(200, {"calls": [record(1, **{"from": "+15005550099"})]}),
        answering(200, {"calls": [], "meta": {"next_page_url": "http://127.0.0.2:1/steal"}}),
        breaking.truncates,
        breaking.closes_without_a_word,
    ],
)
def test_a_list_that_is_not_complete_concludes_nothing(act: Act) -> None:
    with pytest.raises(LookupFailed):
        listed(act)


def test_a_list_without_its_account_concludes_nothing() -> None:
    with pytest.raises(LookupFailed):
        TwilioProvider(settings()).listed(LIVE_SID, FROM, SINCE)

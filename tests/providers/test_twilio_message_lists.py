"""Finding messages at Twilio, over real sockets."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.domain.lifecycle import MessageState
from gateway.domain.provider import Found, Listed, LookupFailed
from gateway.providers.twilio import TwilioProvider
from tests.providers import breaking
from tests.providers.kits import FROM, TO, settings
from tests.providers.messages import message
from tests.providers.stand_in import Act, Connection, StandIn, answering

SINCE = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
LATER = "Sat, 21 Nov 2026 10:00:00 +0000"
EARLIER = "Fri, 20 Nov 2026 09:59:59 +0000"
PREFIX = {"sms": "", "whatsapp": "whatsapp:"}


def record(number: int, channel: str = "sms", **changes: Any) -> dict[str, Any]:
    known = {
        "sid": f"SM{number:032x}",
        "to": PREFIX[channel] + TO,
        "from": PREFIX[channel] + FROM,
        "body": "somebody's words",
        "status": "delivered",
        "direction": "outbound-api",
        "date_created": LATER,
        "date_updated": "Sat, 21 Nov 2026 10:00:07 +0000",
        "error_code": None,
    }
    return {**known, **changes}


class Twilio:
    """Answers lists of messages: all of them, or those sent since a day; keeps what was asked."""

    def __init__(
        self,
        pages: list[list[dict[str, Any]]],
        sent: list[list[dict[str, Any]]] | None = None,
        *,
        endless: bool = False,
        date: str | None = None,
    ) -> None:
        self.pages, self.sent, self.endless = pages, sent or [[]], endless
        self.headers = {"Date": date} if date else {}
        self.asked: list[dict[str, list[str]]] = []

    def __call__(self, connection: Connection) -> None:
        while (seen := connection.read()) is not None:
            url = urlsplit(seen.target)
            query = parse_qs(url.query)
            self.asked.append(query)
            number = int(query.get("Page", ["0"])[0])
            by_day = "DateSent>" in query or "sent" in query
            pages = self.sent if by_day else self.pages
            more = self.endless or number + 1 < len(pages)
            further = f"{url.path}?{'sent=1&' if by_day else ''}Page={number + 1}"
            body = {
                "messages": pages[number % len(pages)],
                "next_page_uri": further if more else None,
                "page": number,
            }
            connection.answer(200, json.dumps(body).encode(), self.headers)


def find(act: Act, channel: str = "sms") -> Sequence[Found]:
    with StandIn(act) as carrier:
        provider = TwilioProvider(settings(sandbox_url=carrier.url, provider_deadline_seconds=3.0))
        found = provider.find(message(provider, channel))
    assert found is not None
    return found


def listed(act: Act, channel: str = "sms") -> Sequence[Listed]:
    with StandIn(act) as carrier:
        provider = TwilioProvider(settings(sandbox_url=carrier.url, provider_deadline_seconds=3.0))
        found = provider.listed(str(provider.account("test", channel)), FROM, SINCE, channel)
    assert found is not None
    return found


def fetch(act: Act, sid: str = "SM" + "0" * 31 + "1") -> Found | None:
    with StandIn(act) as carrier:
        provider = TwilioProvider(settings(sandbox_url=carrier.url))
        return provider.fetch(str(provider.account("test", "sms")), sid)


@pytest.mark.row("A4")
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_a_look_up_asks_by_both_addresses_and_reads_every_page(channel: str) -> None:
    twilio = Twilio(
        [
            [record(1, channel), record(2, channel, direction="inbound")],
            [record(3, channel, status="sent"), record(4, channel, status="surprise")],
        ]
    )
    found = find(twilio, channel)
    assert [(one.external_id[-1], one.state) for one in found] == [
        ("1", MessageState.DELIVERED),
        ("3", MessageState.SENT),
        ("4", MessageState.UNKNOWN),
    ]
    first = twilio.asked[0]
    assert (first["To"], first["From"]) == ([PREFIX[channel] + TO], [PREFIX[channel] + FROM])
    assert not [name for name in first if "Date" in name]


@pytest.mark.parametrize(
    "act",
    [
        answering(200, {"messages": [record(1, to="+15005550099")]}),
        answering(200, {"messages": [record(1, sid="CA" + "0" * 32)]}),
        answering(200, {"messages": [record(1, status=None)]}),
        answering(200, {"calls": []}),
        Twilio([[record(1)]], endless=True),
        Twilio([[record(1)]], endless=True, date="Sat, 21 Nov 2026 10:00:10 GMT"),
    ],
)
def test_a_look_up_that_is_not_complete_concludes_nothing(act: Act) -> None:
    with pytest.raises(LookupFailed):
        find(act)


def test_a_thousand_old_messages_to_one_person_do_not_hide_the_latest() -> None:
    twilio = Twilio([[record(1)]], endless=True, date="Sun, 29 Nov 2026 10:00:10 GMT")
    assert find(twilio)[0].external_id.endswith("1")


def test_a_message_fetched_by_its_id_tells_what_became_of_it() -> None:
    found = fetch(answering(200, record(1, status="undelivered", error_code=30005)))
    assert found is not None
    assert (found.state, found.provider_status) == (MessageState.UNDELIVERED, "undelivered")
    assert found.ended_at == datetime(2026, 11, 21, 10, 0, 7, tzinfo=UTC)
    assert found.failure is not None
    assert (found.failure.reason, found.failure.provider_code) == ("unreachable", "30005")
    under_way = fetch(answering(200, record(1, status="sent")))
    assert under_way is not None
    assert (under_way.state, under_way.ended_at, under_way.failure) == (
        MessageState.SENT,
        None,
        None,
    )


def test_a_message_is_fetched_where_messages_are() -> None:
    for prefix, place in (("SM", "Messages"), ("MM", "Messages"), ("CA", "Calls")):
        with StandIn(answering(404, {"code": 20404})) as carrier:
            provider = TwilioProvider(settings(sandbox_url=carrier.url))
            account = str(provider.account("test"))
            assert provider.fetch(account, prefix + "0" * 32) is None
            assert carrier.requests[0].target.endswith(f"/{place}/{prefix}{'0' * 32}.json")


@pytest.mark.parametrize(
    "act",
    [
        answering(500, {}),
        answering(200, record(2)),
        answering(200, record(1, direction="inbound", status="received")),
        answering(200, record(1, status="de livered")),
        breaking.truncates,
    ],
)
def test_a_fetch_that_lies_or_breaks_concludes_nothing(act: Act) -> None:
    with pytest.raises(LookupFailed):
        fetch(act)


@pytest.mark.row("A4")
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_the_list_holds_what_waits_and_what_was_sent_since_the_day(channel: str) -> None:
    old = [record(n, channel, date_created=EARLIER) for n in (8, 9)]
    twilio = Twilio(
        [[record(1, channel, status="queued"), record(2, channel, status="queued")], old, old],
        [[record(2, channel, status="sent"), record(3, channel, direction="inbound")], old],
    )
    found = {one.call.external_id[-1]: one for one in listed(twilio, channel)}
    assert sorted(found) == ["1", "2"]
    assert found["2"].call.state is MessageState.SENT
    assert {one.to for one in found.values()} == {TO}
    assert twilio.asked[0]["From"] == [PREFIX[channel] + FROM]
    by_day = next(one for one in twilio.asked if "DateSent>" in one)
    assert by_day["DateSent>"] == ["2026-11-21"]
    pages = [one.get("Page", ["0"]) for one in twilio.asked if not {"DateSent>", "sent"} & {*one}]
    assert pages == [["0"], ["1"]], "the part without an end stops where all is old"


@pytest.mark.parametrize(
    "act",
    [
        answering(200, {"messages": [record(1, **{"from": "+15005550099"})]}),
        answering(200, {"messages": [record(1, date_created=None)]}),
        answering(200, {"calls": []}),
    ],
)
def test_a_list_that_is_not_complete_concludes_nothing(act: Act) -> None:
    with pytest.raises(LookupFailed):
        listed(act)

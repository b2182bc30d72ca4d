"""The single changes that are tried on a refused callback."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gateway.domain.callback import Callback
from gateway.domain.signature_changes import MOST_CHANGES, Cause, changes

URL = "https://hooks.example.com/webhooks/x?attempt=at_1&part=2"
SENT = Callback("POST", "x", URL, "attempt=at_1&part=2", {"x-signature": "abc="}, b"A=1&B=%2B2")

ANY = st.text(max_size=30)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["host", "x-forwarded-host", "forwarded", "x-original-uri", "x-forwarded-prefix",
         "x-forwarded-port", "x-signature", "content-type", "x-original-url"]
    ), ANY,
)  # fmt: skip


def tried(callback: Callback) -> dict[tuple[str, bytes], Cause]:
    """What is tried, by URL and body."""
    found: dict[tuple[str, bytes], Cause] = {}
    for change in changes(callback, "x-signature"):
        found.setdefault((change.callback.url, change.callback.body), change.cause)
    return found


@given(url=ANY, headers=HEADERS, body=st.binary(max_size=60), query=ANY)
@hypothesis_settings(max_examples=200, deadline=None)
def test_whatever_arrived_there_are_few_changes_and_none_twice(
    url: str, headers: dict[str, str], body: bytes, query: str
) -> None:
    for address in (url, f"https://h/webhooks/x{url}", f"https://h/webhooks/x?{query}"):
        arrived = Callback("POST", "x", address, query, headers, body)
        made = [change.callback for change in changes(arrived, "x-signature", ["https://a.b"])]
        assert len(made) <= MOST_CHANGES
        assert arrived not in made
        assert [one for at, one in enumerate(made) if one in made[:at]] == []


@given(headers=HEADERS, first=ANY)
@hypothesis_settings(max_examples=200, deadline=None)
def test_advice_shows_of_strangers_words_only_what_is_plain(
    headers: dict[str, str], first: str
) -> None:
    arrived = replace(SENT, headers=headers, url=f"https://h/{first}/webhooks/x")
    for change in changes(arrived, "x-signature"):
        assert change.advice.isascii()
        assert change.advice.isprintable()
        assert len(change.advice) < 250


UNDONE = {
    "https://hooks.example.com/webhooks/x?attempt=at_1&part=2": {
        "http://hooks.example.com/webhooks/x?attempt=at_1&part=2": Cause.SCHEME,
        "https://hooks.example.com:8443/webhooks/x?attempt=at_1&part=2": Cause.PORT,
        "https://www.hooks.example.com/webhooks/x?attempt=at_1&part=2": Cause.HOST,
        "http://www.hooks.example.com/webhooks/x?attempt=at_1&part=2": Cause.ADDRESS,
        "https://hooks.example.com/api/webhooks/x?attempt=at_1&part=2": Cause.PREFIX,
        "https://hooks.example.com/x?attempt=at_1&part=2": Cause.PREFIX,
        "https://hooks.example.com/webhooks/x/?attempt=at_1&part=2": Cause.PATH,
        "https://hooks.example.com/webhooks/x?part=2&attempt=at_1": Cause.QUERY_ORDER,
        "https://hooks.example.com/webhooks/x?part=2": Cause.QUERY_ADDED,
        "https://hooks.example.com/webhooks/x": Cause.QUERY_ADDED,
    },
    "https://hooks.example.com:8443/webhooks/x": {
        "https://hooks.example.com/webhooks/x": Cause.PORT,
        "https://hooks.example.com:8443/webhooks/x?": Cause.QUERY_SPELLING,
    },
    "https://[::1]:8443/webhooks/x": {"https://[::1]/webhooks/x": Cause.PORT},
    "https://[::1]/webhooks//x?a=b+c&d=%2f": {
        "https://[::1]:8443/webhooks//x?a=b+c&d=%2f": Cause.PORT,
        "http://[::1]/webhooks//x?a=b+c&d=%2f": Cause.SCHEME,
        "https://[::1]/webhooks/x?a=b+c&d=%2f": Cause.PATH,
        "https://[::1]/webhooks//x?a=b%20c&d=%2f": Cause.QUERY_SPELLING,
        "https://[::1]/webhooks//x?a=b+c&d=%2F": Cause.QUERY_SPELLING,
    },
}


@pytest.mark.parametrize("arrived", UNDONE)
def test_what_routers_do_to_an_address_is_undone_and_named(arrived: str) -> None:
    query = arrived.partition("?")[2]
    found = tried(replace(SENT, url=arrived, query=query))
    for signed, cause in UNDONE[arrived].items():
        assert found.get((signed, SENT.body)) == cause, signed


HINTS = {
    "x-forwarded-host": ("a.example, b.example", "https://b.example/webhooks/x", Cause.HOST),
    "forwarded": ('for=1;host="c.example:8443"', "https://c.example:8443/webhooks/x", Cause.HOST),
    "x-forwarded-port": ("9443", "https://h.example:9443/webhooks/x", Cause.PORT),
    "x-original-uri": ("/deep/webhooks/x", "https://h.example/deep/webhooks/x", Cause.PREFIX),
    "x-original-url": ("https://h.example/y?z", "https://h.example/y?z", Cause.PATH),
    "x-rewrite-url": ("/webhooks/x?q=%41", "https://h.example/webhooks/x?q=%41",
                      Cause.QUERY_SPELLING),
    "x-forwarded-prefix": ("/hooks/", "https://h.example/hooks/webhooks/x", Cause.PREFIX),
    "x-original-query": ("a=1", "https://h.example/webhooks/x?a=1", Cause.QUERY_LOST),
}  # fmt: skip


@pytest.mark.parametrize("name", HINTS)
def test_what_routers_say_that_they_did_is_tried(name: str) -> None:
    said, signed, cause = HINTS[name]
    query = "" if cause is not Cause.QUERY_LOST else "?b=2"
    url = f"https://h.example/webhooks/x{query}"
    arrived = replace(SENT, url=url, query=query[1:], headers={name: said})
    assert tried(arrived).get((signed, SENT.body)) == cause


def test_a_change_of_the_query_is_one_of_the_callback_too() -> None:
    for change in changes(SENT, ""):
        if change.callback.url != SENT.url:
            assert change.callback.query == change.callback.url.partition("?")[2]


@pytest.mark.parametrize("port", ["٣", "123456", "x", "-1"])
def test_what_is_no_port_is_not_tried_as_one(port: str) -> None:
    arrived = replace(SENT, headers={"x-forwarded-port": port})
    assert [one for one in changes(arrived, "") if f":{port}/" in one.callback.url] == []


def test_the_other_addresses_of_the_installation_are_tried() -> None:
    made = {change.callback.url: change.cause for change in changes(SENT, "", ["http://o.example"])}
    rest = URL.partition("example.com")[2]
    assert made[f"https://o.example{rest}"] == Cause.HOST
    assert made[f"http://o.example{rest}"] == Cause.ADDRESS


SPELLED = {
    "a=b%20c": "a=b+c",
    "a=b%20c%2F": "a=b+c%2F",
    "a=b+c": "a=b%20c",
    "a=x%3Ay": "a=x:y",
    "a=b%20c%3A": "a=b+c:",
    "a=x:y": "a=x%3Ay",
    "a=x:y;z": "a=x:y%3Bz",
    "a=1&amp;b=2": "a=1&b=2",
    "a=%2F": "a=%2f",
    "a=%2f": "a=%2F",
}


@pytest.mark.parametrize("arrived", SPELLED)
def test_a_query_that_was_spelled_in_another_way_is_undone(arrived: str) -> None:
    at = "https://h.example/webhooks/x?"
    found = tried(replace(SENT, url=at + arrived, query=arrived))
    assert found.get((at + SPELLED[arrived], SENT.body)) == Cause.QUERY_SPELLING


@pytest.mark.parametrize("order", ["12345", "54321", "23451", "51234"])
def test_many_parameters_are_tried_in_the_orders_that_programs_make(order: str) -> None:
    """Sorted, sorted backwards, and the first or the last one moved."""
    at = "https://h.example/webhooks/x?"
    mixed = {"12345": "31524", "54321": "31524"}.get(order, "12345")
    query, signed = ("&".join(f"p{one}=1" for one in each) for each in (mixed, order))
    found = tried(replace(SENT, url=at + query, query=query))
    assert found.get((at + signed, SENT.body)) == Cause.QUERY_ORDER


def test_four_parameters_are_tried_in_every_order() -> None:
    at = "https://h.example/webhooks/x?"
    found = tried(replace(SENT, url=f"{at}a=1&b=2&c=3&d=4", query="a=1&b=2&c=3&d=4"))
    assert list(found.values()).count(Cause.QUERY_ORDER) == 23


def test_advice_names_a_plain_host_and_no_odd_one() -> None:
    hosts = {"x-forwarded-host": "b.example:8443, évil host"}
    told = [change.advice for change in changes(replace(SENT, headers=hosts), "")]
    assert any("b.example:8443" in advice for advice in told)
    assert any("another one" in advice for advice in told)

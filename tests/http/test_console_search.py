"""The search of /console: what it finds by, what stands in addresses, pages of it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from gateway.models import base
from gateway.models.staff import StaffSession
from tasks import clock
from tests.http import seed
from tests.http.staff_stage import Browser, ledger
from tests.http.stage import OTHER_PHONE, PHONE, Api

SignedIn = Callable[..., Browser]
LINK = re.compile(r'href="/console/(?:calls|messages)/((?:cl|ml)_[0-9a-z]{26})"')


def hits(page: str) -> list[str]:
    """Ids of the calls and messages that a page lists, in its order."""
    return LINK.findall(page)


def look(browser: Browser, **fields: str) -> str:
    """What the form finds."""
    browser.see("/console")
    answer = browser.post("/console/search", **fields)
    assert answer.status_code == 303, answer.text
    return browser.see(answer.headers["Location"])


@pytest.mark.row("F7")
def test_calls_and_messages_are_found_by_each_field(api: Api, signed_in: SignedIn) -> None:
    book = api.book(external_id="bk-7", contact={"phone": PHONE, "name": "Ada Quill-Brown"})
    ours = seed.call(api, booking_id=book["id"], external_id="CA-mine", state="busy")
    text = seed.message(api, channel="whatsapp", to_address=OTHER_PHONE, provider="meta")
    seed.call(api, mode="live")
    browser = signed_in("support")
    for fields, expected in (
        ({}, [text, ours]),
        ({"who": PHONE}, [ours]),
        ({"who": "0049 1511 2345678"}, [ours]),
        ({"who": "quill"}, [ours]),
        ({"who": "ada BROWN"}, [ours]),
        ({"who": "uill"}, []),
        ({"who": OTHER_PHONE}, [text]),
        ({"ref": "bk-7"}, [ours]),
        ({"ref": book["id"]}, [ours]),
        ({"ref": "CA-mine"}, [ours]),
        ({"ref": ours}, [ours]),
        ({"ref": "nothing"}, []),
        ({"channel": "voice"}, [ours]),
        ({"channel": "whatsapp"}, [text]),
        ({"channel": "email"}, []),
        ({"state": "busy"}, [ours]),
        ({"state": "failed-to-reach"}, [ours]),
        ({"state": "arrived"}, [text]),
        ({"state": "under-way"}, []),
        ({"provider": "meta"}, [text]),
        ({"from": "2026-06-01T00:00", "to": "2026-07-01"}, [text, ours]),
        ({"to": "2026-06-01"}, []),
        ({"who": PHONE, "state": "completed"}, []),
    ):
        assert hits(look(browser, **fields)) == expected, fields


def test_no_address_has_a_number_a_name_or_words(api: Api, signed_in: SignedIn) -> None:
    seed.transcript(seed.call(api), "I would rather come on Tuesday")
    browser = signed_in("support")
    browser.see("/console")
    told = {"who": PHONE, "words": "Tuesday", "state": "completed"}
    where = browser.post("/console/search", **told).headers["Location"]

    assert re.fullmatch(r"/console\?state=completed&search=[\w-]{12}", where)
    page = browser.see(where)
    assert len(set(hits(page))) == 1
    assert f'value="{PHONE}"' in page  # the form keeps what was asked for
    assert browser.post("/console/search", **told).headers["Location"] == where
    assert not re.search(r'(href|hx-\w+|action)="[^"]*(4915112345678|Tuesday)', page)


def test_terms_of_another_session_are_not_known(api: Api, signed_in: SignedIn) -> None:
    browser = signed_in("support")
    browser.see("/console")
    where = browser.post("/console/search", who=PHONE).headers["Location"]

    answer = signed_in("support", email="b@example.com").get(where)
    assert answer.status_code == 404
    assert PHONE not in answer.text


def test_the_session_keeps_only_so_many_terms(signed_in: SignedIn) -> None:
    browser = signed_in("support")
    browser.see("/console")
    first = browser.post("/console/search", who="Name Zero").headers["Location"]
    for number in range(20):
        last = browser.post("/console/search", who=f"Name {number} of many").headers["Location"]
    assert browser.get(first).status_code == 404
    browser.see(last)


def test_the_terms_go_with_the_session(signed_in: SignedIn) -> None:
    browser = signed_in("support")
    browser.see("/console")
    browser.post("/console/search", who=PHONE)
    with base.connection():
        assert PHONE in str(StaffSession.select().get().searches)
        clock.tidy(datetime.now(UTC) + timedelta(hours=13))
        assert StaffSession.select().count() == 0


@pytest.mark.row("F7")
def test_words_are_marked_where_they_were_said_and_it_is_noted_who_read_them(
    api: Api, signed_in: SignedIn
) -> None:
    said = seed.call(api)
    seed.transcript(said, "well & good, but <i>TUESDAY</i> is better than Monday " + "so " * 200)
    seed.transcript(seed.call(api), "Monday then")
    before = len(ledger())

    browser = signed_in("support")
    assert hits(look(browser, words="tuesday", channel="sms")) == []
    assert hits(look(browser, words="tuesday", state="busy")) == []
    assert hits(look(browser, words="tuesday", ref=seed.call(api))) == []
    assert ledger()[before:] == []
    page = look(browser, words="tuesday better")

    assert hits(page) == [said]
    assert "<i><mark>TUESDAY</mark></i> is <mark>better</mark> than Monday" in page
    assert page.count("so so") < 100
    entry = ledger()[before]
    assert (entry.action, entry.objects) == ("read-transcript", [said])
    assert entry.person == "Sam Support"


def test_what_was_said_can_not_break_out_of_its_mark(api: Api, signed_in: SignedIn) -> None:
    seed.transcript(seed.call(api), "<script>alert(1)</script> tuesday")
    browser = signed_in("support")
    browser.see("/console")
    where = browser.post("/console/search", words="tuesday").headers["Location"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt; <mark>tuesday" in browser.get(where).text


def test_a_viewer_can_not_search_in_what_was_said(api: Api, signed_in: SignedIn) -> None:
    seed.transcript(seed.call(api), "Tuesday")
    browser = signed_in("viewer")
    assert 'name="words"' not in browser.see("/console")
    for path, fields in (("search", {}), ("export", {"state": "completed"})):
        answer = browser.post(f"/console/{path}", words="tuesday", **fields)
        assert answer.status_code == 403, path


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"who": "12"}, "Number"), ({"who": "x"}, "two letters"), ({"who": "+4912"}, "Number"),
        ({"from": "soon"}, "From"), ({"from": "2026-06-02", "to": "2026-06-01"}, "From"),
        ({"state": "odd"}, "State"), ({"channel": "fax"}, "Channel"), ({"words": "?!"}, "Words"),
        ({"to": "9999-12-31"}, "Until"),
    ],
)  # fmt: skip
def test_what_can_not_be_searched_for_is_said_beside_the_form(
    signed_in: SignedIn, fields: dict[str, str], told: str
) -> None:
    browser = signed_in("support")
    browser.see("/console")
    answer = browser.get(browser.post("/console/search", **fields).headers["Location"])
    assert answer.status_code == 422
    assert told in unescape(answer.text)
    assert 'name="who"' in answer.text


def test_pages_follow_each_other_without_a_gap(api: Api, signed_in: SignedIn) -> None:
    same = datetime(2026, 6, 3, 12, 0, tzinfo=UTC)
    made = [seed.call(api, created_at=same) for _ in range(30)]
    made += [seed.message(api, created_at=same) for _ in range(30)]
    browser, seen = signed_in("viewer"), list[str]()
    page = look(browser, who=PHONE)
    for _ in range(3):
        seen += hits(page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        if following is None:
            break
        seed.call(api, created_at=datetime(2026, 6, 4, tzinfo=UTC))  # shifts nothing
        page = browser.see(following[1])
    assert sorted(seen) == sorted(made)
    assert len(seen) == len(set(seen))


def test_an_address_of_a_page_is_of_use_for_its_search_alone(api: Api, signed_in: SignedIn) -> None:
    for _ in range(26):
        seed.call(api)
    browser = signed_in("viewer")
    following = re.search(r'rel="next" href="([^"]+)"', look(browser, state="completed"))
    assert following
    assert browser.get(following[1]).status_code == 200
    assert browser.get(following[1].replace("completed", "busy")).status_code in (400, 422)


def test_odd_parameters_in_an_address_do_no_harm(api: Api, signed_in: SignedIn) -> None:
    for _ in range(26):
        seed.call(api)
    browser = signed_in("viewer")
    for query in ("_external=1", "endpoint=x", "state=%00", "ref=" + "x" * 300, "search=x",
                  "cursor=x", "who=%2B4915112345678"):  # fmt: skip
        assert browser.get(f"/console?{query}").status_code in (200, 400, 404, 422), query


def test_another_organizations_rows_are_found_by_nothing(
    api: Api, new_api: Callable[[str], Api], signed_in: SignedIn
) -> None:
    theirs = new_api("Salon Paris")
    book = theirs.book(external_id="bk-9", contact={"phone": PHONE, "name": "Zoe"})
    call = seed.call(theirs, booking_id=book["id"], external_id="CA-theirs")
    seed.transcript(call, "Tuesday")
    browser = signed_in("support")
    for fields in ({}, {"who": PHONE}, {"who": "zoe"}, {"ref": "bk-9"}, {"ref": book["id"]},
                   {"ref": call}, {"ref": "CA-theirs"}, {"ref": book["contact"]["id"]},
                   {"words": "tuesday"}):  # fmt: skip
        page = look(browser, **fields)
        assert hits(page) == [], fields
        assert "/console/bookings/" not in page, fields
        assert "/console/contacts/" not in page, fields

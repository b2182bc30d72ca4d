"""What a body may have been before somebody on the way wrote it anew."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gateway.domain.body_changes import bodies

# What arrived, what was sent, and what happened to it.
REWRITTEN = [
    (b"a=1\r\nb=2", b"a=1\nb=2", "line ends"),
    (b"a=1\nb=2", b"a=1\r\nb=2", "line ends"),
    (b"[1]", b"[1]\r\n", "a line end cut off"),
    (b"[1]", b"[1]\n", "a line end cut off"),
    (b" [1] \n", b"[1]", "space around it"),
    (b"\xef\xbb\xbf[1]", b"[1]", "a byte order mark"),
    (b"[1]", b"\xef\xbb\xbf[1]", "a byte order mark"),
    (b"To=+12025550100&a=b+c", b"To=%2B12025550100&a=b+c", "a plus sign read as a space"),
    (b"a=1&b=&c=3", b"a=1&c=3", "empty values added"),
    (b"a=%2541", b"a=%41", "percent signs doubled"),
    ("é".encode(), "é".encode("latin-1"), "its character set"),
    ("é".encode("latin-1"), "é".encode(), "its character set"),
    (b"n=J%C3%B6rg", b"n=J%F6rg", "its character set"),
    (b"n=J%F6rg", b"n=J%C3%B6rg", "its character set"),
    (b'{"b": 1, "a": "x"}', b'{"b":1,"a":"x"}', "JSON written anew"),
    (b'{"b":1,"a":"x"}', b'{"b": 1, "a": "x"}', "JSON written anew"),
    (b'{"b":1,"a":"x"}', b'{"b": 1,"a": "x"}', "JSON written anew"),
    (b'{"b":1,"a":"x"}', b'{"a":"x","b":1}', "JSON written anew"),
    ('{"a":"é"}'.encode(), b'{"a":"\\u00e9"}', "JSON written anew"),
    (b'{"a":"\\u00e9"}', '{"a":"é"}'.encode(), "JSON written anew"),
    (b'{"a":"x/y"}', b'{"a":"x\\/y"}', "JSON written anew"),
    (b'{"a":"x\\/y"}', b'{"a":"x/y"}', "JSON written anew"),
    (b'{"a":1}', b'{\n  "a": 1\n}', "JSON written anew"),
]


@pytest.mark.row("F3")
@pytest.mark.parametrize(("arrived", "sent", "way"), REWRITTEN)
def test_what_was_rewritten_on_the_way_is_undone(arrived: bytes, sent: bytes, way: str) -> None:
    assert (way, sent) in list(bodies(arrived))


@pytest.mark.parametrize(
    "body", [b"", b"[" * 5000, b'"text"', b"null", b"\xff\xfe", b'{"a":"\\ud800"}']
)
def test_an_odd_body_breaks_nothing(body: bytes) -> None:
    assert len(list(bodies(body))) < 60


@given(st.binary(max_size=80))
@hypothesis_settings(max_examples=200, deadline=None)
def test_no_body_breaks_it(body: bytes) -> None:
    assert len(list(bodies(body))) < 60

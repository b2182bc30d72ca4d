"""Phone numbers: strict E.164 in, nothing that must not be dialled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import Invalid
from gateway.domain.phone import e164, keyed_hash


@pytest.mark.row("A7")
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("+4915112345678", "+4915112345678"),
        ("+49 151 1234-5678", "+4915112345678"),
        ("+1 (212) 555.2368", "+12125552368"),
        ("+49 (0) 30 901820", "+4930901820"),
        ("+390612345678", "+390612345678"),
    ],
)
def test_a_number_is_kept_as_plus_and_digits(written: str, kept: str) -> None:
    assert e164(written) == kept


@pytest.mark.row("A7")
@pytest.mark.parametrize(
    "written",
    [
        "", "911", "112", "+1911", "+49112", "015112345678", "004915112345678", "4915112345678",
        "+", "+49", "+4915112345678x9", "+49151123456789012345", "+999123456789", "+0123456789",
        "+1 555", "tel:+4915112345678", "++4915112345678", "+49\n15112345678",
        "+49151\x0012345678", "\uff0b4915112345678", "+\u0664\u0669151\u0661\u0662345678",
        "+1-800-FLOWERS", "+19001234567",
        "+44 9098790000", "+1212555236", "+12125552368;ext=5",
    ],
)  # fmt: skip
def test_what_can_not_or_must_not_be_dialled_is_refused(written: str) -> None:
    with pytest.raises(Invalid) as fault:
        e164(written, "contact.phone")
    assert fault.value.field == "contact.phone"
    assert written == "" or len(written) < 4 or written not in fault.value.detail


@pytest.mark.parametrize("fictional", ["+447700900000", "+441632960000"])
def test_numbers_of_fiction_pass_in_test_mode_alone(fictional: str) -> None:
    assert e164(fictional, test=True) == fictional
    with pytest.raises(Invalid):
        e164(fictional)


def test_an_emergency_number_is_refused_in_test_mode_too() -> None:
    for number in ("911", "+1911", "112", "+49110"):
        with pytest.raises(Invalid):
            e164(number, test=True)


@given(st.text(max_size=30), st.booleans())
def test_no_text_breaks_the_reader(text: str, test: bool) -> None:
    try:
        kept = e164(text, test=test)
    except Invalid:
        return
    assert kept.startswith("+")
    assert kept[1:].isascii()
    assert kept[1:].isdigit()
    assert e164(kept, test=test) == kept


@given(st.from_regex(r"\+(1|44|49|33|39|91)[0-9]{8,11}", fullmatch=True))
def test_a_kept_number_is_read_as_itself(written: str) -> None:
    try:
        kept = e164(written)
    except Invalid:
        return
    assert e164(kept) == kept


def test_the_hash_finds_equal_addresses_and_depends_on_the_key() -> None:
    key, other = b"k" * 32, b"o" * 32
    assert keyed_hash("Ada@Example.com ", key) == keyed_hash("ada@example.com", key)
    assert keyed_hash("+4915112345678", key) != keyed_hash("+4915112345679", key)
    assert keyed_hash("+4915112345678", key) != keyed_hash("+4915112345678", other)
    assert "4915112345678" not in keyed_hash("+4915112345678", key)

"""How many parts an SMS has: the limits of 3GPP TS 23.038 and 23.040, and known answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.segments import measure

pytestmark = pytest.mark.row("A8")


@pytest.mark.parametrize(
    ("text", "encoding", "count", "characters"),
    [
        ("", "GSM-7", 0, 0),
        ("a", "GSM-7", 1, 1),
        ("a" * 160, "GSM-7", 1, 160),
        ("a" * 161, "GSM-7", 2, 161),
        ("a" * 306, "GSM-7", 2, 306),
        ("a" * 307, "GSM-7", 3, 307),
        ("€" * 80, "GSM-7", 1, 160),
        ("a" + "€" * 80, "GSM-7", 2, 161),
        # The 153rd place of the first part stays empty: an escape and its character stay together.
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 3, 306),
        ("a" * 151 + "€" + "a" * 153, "GSM-7", 2, 306),
        ("@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\r\n", "GSM-7", 1, 44),
        ("^{}\\[~]|€\f", "GSM-7", 1, 20),
        ("ç" + "a" * 69, "UCS-2", 1, 70),
        ("ç" + "a" * 70, "UCS-2", 2, 71),
        ("ç" * 134, "UCS-2", 2, 134),
        ("ç" * 135, "UCS-2", 3, 135),
        ("😀" * 35, "UCS-2", 1, 70),
        ("😀" * 36, "UCS-2", 2, 72),
        # 33 pairs fill 66 of 67 places; the 34th is not cut in two.
        ("😀" * 66, "UCS-2", 2, 132),
        ("😀" * 67, "UCS-2", 3, 134),
        ("Łódź " * 14, "UCS-2", 1, 70),
    ],
)
def test_a_text_has_as_many_parts_as_carriers_charge_for(
    text: str, encoding: str, count: int, characters: int
) -> None:
    measured = measure(text)

    assert (measured.encoding, measured.count, measured.characters) == (encoding, count, characters)


def test_what_forces_ucs_2_is_named_once_in_order() -> None:
    assert measure("It’s “here”, it’s 😀 €").forced_by == ("U+2019", "U+201C", "U+201D", "U+1F600")
    assert measure('It\'s "here" {really} €').forced_by == ()


def test_the_default_alphabet_has_127_characters_and_the_extension_ten() -> None:
    widths = [measure(chr(code)) for code in range(0xFFFF) if not 0xD800 <= code < 0xE000]
    gsm = [one.characters for one in widths if one.encoding == "GSM-7"]

    assert (gsm.count(1), gsm.count(2)) == (127, 10)


@given(st.text(max_size=700))
def test_parts_hold_the_text_and_none_is_spare(text: str) -> None:
    measured = measure(text)
    alone, joined = (160, 153) if measured.encoding == "GSM-7" else (70, 67)

    if measured.count <= 1:
        assert measured.characters <= alone
    else:
        # A character of two places may leave one place of its part empty.
        assert (measured.count - 1) * (joined - 1) < measured.characters <= measured.count * joined
    assert (measured.encoding == "UCS-2") == bool(measured.forced_by)
    if measured.encoding == "UCS-2":
        assert measured.characters == len(text.encode("utf-16-le", "surrogatepass")) // 2

"""Words and digits that people answer with."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.keywords import KNOWN, Reply, Word, digit, pressed, read

MARKS = st.text(alphabet=" \t\r\n.,!?;:()[]*_~\"'“”«»…¡¿🛑🙏\u200b\ufeff", max_size=6)
CASES = st.sampled_from([str, str.upper, str.title, str.swapcase])


@pytest.mark.parametrize(
    "word",
    ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT-OUT"],
)
def test_every_word_that_carriers_take_for_a_stop_is_one(word: str) -> None:
    assert read(word) == Word.STOP


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("stop.", Word.STOP), ("*Stop!!*", Word.STOP), ("“stop”", Word.STOP),
        ("Stop 🛑", Word.STOP), ("opt out", Word.STOP), ("Stop all", Word.STOP),
        ("ARRÊT", Word.STOP), ("arrêter", Word.STOP), ("stopp!", Word.STOP), ("¡BAJA!", Word.STOP),
        ("ＳＴＯＰ", Word.STOP), ("ST\u200bOP", Word.STOP), ("\nstop\n", Word.STOP),
        ("START", Word.START), ("unstop", Word.START), ("Yes!", Word.YES),
        ("help?", Word.HELP), ("INFO", Word.HELP), ("Hilfe", Word.HELP),
    ],
)  # fmt: skip
def test_a_word_is_known_however_it_is_written(text: str, word: Word) -> None:
    assert read(text) == word


@pytest.mark.parametrize(
    "text",
    ["Stop it", "Please don't stop", "Stop. Thank you", "bus stop", "cancel my appointment",
     "I will start now", "no help needed", "stopped", "", " ", "🛑", "yes please", "cancelar"],
)  # fmt: skip
def test_a_word_among_others_is_only_a_message(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("text", "reply"),
    [("1", 1), ("2", 2), ("3", 3), (" 1 ", 1), ("1.", 1), ("2)", 2), ("(3)", 3), ("“1”", 1),
     ("1️⃣", 1), ("３", 3), ("①", 1), ("١", 1), ("२", 2), ("1\u200b", 1), ("1\n", 1), ("1!", 1)],
)  # fmt: skip
def test_a_digit_is_known_in_any_script(text: str, reply: int) -> None:
    assert digit(text) == Reply(reply)


@pytest.mark.parametrize(
    "text",
    ["<3", ":3", ";3", "=3", "-3", "+1", "0", "4", "9", "11", "1 2", "1/3", "1.5", "3?", "#1", "¼",
     "one", "1 pm", "at 3", "3 😢", "", "."],
)  # fmt: skip
def test_what_only_looks_like_a_digit_cancels_nothing(text: str) -> None:
    assert digit(text) is None


@given(word=st.sampled_from(sorted(KNOWN)), change=CASES, before=MARKS, after=MARKS)
def test_marks_and_case_never_hide_a_word(
    word: str, change: object, before: str, after: str
) -> None:
    assert callable(change)
    text = f"{before}{change(word)}{after}"
    assert read(text) == KNOWN[word]
    assert digit(text) is None


@given(st.text())
def test_no_message_is_a_word_and_a_digit_at_once(text: str) -> None:
    assert read(text) is None or digit(text) is None


@given(
    word=st.sampled_from(sorted(KNOWN)),
    other=st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=8).filter(
        lambda text: unicodedata.normalize("NFKD", text).isalnum()
    ),
)
def test_a_word_with_company_is_no_word_unless_they_make_one(word: str, other: str) -> None:
    both = f"{word} {other}"
    assert read(both) in (None, KNOWN.get(f"{word}{other}".casefold()))


@given(st.text(alphabet="123. ()!<>:;-+?#/x", max_size=4))
def test_a_digit_counts_only_once_and_alone(text: str) -> None:
    found = digit(text)
    if found is not None:
        assert [one for one in text if one.isdigit()] == [str(int(found))]
        assert not set(text) & set("<>:;-+?#/x")


@pytest.mark.parametrize(
    ("payload", "meant"),
    [
        ("1", Reply.CONFIRM), ("2", Reply.MOVE), ("3", Reply.CANCEL), ("confirm", Reply.CONFIRM),
        ("MOVE", Reply.MOVE), (" cancel\n", Reply.CANCEL), ("cancel it", None), ("4", None),
        ("stop", None), ("", None), ("confirmed", None),
    ],
)  # fmt: skip
def test_a_button_stands_for_an_answer_or_for_nothing(payload: str, meant: Reply | None) -> None:
    assert pressed(payload) == meant


def test_words_of_all_languages_mean_one_thing_each() -> None:
    for word, meaning in KNOWN.items():
        assert read(word) == meaning
        assert word == word.casefold()
        assert word.isalpha()

"""The HTML of an e-mail: the text and nothing that loads, runs or leads elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.mail_body import html

pytestmark = pytest.mark.row("A8")


def body(text: str, *links: str) -> str:
    return html(text, "en", links).partition("<body>")[2].removesuffix("</body></html>\n")


def test_paragraphs_and_lines_are_kept() -> None:
    assert body("Hello\nAda\n\nBye") == "<p>Hello<br>\nAda</p><p>Bye</p>"
    assert html("Hallo", "de").startswith('<!DOCTYPE html>\n<html lang="de">')


def test_markup_in_a_text_is_text() -> None:
    assert body("<img src=x onerror=\"a()\"> & 'co'") == (
        "<p>&lt;img src=x onerror=&quot;a()&quot;&gt; &amp; &#x27;co&#x27;</p>"
    )


def test_only_links_that_were_given_as_links_can_be_clicked() -> None:
    pay = "https://pay.example.com/?a=1&b=2"
    anchor = '<a href="https://pay.example.com/?a=1&amp;b=2">'

    assert body(f"Pay at {pay}. See https://evil.example.com", pay) == (
        f"<p>Pay at {anchor}https://pay.example.com/?a=1&amp;b=2</a>."
        " See https://evil.example.com</p>"
    )
    assert "<a" not in body(f"{pay}more {pay}", pay).partition(" ")[0]
    for other in ("javascript:alert(1)", "data:text/html,x", 'https://x.example/"onclick="a', ""):
        assert "<a" not in body(f"Go to {other} now", other)


@given(st.text(max_size=200), st.text(max_size=50))
def test_no_text_adds_an_element(text: str, link: str) -> None:
    page = body(text, link, f"https://{link}")
    for own in ("<p>", "</p>", "<br>", "</a>"):
        page = page.replace(own, "")
    shown = page.split('<a href="')

    assert all("<" not in piece.partition('">')[2] for piece in shown[1:])
    assert "<" not in shown[0]

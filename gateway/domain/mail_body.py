"""The HTML alternative of a message: its text, escaped, and nothing that is loaded or runs."""

import re
from collections.abc import Iterable
from html import escape

_WEB = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_PAGE = (
    '<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8"></head>'
    "<body>{paragraphs}</body></html>\n"
)


def html(text: str, language: str, links: Iterable[str] = ()) -> str:
    """A text as a page: paragraphs where it has an empty line. Of the addresses in it only `links`
    can be clicked, and of these only those of the web."""
    shown = escape(text)
    for link in {link for link in links if _WEB.fullmatch(link)}:
        safe = escape(link)
        whole = re.compile(rf"(?<!\S){re.escape(safe)}(?=[\s.,;:!?)]*(?:\s|$))")
        anchor = f'<a href="{safe}">{safe}</a>'
        shown = whole.sub(lambda _, anchor=anchor: anchor, shown)  # type: ignore[misc]
    blocks = [block.strip().replace("\n", "<br>\n") for block in re.split(r"\n\s*\n", shown)]
    paragraphs = "".join(f"<p>{block}</p>" for block in blocks if block)
    return _PAGE.replace("{language}", escape(language)).replace("{paragraphs}", paragraphs)

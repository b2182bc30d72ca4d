"""Words that were searched for, marked in what was said."""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from gateway.models.transcript import searchable

AROUND = 90  # characters shown on each side of the first hit
_WORD = re.compile(r"[^\W_]+")


def marked(text: str, words: str) -> Markup:
    """The whole text with each hit in <mark>."""
    return Markup("").join(_parts(text, set(searchable(words).split())))


def excerpt(text: str, words: str) -> Markup:
    """The part of a text around the first hit, with each hit in it marked."""
    wanted = set(searchable(words).split())
    hit = next((found for found in _WORD.finditer(text) if _is(found[0], wanted)), None)
    middle = hit.start() if hit else 0
    start = text.rfind(" ", 0, max(0, middle - AROUND)) + 1 if middle > AROUND else 0
    end = min(len(text), middle + 2 * AROUND)
    part = Markup("").join(_parts(text[start:end], wanted))
    return Markup("{}{}{}").format("… " if start else "", part, " …" if end < len(text) else "")


def _parts(text: str, wanted: set[str]) -> Iterator[Markup]:
    done = 0
    for found in _WORD.finditer(text):
        if _is(found[0], wanted):
            yield escape(text[done : found.start()])
            yield Markup("<mark>{}</mark>").format(found[0])
            done = found.end()
    yield escape(text[done:])


def _is(word: str, wanted: set[str]) -> bool:
    return searchable(word) in wanted

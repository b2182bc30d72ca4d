"""The pages in docs/ and README.md, as the tests read them."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.sources import ROOT

DOCS = ROOT / "docs"
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def pages(root: Path = ROOT) -> list[Path]:
    """Every Markdown page of the project."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def read(name: str) -> str:
    """One page of docs/."""
    return (DOCS / name).read_text(encoding="utf-8")


def code_words(text: str) -> set[str]:
    """Everything that stands in `single backticks`."""
    return set(re.findall(r"`([^`\n]+)`", _FENCE.sub("", text)))


def broken_links(page: Path) -> Iterator[str]:
    """Links of a page to files or headings that are not there. The internet is not asked."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in _LINK.findall(text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"{page.name}: {target}"
        elif anchor and anchor not in anchors(file):
            yield f"{page.name}: {target} (no such heading)"


def anchors(page: Path) -> set[str]:
    """The names by which a page's headings are linked to, as GitHub makes them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")
        for heading in _HEADING.findall(text)
    }


def headings(page: Path, level: int) -> list[str]:
    """The headings of one level."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return re.findall(rf"^{'#' * level} +(.+?) *$", text, re.MULTILINE)


def table_rows(text: str) -> Iterator[list[str]]:
    """The cells of every row of every table in a page."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|--"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]

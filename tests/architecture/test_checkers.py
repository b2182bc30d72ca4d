"""What reads the pages and writes two of them finds what it should."""

import dataclasses
from pathlib import Path

import pytest

from gateway.domain.lifecycle import NotificationState as N
from tests.architecture import lifecycles, rows, states
from tests.architecture.documents import anchors, broken_links, code_words, table_rows
from tests.architecture.sources import Source

PAGE = """# A page

See [there](other.md), [nowhere](lost.md), [below](#the-end), [lower](#lowest), [out](https://x.y)
and [its part](other.md#its-part), [no part](other.md#no-part).

```
[not a link](in-code.md) and `not a word`
```

## The end

| `A` | b \\| c |
|---|---|
"""
TESTS = """
import pytest
pytestmark = pytest.mark.row("F1")

class TestThese:
    pytestmark = [pytest.mark.row("F2")]

    @pytest.mark.row("F3")
    def test_one(self): ...

@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.row("F4"))])
def test_two(x): ...

def no_test(): ...
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page with links of every kind."""
    (tmp_path / "other.md").write_text("## Its `part`\n")
    (tmp_path / "page.md").write_text(PAGE)
    return tmp_path / "page.md"


def test_links_that_lead_nowhere_are_found(page: Path) -> None:
    found = [link.split()[1] for link in broken_links(page)]
    assert found == ["lost.md", "#lowest", "other.md#no-part"]


def test_headings_words_and_cells_are_read(page: Path) -> None:
    assert anchors(page) == {"a-page", "the-end"}
    assert code_words(PAGE) == {"A"}
    assert list(table_rows(PAGE)) == [["`A`", "b \\| c"]]


def test_rows_are_collected_from_tests_classes_and_modules() -> None:
    found = rows.carried([Source("tests/test_x.py", TESTS)])
    assert {row: files["tests/test_x.py"] for row, files in found.items()} == {
        "F1": ["test_one", "test_two"],
        "F2": ["test_one"],
        "F3": ["test_one"],
        "F4": ["test_two"],
    }
    assert "| [F3](#f3) |" in rows.page(found)
    assert "| F5 | call logs and transcripts are kept | **open** |" in rows.page(found)


def test_a_row_that_the_mission_does_not_have_is_noticed() -> None:
    text = '@pytest.mark.row("F8")\ndef test_x(): ...'
    assert rows.unknown(rows.carried([Source("tests/test_x.py", text)])) == ["F8"]


def test_the_picture_follows_the_table() -> None:
    moves = {state: frozenset[N]() for state in N} | {N.SCHEDULED: frozenset({N.REACHED})}
    changed = dataclasses.replace(lifecycles.NOTIFICATION, moves=moves)
    drawn = list(states.picture(changed))
    assert "    scheduled --> reached" in drawn
    assert "    scheduled --> due" not in drawn
    assert "    scheduled --> due" in list(states.picture(lifecycles.NOTIFICATION))

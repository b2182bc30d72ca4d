"""The table of Twilio's codes: what is documented is what is done."""

import re
from pathlib import Path

from gateway.domain.outcomes import FailureClass, Reason
from gateway.providers.twilio import errors

PAGE = Path(__file__).parents[2] / "docs" / "providers" / "twilio.md"


def documented() -> dict[str, tuple[str, str]]:
    """Class and reason of each code in the page's table; "63040 to 63042" are three of them."""
    found: dict[str, tuple[str, str]] = {}
    for line in PAGE.read_text().partition("| code | class | reason |")[2].splitlines()[2:]:
        if not line.startswith("|"):
            break
        codes, kind, reason = (cell.strip() for cell in line.strip("|").split("|"))
        word = reason.split("`")[1]
        for first, last in re.findall(r"(\d{5})(?: to (\d{5}))?", codes):
            for code in range(int(first), int(last or first) + 1):
                found[str(code)] = (kind, word)
    return found


def test_each_code_means_what_the_page_says() -> None:
    table = documented()
    assert len(table) > 80
    assert {code: errors.meaning(code) for code in table} == {
        code: (FailureClass(kind), Reason(reason)) for code, (kind, reason) in table.items()
    }
    listed = [code for code in map(str, range(10_000, 100_000)) if errors.meaning(code)]
    assert sorted(listed) == sorted(table)


def test_what_was_not_processed_is_never_permanent() -> None:
    for code in errors.NOT_PROCESSED:
        meaning = errors.meaning(code)
        assert meaning is not None
        assert meaning[0] is not FailureClass.PERMANENT

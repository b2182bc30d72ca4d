"""Writes docs/rows.md, which tests carry which row: `python -m tests.architecture.rows`."""

import ast
import re
from collections.abc import Iterable, Iterator

from tests.architecture.sources import ROOT, Source, dotted, python_files

PAGE = ROOT / "docs" / "rows.md"
# The rows of the mission that this stage is to do, each in a few words of ours.
ROWS = {
    "F1": "the parts it is built from, and the top level",
    "F2": "booking calls and provider webhooks come in over HTTP",
    "F3": "every callback is authentic, and counts once",
    "F4": "actors place calls; waits between tries grow",
    "F5": "call logs and transcripts are kept",
    "F6": "the Procfile runs as it is",
    "F7": "staff search the call logs",
    "A1": "the worker is a process of its own and stops in order",
    "A2": "reminders every two hours, computed when booking",
    "A3": "schedule, reschedule, cancel; list reminders; count the queue",
    "A4": "nothing is sent twice",
    "A5": "tries and waits by purpose",
    "A7": "E.164, pace of a sender, provider health, exchangeable providers",
    "D1": "due reminders are found soon and without a limit",
    "D2": "calls through Twilio or a generic voice provider",
    "D3": "the webhook call-status",
    "D4": "a failed call is tried again",
    "D5": "configured by the environment; health",
    "D6": "clear log lines; the layers are apart",
    "B10": "job data is checked, a dead worker's jobs go on, a job is small",
}
# Rows of later stages may have tests already; they stand at the end of the page.
_MISSION = re.compile(r"F[1-7]|A([1-9]|1[01])|B([1-9]|10)|C[1-9]|D[1-6]|E[1-8]")
_INTRO = """# Rows of the mission and the tests that carry them

<!-- Made from tests/ by `python -m tests.architecture.rows`. Don't edit. -->

A test says which row it proves with `@pytest.mark.row("F3")`. `pytest -m row` runs them all. A row
without a test is open, whatever the code says. The table has the rows of the present stage; what
is there of later ones follows at the end.
"""

Carried = dict[str, dict[str, list[str]]]


def marks(nodes: Iterable[ast.AST]) -> set[str]:
    """The rows that `pytest.mark.row("…")` names anywhere in these nodes."""
    return {
        str(argument.value)
        for node in nodes
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and dotted(call.func) == "pytest.mark.row"
        for argument in call.args
        if isinstance(argument, ast.Constant)
    }


def carried(sources: Iterable[Source]) -> Carried:
    """Row -> file -> names of its tests, in the order of the files. A mark on a module or a class
    counts for each test in it."""
    found: Carried = {}
    for source in sources:
        for name, rows in _of_body(source.tree.body, set()):
            for row in rows:
                names = found.setdefault(row, {}).setdefault(source.path, [])
                if name not in names:
                    names.append(name)
    return found


def _of_body(body: list[ast.stmt], inherited: set[str]) -> Iterator[tuple[str, set[str]]]:
    own = inherited | marks(
        node for node in body
        if isinstance(node, ast.Assign) and "pytestmark" in map(dotted, node.targets)
    )  # fmt: skip
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _of_body(node.body, own | marks(node.decorator_list))
        elif isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name, own | marks(node.decorator_list)


def page(found: Carried) -> str:
    """The whole page."""
    lines = [_INTRO, "| row | what | tests |", "|---|---|---|"]
    for row, what in ROWS.items():
        count = sum(map(len, found.get(row, {}).values()))
        lines.append(f"| {f'[{row}](#{row.lower()})' if count else row} | {what} | "
                     f"{count or '**open**'} |")  # fmt: skip
    for row in (*ROWS, *sorted(set(found) - set(ROWS))):
        files = found.get(row, {})
        if files:
            lines += ["", f"## {row}", ""]
        for path in sorted(files):
            lines += [f"- `{path}`", *(f"  - {_sentence(name)}" for name in sorted(files[path]))]
    return "\n".join(lines) + "\n"


def _sentence(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def unknown(found: Carried) -> list[str]:
    """Rows that tests name and the mission does not have."""
    return sorted(row for row in found if not _MISSION.fullmatch(row))


if __name__ == "__main__":
    PAGE.write_text(page(carried(python_files("tests"))), encoding="utf-8")

"""Draws docs/states.md from gateway/domain/lifecycle.py: `python -m tests.architecture.states`."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from tests.architecture.lifecycles import EVERY, Lifecycle
from tests.architecture.sources import ROOT

PAGE = ROOT / "docs" / "states.md"
_INTRO = """# States

<!-- Made from gateway/domain/lifecycle.py by `python -m tests.architecture.states`. Don't edit. -->

Every object that people ask about is in exactly one state. The legal moves are one table for each
object in `gateway/domain/lifecycle.py`; this page is drawn from those tables, and a test compares.
A move is one conditional UPDATE: of two that race, one happens. Each move is one entry of the
[feed](api.md#feed). The provider's own word is kept beside ours in `provider_status`.
"""


def page() -> str:
    """The whole page."""
    parts = [_INTRO]
    for one in EVERY:
        parts.append("\n".join([f"## {one.title}", "", one.about, "", *_table(one)]))
        parts.append("\n".join(["```mermaid", "stateDiagram-v2", *picture(one), "```", ""]))
    return "\n".join(parts)


def _table(one: Lifecycle) -> Iterator[str]:
    yield "| state | meaning | may become |"
    yield "|---|---|---|"
    for state in one.states:
        targets = [f"`{target}`" for target in one.states if target in one.moves[state]]
        yield f"| `{state}` | {one.meanings[state]} | {', '.join(targets) or '(the end)'} |"
    yield ""


def picture(one: Lifecycle) -> Iterator[str]:
    """The lines of the diagram of one lifecycle."""
    groups = _groups(one) if one.knot else {state: frozenset({state}) for state in one.states}
    for group in dict.fromkeys(groups.values()):
        if len(group) > 1:
            yield f"    state {one.knot} {{"
            yield from (f"        {_id(state)}" for state in one.states if state in group)
            yield "    }"
    for state in one.states:
        if _id(state) != state:
            yield f'    state "{state}" as {_id(state)}'
    yield from (f"    [*] --> {_id(state)}" for state in (one.states[0], *one.born))
    drawn = dict.fromkeys(
        (_shown(groups[state], one), _shown(groups[target], one))
        for state in one.states
        for target in one.states
        if target in one.moves[state] and groups[state] != groups[target]
        and not (one.knot and _between(groups[state], groups[target], groups, one))
    )  # fmt: skip
    yield from (f"    {left} --> {right}" for left, right in drawn)
    yield from (f"    {_id(state)} --> [*]" for state in one.states if not one.moves[state])


def _groups(one: Lifecycle) -> dict[StrEnum, frozenset[StrEnum]]:
    """For each state those that it can become and that can become it again, itself included."""
    return {
        state: frozenset(
            {state} | {other for other in one.moves[state] if state in one.moves[other]}
        )
        for state in one.states
    }


def _between(
    left: frozenset[Any], right: frozenset[Any], groups: Mapping[Any, Any], one: Lifecycle
) -> bool:
    """Whether the step from left to right is a skip over a third group, and so is not drawn."""
    return any(
        _leads(left, group, one) and _leads(group, right, one)
        for group in set(groups.values()) - {left, right}
    )


def _leads(left: frozenset[Any], right: frozenset[Any], one: Lifecycle) -> bool:
    return any(one.moves[state] & right for state in left)


def _shown(group: frozenset[Any], one: Lifecycle) -> str:
    return str(one.knot) if len(group) > 1 else _id(next(iter(group)))


def _id(state: str) -> str:
    return str(state).replace("-", "_")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

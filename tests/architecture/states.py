"""Draws docs/states.md from gateway/domain/lifecycle.py: `python -m tests.architecture.states`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.domain import lifecycle
from tests.architecture.sources import ROOT

PAGE = ROOT / "docs" / "states.md"
_INTRO = """# States

<!-- Made from gateway/domain/lifecycle.py by `python -m tests.architecture.states`. Don't edit. -->

Every object that people ask about is in exactly one state. The legal moves are one table for each
object in `gateway/domain/lifecycle.py`; this page is drawn from those tables, and a test compares.
A move is one conditional UPDATE: of two that race, one happens. Each move is one entry of the
[feed](api.md#feed). The provider's own word is kept beside ours in `provider_status`.
"""


@dataclass(frozen=True)
class Lifecycle:
    """One object: its table of moves, what each state means, and how it is drawn. `knot` names
    the states that can replace each other, where the picture shows them as one group and leaves
    out skipped steps; `born` are further states that it can begin in."""

    title: str
    about: str
    moves: Mapping[Any, frozenset[Any]]
    meanings: Mapping[str, str]
    knot: str | None = None
    born: tuple[str, ...] = ()

    @property
    def states(self) -> list[StrEnum]:
        """All states in the order of their declaration."""
        kind: type[StrEnum] = type(next(iter(self.moves)))
        return list(kind)


NOTIFICATION = Lifecycle(
    "Notification",
    "What one person is to be told, and when. It begins as `scheduled`, as `due` when its\n"
    "moment is now, as `suppressed` when that is past. It ends in exactly one outcome; `reached`\n"
    "and `not_reached` may still replace each other when the provider corrects itself.",
    lifecycle.NOTIFICATION_MOVES,
    {
        "scheduled": "waits for its moment, for its sender's turn or for another try",
        "due": "claimed by a clock and handed to a worker",
        "sending": "past the worker's last check; the provider is asked or has it",
        "reached": "the call was answered and ended normally",
        "not_reached": "the provider refused it, or nobody was reached",
        "canceled": "taken back before it left, or replaced when the booking changed",
        "suppressed": "must not leave: opted out, no usable number, or already past when planned",
        "expired": "made no sense any more when its turn came",
        "unknown": "it may or may not have been placed; looked up until that is known",
    },
    born=("due", "suppressed"),
)
CALL = Lifecycle(
    "Call log",
    "One attempt to call. Reports may skip steps and come in any order; a state never moves back.\n"
    "The states of the group `over` replace each other only by a correction: a report with a\n"
    "higher sequence number, or a look-up. The picture leaves out skipped steps.",
    lifecycle.CALL_MOVES,
    {
        "placing": "written down; the provider is being asked",
        "unknown": "the answer did not come or was unclear; looked up, never repeated",
        "queued": "the provider has it and gave it an id",
        "initiated": "the provider began to dial",
        "ringing": "the telephone rings",
        "in-progress": "somebody or something answered",
        "completed": "answered and ended",
        "busy": "the line was busy",
        "no-answer": "it rang and nobody answered",
        "failed": "refused, unreachable, or never confirmed; `failure` says which",
        "canceled": "ended before it was answered",
    },
    "over",
)
MESSAGE = Lifecycle(
    "Message log",
    "One attempt to send a message, or one that came in. Reports come in any order: that of the\n"
    "highest rank counts. The picture leaves out skipped steps.",
    lifecycle.MESSAGE_MOVES,
    {
        "sending": "written down; the provider is being asked",
        "unknown": "the answer did not come or was unclear",
        "queued": "the provider has it",
        "sent": "the provider passed it on",
        "delivered": "it arrived at the device",
        "read": "it was opened",
        "undelivered": "the network could not deliver it",
        "failed": "the provider could not send it",
        "canceled": "taken back before it left",
        "received": "it came in: somebody wrote to us",
    },
    "reported",
)
BOOKING = Lifecycle(
    "Booking",
    "An appointment. A client moves it with `PATCH` (field `state`) or cancels it with `DELETE`.",
    lifecycle.BOOKING_MOVES,
    {
        "booked": "made",
        "confirmed": "the contact said that they will come",
        "checked_in": "the contact is there",
        "fulfilled": "it took place",
        "canceled": "it will not take place; nothing more leaves for it",
        "no_show": "the contact did not come",
    },
)


def page() -> str:
    """The whole page."""
    parts = [_INTRO]
    for one in (NOTIFICATION, CALL, MESSAGE, BOOKING):
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

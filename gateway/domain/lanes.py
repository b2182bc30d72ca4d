"""Queues and lanes: in which order what is due is handed to workers."""

from collections.abc import Mapping

from gateway import kinds
from gateway.kinds import FIRST, LAST, PRIORITIES

QUEUES = ("voice", "messages", "timers", "events", "background")
SENDING = ("voice", "messages")  # those by which notifications leave
WORKING = ("timers", "background")  # those by which jobs come to workers
KINDS = tuple(kinds.PRIORITIES)


def queue_of(channel: str) -> str:
    """The queue on which a channel's notifications go out."""
    return "voice" if channel == "voice" else "messages"


def lane(channel: str, purpose: str, priorities: Mapping[str, int] = PRIORITIES) -> str:
    """The lane of a notification, "<queue>:<priority>"; a kind without a priority comes last."""
    return f"{queue_of(channel)}:{priorities.get(purpose, LAST)}"


def job_lane(kind: str, priorities: Mapping[str, int] = PRIORITIES) -> str:
    """The lane of a job: timers have a queue of their own, all else is done in the background."""
    queue = "timers" if kind == "timer" else "background"
    return f"{queue}:{priorities.get(kind, LAST)}"


def kinds_in(queue: str) -> frozenset[str]:
    """The kinds of work that may wait in a queue: timers in theirs alone."""
    return frozenset({"timer"}) if queue == "timers" else frozenset(KINDS) - {"timer"}


def queue_of_lane(lane: str) -> str:
    """The queue of a lane."""
    return lane.partition(":")[0]


def priority(lane: str) -> int:
    """The priority of a lane, 1 first."""
    return int(lane.rpartition(":")[2])


def lanes(queue: str) -> tuple[str, ...]:
    """The lanes of a queue, the first to be served first: all that any priorities can make, since
    rows keep the lane that they were written with."""
    return tuple(f"{queue}:{priority}" for priority in range(FIRST, LAST + 1))

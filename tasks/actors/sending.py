"""Which job of the broker takes up a claimed row of which queue, the most punctual first."""

from collections.abc import Mapping, Sequence
from typing import Any

import dramatiq

from gateway.models import origins
from tasks import broker, claims, workload
from tasks.actors.background import run_job
from tasks.actors.messages import send_message, send_messages
from tasks.actors.timers import run_timer
from tasks.actors.voice import place_call, place_calls

BY_QUEUE: Mapping[str, "dramatiq.Actor[..., Any]"] = {
    "timers": run_timer,
    "voice": place_call,
    "messages": send_message,
    "background": run_job,
}

# Where one job takes up several rows.
SEVERAL: Mapping[str, "dramatiq.Actor[..., Any]"] = {
    "voice": place_calls,
    "messages": send_messages,
}


def hand_out(queue: str, found: Sequence[claims.Claim], load: workload.Workload | None) -> bool:
    """Send claimed rows of a queue to the workers, several with one message where much waits; False
    when not all went."""
    size = load.size(queue, len(found)) if load is not None else 1
    messages = claims.parcels(found, size)
    if size == 1:
        traces = origins.of([id_ for id_, _ in found])
        queued = broker.nudge_each(BY_QUEUE[queue], messages, traces)
    else:  # each row is done in its own trace, whoever named it
        queued = broker.nudge_each(SEVERAL[queue], messages)
    if queued and queue in SEVERAL:
        workload.sent(queue).note([len(args) // 2 for args in messages])
    return queued

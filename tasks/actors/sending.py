"""Which job of the broker takes up a claimed row of which queue, the most punctual first."""

from collections.abc import Mapping
from typing import Any

import dramatiq

from tasks.actors.background import run_job
from tasks.actors.messages import send_message
from tasks.actors.timers import run_timer
from tasks.actors.voice import place_call

BY_QUEUE: Mapping[str, "dramatiq.Actor[..., Any]"] = {
    "timers": run_timer,
    "voice": place_call,
    "messages": send_message,
    "background": run_job,
}

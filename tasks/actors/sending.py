"""Which job takes up a claimed notification of which queue."""

from collections.abc import Mapping
from typing import Any

import dramatiq

from tasks.actors.messages import send_message
from tasks.actors.voice import place_call

BY_QUEUE: Mapping[str, "dramatiq.Actor[..., Any]"] = {
    "voice": place_call,
    "messages": send_message,
}

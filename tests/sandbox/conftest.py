"""A sandbox and a receiver for its callbacks, both real and on loopback."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.sandbox.config import SandboxConfig, TwilioAccount, VoiceClient
from tests.sandbox.receiver import Receiver
from tests.sandbox.running import Running

Start = Callable[..., Running]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ACCOUNT = TwilioAccount("AC" + "0123456789abcdef" * 2, "current-token", "previous-token")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def start(receiver: Receiver, tmp_path: Path) -> Iterator[Start]:
    """Starts sandboxes; keyword arguments change the quick default configuration."""
    running: list[Running] = []

    def start(**changes: Any) -> Running:
        settings = {
            "accounts": (ACCOUNT,),
            "voice_clients": (VoiceClient("voice-key", SECRET),),
            "gateway_url": receiver.url,
            "ledger_path": tmp_path / "ledger.jsonl",
            "ring_seconds": 0.01,
            "talk_seconds": 0.01,
            "number_delay": 0.3,
            "transcript_delay": 0.3,
            "hang_seconds": 3.0,
            **changes,
        }
        running.append(Running(SandboxConfig(**settings), receiver))
        return running[-1]

    yield start
    for sandbox in running:
        sandbox.close()


@pytest.fixture
def sandbox(start: Start) -> Running:
    return start()

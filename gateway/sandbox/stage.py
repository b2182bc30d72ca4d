"""Everything a running sandbox holds, made once per application."""

from dataclasses import dataclass
from threading import Lock

from flask import current_app

from gateway.sandbox import numbers
from gateway.sandbox.behaviour import Behaviour
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.delivery import Postman
from gateway.sandbox.faults import FaultBook
from gateway.sandbox.journal import Journal
from gateway.sandbox.ledger import Ledger
from gateway.sandbox.schedule import Scheduler
from gateway.sandbox.signing import TwilioSigner, WebhookSigner
from gateway.sandbox.twilio.calls import CallBook
from gateway.sandbox.wallclock import iso_micro, now

EXTENSION = "ringback-sandbox"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds from dialling to answer, and from answer to hanging up."""

    ring_seconds: float
    talk_seconds: float


class Stage:
    """The state of the simulator. Its parts guard themselves; it starts no thread by itself."""

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.pace = Pace(config.ring_seconds, config.talk_seconds)
        self.ledger = Ledger(config.ledger_path)
        self.journal = Journal()
        self.faults = FaultBook()
        self.throttle = numbers.Throttle()
        self.scheduler = Scheduler(config.senders)
        self.postman = Postman(self.journal)
        self.twilio_signer = TwilioSigner(config)
        self.webhook_signer = WebhookSigner(config)
        self.calls = CallBook(self.scheduler)
        self._last_voice_call: str | None = None
        self._lock = Lock()

    def behaviour(self, provider: str, number: str) -> Behaviour:
        """The fate of the placement request at hand: a fault in force, else the number's own."""
        fault = self.faults.choose(provider)
        own = numbers.meaning(number)
        if fault is not None:
            return fault.laid_over(own)
        return self.throttle.judge(provider, number, own)

    def enter(self, behaviour: Behaviour, **placed: str) -> None:
        """Write the ledger line of a placed call; it is on the disk when this returns."""
        self.ledger.append(
            {"at": iso_micro(now()), "kind": "call", **placed, "mode": behaviour.name}
        )

    def swap_last_voice_call(self, call_id: str) -> str:
        """Remember this generic call and give the one before it (itself, if it is the first)."""
        with self._lock:
            previous = self._last_voice_call or call_id
            self._last_voice_call = call_id
            return previous

    def close(self) -> None:
        """End the threads and close the ledger."""
        self.scheduler.close()
        self.ledger.close()


def on_stage() -> Stage:
    """The stage of the application that handles the present request."""
    stage: Stage = current_app.extensions[EXTENSION]
    return stage

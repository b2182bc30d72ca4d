"""Everything a running sandbox holds, made once per application."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, current_app

from gateway.sandbox import faults, numbers
from gateway.sandbox.behaviour import Behaviour
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.delivery import Postman
from gateway.sandbox.faults import FaultBook
from gateway.sandbox.journal import Journal
from gateway.sandbox.ledger import Ledger
from gateway.sandbox.schedule import Scheduler
from gateway.sandbox.tenants import TwilioTenant, VoiceTenant
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
        self.scheduler = Scheduler(config.senders)
        self.postman = Postman(self.journal)
        self.twilio = {
            account.sid: TwilioTenant(account, self.scheduler, config.gateway_url)
            for account in config.accounts
        }
        self.senders: dict[str, TwilioTenant] = {}  # who last sent a message from an address
        self.before_closing: list[Callable[[], None]] = []
        self.inbound: dict[str, Callable[[dict[str, Any]], Response]] = {}  # beside Twilio's
        self._take_back()
        self._voice = tuple(VoiceTenant(client) for client in config.voice_clients)

    def behaviour(
        self, provider: str, number: str, throttle: numbers.Throttle, kind: numbers.Kind = "call"
    ) -> Behaviour:
        """The fate of the placement request at hand: a fault in force, else the number's own."""
        fault = self.faults.choose(provider, kind=kind)
        own = numbers.meaning(number, kind)
        if fault is not None:
            return fault.laid_over(own)
        return throttle.judge(number, own)

    def enter(self, behaviour: Behaviour, *, kind: str = "call", **placed: str) -> None:
        """Write the ledger line of what was placed; it is on the disk when this returns."""
        self.ledger.append({"at": iso_micro(now()), "kind": kind, **placed, "mode": behaviour.name})

    def _take_back(self) -> None:
        """A provider does not forget its calls and messages when it is started anew. Which account
        placed one is not in the ledger, so each of them knows it."""
        for line in self.ledger.entries():
            if line.get("provider") == "twilio":
                kind: numbers.Kind = "message" if line["kind"] == "message" else "call"
                behaviour = faults.played(line["mode"], line["to"], kind)
                for tenant in self.twilio.values():
                    tenant.take_back(line, behaviour)

    def voice_tenant(self, key: str) -> VoiceTenant | None:
        """The generic provider's client with this API key."""
        return next((tenant for tenant in self._voice if tenant.has_key(key)), None)

    def close(self) -> None:
        """End the threads and close the ledger."""
        for action in self.before_closing:
            action()
        self.scheduler.close()
        self.ledger.close()


def on_stage() -> Stage:
    """The stage of the application that handles the present request."""
    stage: Stage = current_app.extensions[EXTENSION]
    return stage

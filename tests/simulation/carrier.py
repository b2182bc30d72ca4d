"""A carrier in this process: the contract of any other, with virtual time instead of a wire."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.domain.callback import (
    Callback,
    EventKind,
    Forbidden,
    Malformed,
    ProviderEvent,
    Route,
    Verified,
)
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import (
    CallRequest,
    Found,
    Listed,
    LookupFailed,
    Placement,
    Request,
    Result,
)
from tests.simulation.exchange import STATES, Call, Exchange
from tests.simulation.placements import Asked

if TYPE_CHECKING:
    from tests.simulation.world import World

SECRET = b"what the simulated carrier signs with"
HEADER = "x-simulated-signature"
PLACING = {
    "rejected": 0.02, "throttled": 0.03, "refused": 0.02, "timeout": 0.02, "timeout, taken": 0.02,
    "timeout, taken twice": 0.004, "error 500": 0.01, "error 500, taken": 0.01,
    "slow answer": 0.03, "killed before": 0.01, "killed after": 0.01,
}  # fmt: skip
TAKEN = frozenset(
    {None, "timeout, taken", "timeout, taken twice", "error 500, taken", "slow answer",
     "killed after"}
)  # fmt: skip
WAITS = {"timeout": 15.0, "timeout, taken": 15.0, "timeout, taken twice": 15.0, "slow answer": 9.0}
THROTTLED = Failure(FailureClass.TEMPORARY, Reason.THROTTLED, "429")
BROKEN = Failure(FailureClass.TECHNICAL, Reason.PROVIDER_ERROR, "500")
LOCKED_OUT = Failure(FailureClass.TECHNICAL, Reason.CONFIGURATION, "401")
NO_NUMBER = Failure(FailureClass.PERMANENT, Reason.INVALID_NUMBER, "404")


def sign(body: bytes) -> str:
    """The simulated carrier's signature of a callback."""
    return hmac.digest(SECRET, body, hashlib.sha256).hex()


class Carrier:
    """What fulfils gateway.domain.provider.Provider. A `mute` one can't be asked about calls."""

    own_numbers = False
    channels = frozenset({"voice"})

    def __init__(self, world: "World", name: str) -> None:
        self.world, self.name = world, name
        self.copies: dict[str | None, int] = {}  # calls it places for a request, by what goes wrong
        self.can_be_asked = self.can_end = name != "mute"
        self.routes: Sequence[Route] = (Route(f"{name}/voice", ("application/json",)),)
        self.exchange = Exchange(world, name)

    def account(self, mode: str, channel: str = "voice") -> str | None:
        """See Provider."""
        return f"AC-{self.name}" if channel in self.channels else None

    def sender(self, mode: str, channel: str = "voice") -> str | None:
        """See Provider."""
        return "+12025550001" if channel in self.channels else None

    def check(self, account: str | None = None) -> str | None:
        """See Provider."""
        return "wrong credentials" if self.world.episodes.on("credentials") else None

    def place(self, request: Request) -> Placement:
        """See Provider."""
        assert isinstance(request, CallRequest)
        world = self.world
        asked = world.placements.asked(self.name, request)
        kind = world.fault(f"place {asked.label}", PLACING, asked.subject)
        if world.episodes.on("credentials"):
            kind = "credentials"
        elif world.episodes.on("outage"):
            kind = world.dice.stream(f"outage {asked.label}").choice(("refused", "timeout"))
        world.timeline.sleep(world.dice.uniform(f"way to {asked.label}", 0.02, 0.4))
        call = None
        for _ in range(self.copies.get(kind, 1) if kind in TAKEN else 0):
            call = self._take(asked, request)
        if kind == "timeout, taken twice":
            self._take_extra(asked, request)
        placement = self._answer(kind, asked, call)
        world.placements.answered(asked, placement)
        return placement

    def _take(self, asked: Asked, request: CallRequest) -> Call:
        self.world.placements.taken(asked, self.exchange)
        asked.call = self.exchange.take(
            request.attempt_id, asked.label, asked.subject, request.account, request.to,
            request.from_,
        )  # fmt: skip
        return asked.call

    def _take_extra(self, asked: Asked, request: CallRequest) -> None:
        """Place a second call for one request, which only a carrier itself can do."""
        asked.extra = self.exchange.take(
            request.attempt_id, f"{asked.label} (extra)", asked.subject, request.account,
            request.to, request.from_, extra=True,
        )  # fmt: skip

    def _answer(self, kind: str | None, asked: Asked, call: Call | None) -> Placement:
        world = self.world
        if kind in ("killed before", "killed after"):
            world.kill(f"its worker, while it waited for the answer to {asked.label}")
        world.timeline.sleep(WAITS.get(str(kind), 0.1))
        if kind in (None, "slow answer"):
            assert call is not None
            return Placement(Result.ACCEPTED, call.external_id, "queued")
        if kind == "throttled":
            wish = world.dice.stream(f"wish {asked.label}").choice((None, 1.0, 30.0, 600.0))
            return Placement(Result.NOT_SENT, failure=THROTTLED, retry_after=wish)
        if kind == "rejected":
            return Placement(Result.REJECTED, failure=NO_NUMBER)
        if kind == "credentials":
            return Placement(Result.NOT_SENT, failure=LOCKED_OUT)
        return Placement(Result.NOT_SENT if kind == "refused" else Result.UNKNOWN, failure=BROKEN)

    def find(self, request: Request) -> Sequence[Found] | None:
        """See Provider."""
        if not self.can_be_asked:
            return None
        self._reach(f"list for {self.world.label(request.attempt_id)}")
        calls = self.exchange.listed(request.account, request.to, request.from_)
        return [self._found(call) for call in calls]

    def fetch(self, account: str, external_id: str) -> Found | None:
        """See Provider."""
        if not self.can_be_asked:
            return None
        call = self.exchange.calls.get(external_id)
        self._reach(f"fetch {call.label if call else external_id}")
        return self._found(call) if call is not None and call.account == account else None

    def listed(
        self, account: str, from_address: str, since: datetime, channel: str = "voice"
    ) -> Sequence[Listed] | None:
        """See Provider."""
        if not self.can_be_asked:
            return None
        self._reach("the whole list")
        return [
            Listed(call.to, self._found(call)) for call in self.exchange.calls.values()
            if (call.account, call.from_) == (account, from_address) and call.created_at >= since
        ]  # fmt: skip

    def _reach(self, name: str) -> None:
        failed = self.world.fault(name, {"look-up fails": 0.05}) or self.world.episodes.on("outage")
        self.world.timeline.sleep(0.2)
        if failed:
            raise LookupFailed("no answer")

    def _found(self, call: Call) -> Found:
        status = call.status(self.world.timeline.now)
        return Found(call.external_id, status, STATES[status], call.created_at)

    def hang_up(self, account: str, external_id: str) -> bool:
        """See Provider."""
        call = self.exchange.calls.get(external_id)
        label = call.label if call else external_id
        failed = self.world.fault(f"hang up {label}", {"hanging up fails": 0.1})
        self.world.timeline.sleep(0.2)
        if not self.can_end or failed or self.world.episodes.on("outage"):
            return False
        return self.exchange.hang_up(external_id)

    def verify(self, callback: Callback, now: datetime) -> Verified:
        """See Provider."""
        if not hmac.compare_digest(callback.headers.get(HEADER, ""), sign(callback.body)):
            raise Forbidden("wrong signature")
        account = self.account("live") or ""
        return Verified((account,), "current", hashlib.sha256(callback.body).hexdigest())

    def parse(self, callback: Callback, verified: Verified) -> Sequence[ProviderEvent]:
        """See Provider."""
        try:
            told = json.loads(callback.body)
        except ValueError:
            raise Malformed("not JSON") from None
        return [
            ProviderEvent(
                kind=EventKind.CALL_STATUS,
                dedup_key=f"{told['id']}|{told['sequence']}|{told['status']}",
                external_id=told["id"],
                account=told["account"],
                attempt_id=told["attempt"],
                state=STATES[told["status"]],
                provider_status=told["status"],
                sequence=told["sequence"],
                occurred_at=datetime.fromisoformat(told["at"]),
            )
        ]

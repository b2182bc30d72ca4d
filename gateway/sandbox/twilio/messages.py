"""The messages that the simulated Twilio knows, who wrote to whom, and who wants no more."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.sandbox.behaviour import Behaviour
from gateway.sandbox.twilio.message_orders import MessageOrder
from gateway.sandbox.twilio.segments import segments
from gateway.sandbox.twilio.shelf import EVERY_DAY, Days, Shelf

STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
WINDOW = timedelta(hours=24)
TERMINAL = frozenset({"delivered", "undelivered", "failed", "read", "canceled", "received"})


@dataclass(slots=True)
class Message:
    """One message, either way. `number` counts the account's messages from 1; times are UTC.
    `cancel` is there while the message is scheduled and says whether it still was."""

    number: int
    account_sid: str
    sid: str
    order: MessageOrder
    behaviour: Behaviour
    created_at: datetime
    updated_at: datetime
    status: str
    body: str
    sent_at: datetime | None = None
    error_code: int | None = None
    inbound: bool = False
    cancel: Callable[[], bool] | None = field(default=None, repr=False)

    @property
    def to(self) -> str:
        """Whom it goes to."""
        return self.order.to

    @property
    def is_over(self) -> bool:
        """True in a state after which only `read` may come."""
        return self.status in TERMINAL

    @property
    def segments(self) -> int:
        """How many parts it is billed as; other channels than SMS know no parts."""
        return segments(self.body) if self.order.channel == "sms" else 1


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """What a list asks for; days compare with the sending, which what is not yet sent has none of.
    `created_until` is how far a list has come that lags."""

    to: str = ""
    from_: str = ""
    sent: Days = EVERY_DAY
    created_until: datetime | None = None

    def admits(self, message: Message) -> bool:
        """Whether the message belongs on the list."""
        order = message.order
        if self.to not in ("", order.to) or self.from_ not in ("", order.from_):
            return False
        if self.created_until is not None and message.created_at > self.created_until:
            return False
        return self.sent.admit(message.sent_at)


class MessageBook(Shelf[Message]):
    """Every message of one account, in memory: those since the start, and what a ledger kept."""

    def __init__(self, account_sid: str) -> None:
        super().__init__()
        self._account_sid = account_sid
        self._unsubscribed: set[tuple[str, str]] = set()
        self._wrote_at: dict[tuple[str, str], datetime] = {}

    def open(
        self,
        order: MessageOrder,
        behaviour: Behaviour,
        now: datetime,
        status: str,
        sid: str | None = None,
    ) -> Message:
        """A message in its first state, with a sid of its own unless one is given."""
        name = sid or ("MM" if order.media else "SM") + secrets.token_hex(16)
        account = self._account_sid
        return self.put(
            lambda number: Message(
                number, account, name, order, behaviour, now, now, status, order.text
            )
        )

    def receive(self, order: MessageOrder, opt_out_type: str | None, now: datetime) -> Message:
        """A message from a person. STOP and START work as Twilio has it by default: single words,
        by SMS, for the number written to. Where Advanced Opt-Out is set up, its verdict counts
        instead, on every channel."""
        message = self.open(order, Behaviour("inbound"), now, "received")
        message.inbound, message.sent_at = True, now
        pair, word = (order.to, order.from_), order.body.strip().upper()
        self._wrote_at[pair] = now
        by_default = opt_out_type is None and order.channel == "sms"
        if opt_out_type == "STOP" or (by_default and word in STOP_WORDS):
            self._unsubscribed.add(pair)
        elif opt_out_type == "START" or (by_default and word in START_WORDS):
            self._unsubscribed.discard(pair)
        return message

    def is_unsubscribed(self, order: MessageOrder) -> bool:
        """Whether the person has stopped messages from this sender."""
        return (order.from_, order.to) in self._unsubscribed

    def is_open(self, order: MessageOrder, now: datetime) -> bool:
        """Whether the person wrote to this sender in the last 24 hours."""
        wrote = self._wrote_at.get((order.from_, order.to))
        return wrote is not None and now - wrote <= WINDOW

    def take_back(self, line: dict[str, Any], behaviour: Behaviour) -> None:
        """A message of an earlier run, as its ledger line has it: at the end that was in store for
        it, since nobody can go on playing it."""
        order = MessageOrder(
            line["to"], line["from"], line["text"], status_callback=line["callback_url"]
        )
        sent = datetime.fromisoformat(line["at"])
        read = behaviour.outcome == "delivered" and behaviour.reads and order.channel == "whatsapp"
        status = "read" if read else behaviour.outcome
        message = self.open(order, behaviour, sent, status, line["external_id"])
        message.error_code = behaviour.error_code
        message.sent_at = None if status == "failed" else sent

"""Playing one message: queued, sent, delivered or not, read, answered, and told about."""

from collections import deque
from datetime import datetime
from threading import Lock

from gateway.sandbox.behaviour import Delivery
from gateway.sandbox.schedule import Lane
from gateway.sandbox.stage import Pace, Stage
from gateway.sandbox.tenants import TwilioTenant
from gateway.sandbox.twilio.callbacks import Subject, signed_form
from gateway.sandbox.twilio.inbound import Inbound
from gateway.sandbox.twilio.message_callbacks import status_params
from gateway.sandbox.twilio.message_orders import MessageOrder
from gateway.sandbox.twilio.messages import Message
from gateway.sandbox.twilio.outbox import LATE_SECONDS, Outbox
from gateway.sandbox.wallclock import now

Step = tuple[float, str]
_HEARD_WHILE_FADING = ("queued", "sent")


def first_status(order: MessageOrder) -> str:
    """What a message is when it is created; nothing is called back about that."""
    if order.send_at is not None:
        return "scheduled"
    return "accepted" if order.service_sid else "queued"


def _steps(message: Message, pace: Pace) -> deque[Step]:
    """The seconds before each further state, and the state."""
    behaviour, order = message.behaviour, message.order
    steps: deque[Step] = deque()
    if order.service_sid:
        steps.append((pace.ring_seconds * 0.1, "queued"))
    if behaviour.outcome == "failed":
        steps.append((pace.ring_seconds, "failed"))
        return steps
    steps.append((pace.ring_seconds * 0.2, "sent"))
    if behaviour.outcome != "sent":
        steps.append((pace.ring_seconds * 0.8, behaviour.outcome))
    if behaviour.outcome == "delivered" and order.channel == "whatsapp" and behaviour.reads:
        steps.append((pace.talk_seconds, "read"))
    return steps


class MessagePlayback:
    """Moves a message through its states. Lives as long as there is something to come."""

    def __init__(self, stage: Stage, tenant: TwilioTenant, message: Message) -> None:
        self._stage = stage
        self._tenant = tenant
        self._message = message
        self._steps = _steps(message, stage.pace)
        self._lock = Lock()
        late = message.behaviour.seconds or LATE_SECONDS
        lane = Lane(stage.scheduler)
        self._outbox = Outbox(message.behaviour.delivery, lane, stage.postman, late)

    def begin(self, moment: datetime) -> None:
        """Start; a message whose callbacks come early is played through before this returns."""
        message = self._message
        if message.order.send_at is not None:
            self._outbox.go_on_later()
            message.cancel = self.cancel
            wait = (message.order.send_at - moment).total_seconds()
            self._stage.scheduler.after(wait, self._fall_due)
        elif message.behaviour.delivery is Delivery.EARLY:
            while self._steps:
                self._move(self._steps.popleft()[1])
            self._outbox.go_on_later()
            self._end()
        else:
            self._go_on(self._stage.config.number_delay if message.behaviour.delayed else 0.0)

    def cancel(self) -> bool:
        """End it while it is only scheduled; False if it is under way."""
        with self._lock:
            if self._message.status != "scheduled":
                return False
            self._message.cancel = None
            self._message.status = "canceled"
        self._move("canceled")
        self._outbox.release()
        return True

    def _fall_due(self) -> None:
        with self._lock:
            if self._message.status != "scheduled":
                return
            self._message.cancel = None
            self._message.status = "accepted"
        self._go_on(0.0)

    def _go_on(self, more_seconds: float = 0.0) -> None:
        wait, status = self._steps.popleft()
        self._stage.scheduler.after(more_seconds + wait, lambda: self._reach(status))

    def _reach(self, status: str) -> None:
        self._move(status)
        if self._steps:
            self._go_on()
        else:
            self._end()

    def _move(self, status: str) -> None:
        message, behaviour = self._message, self._message.behaviour
        message.updated_at = now()
        if status == "sent":
            message.sent_at = message.updated_at
        if status in ("failed", "undelivered"):
            message.error_code = behaviour.code or behaviour.error_code
        message.status = status
        url = message.order.status_callback
        fading = behaviour.delivery is Delivery.FADING and status not in _HEARD_WHILE_FADING
        if url and not fading:
            subject = Subject(message.sid, behaviour.signing, status, "status")
            params = status_params(message, status)
            self._outbox.put(signed_form(self._tenant.signer, subject, url, params))

    def _end(self) -> None:
        self._outbox.release()
        if self._message.behaviour.reply and self._message.behaviour.outcome == "delivered":
            self._stage.scheduler.after(self._stage.pace.talk_seconds, self._reply)

    def _reply(self) -> None:
        sent, words = self._message.order, self._message.behaviour.reply
        url = self._tenant.inbound_url(sent.status_callback)
        letter = MessageOrder(to=sent.from_, from_=sent.to, body=words)
        self._outbox.run(Inbound(self._stage, self._tenant, letter, url).errand())

"""A person writes: told to the gateway, whose answer may hold words to send back."""

from collections.abc import Callable

import requests

from gateway.sandbox import numbers
from gateway.sandbox.behaviour import Behaviour
from gateway.sandbox.delivery import Callback
from gateway.sandbox.schedule import Job
from gateway.sandbox.stage import Stage
from gateway.sandbox.tenants import TwilioTenant
from gateway.sandbox.twilio.callbacks import Subject, signed_form
from gateway.sandbox.twilio.message_callbacks import inbound_params
from gateway.sandbox.twilio.message_orders import MessageOrder
from gateway.sandbox.twilio.twiml import read_replies
from gateway.sandbox.wallclock import now

REPLY = Behaviour("webhook_reply")
Watch = Callable[[requests.Response], None]


class Inbound:
    """One message from a person to a number of the account."""

    def __init__(
        self,
        stage: Stage,
        tenant: TwilioTenant,
        order: MessageOrder,
        url: str,
        opt_out_type: str | None = None,
    ) -> None:
        """It has come in when this returns: a STOP counts before the gateway hears of it."""
        self._stage = stage
        self._tenant = tenant
        self._order = order
        message = tenant.messages.receive(order, opt_out_type, now())
        signing = numbers.meaning(order.from_, "message").signing
        subject = Subject(message.sid, signing, "received", "inbound")
        params = inbound_params(message, opt_out_type)
        self.callback: Callback = signed_form(tenant.signer, subject, url, params)

    def errand(self, watch: Watch | None = None) -> Job:
        """The job that tells the gateway; `watch` is shown each of its answers."""

        def answered(response: requests.Response) -> None:
            if watch is not None:
                watch(response)
            told = response.headers.get("Content-Type", "")
            for words in read_replies(response.content, told) if response.ok else ():
                self._send_back(words)

        return self._stage.postman.errand(self.callback, answered)

    def _send_back(self, words: str) -> None:
        """What Twilio does with words in the answer to a message: it sends them to the person."""
        moment = now()
        order = MessageOrder(to=self._order.from_, from_=self._order.to, body=words)
        message = self._tenant.messages.open(order, REPLY, moment, "delivered")
        message.sent_at = moment
        self._stage.enter(
            REPLY,
            kind="message",
            provider="twilio",
            channel=order.channel,
            to=order.to,
            **{"from": order.from_},
            text=words,
            callback_url="",
            external_id=message.sid,
        )

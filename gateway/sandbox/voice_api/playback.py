"""Playing a call of the generic provider: silence, then one webhook with the outcome."""

import json
from time import sleep
from uuid import uuid4

from gateway.sandbox.behaviour import Behaviour, Delivery, Transcript
from gateway.sandbox.delivery import STUBBORN, Callback
from gateway.sandbox.schedule import Lane
from gateway.sandbox.signing import WebhookSigner
from gateway.sandbox.stage import Stage
from gateway.sandbox.voice_api.orders import VoiceOrder

PATH = "/webhooks/call-status"
COPIES = 3
LATE_SECONDS = 5.0


class VoicePlayback:
    """One call up to its webhook, and a further one for a transcript that comes later."""

    def __init__(
        self,
        stage: Stage,
        signer: WebhookSigner,
        order: VoiceOrder,
        behaviour: Behaviour,
        call_id: str,
    ) -> None:
        self._stage = stage
        self._signer = signer
        self._order = order
        self._behaviour = behaviour
        self._call_id = call_id
        self._lane = Lane(stage.scheduler)

    def begin(self) -> None:
        """Start; with early callbacks the outcome is delivered before this returns."""
        if self._behaviour.delivery is Delivery.EARLY:
            self._finish()
            return
        pace, answered = self._stage.pace, self._behaviour.status == "completed"
        seconds = pace.ring_seconds + (pace.talk_seconds if answered else 0.0)
        delay = self._stage.config.number_delay if self._behaviour.delayed else 0.0
        self._stage.scheduler.after(delay + seconds, self._finish)

    def _finish(self) -> None:
        """The call is over."""
        answered = self._behaviour.status == "completed"
        transcript = self._behaviour.transcript
        prompt = transcript in (Transcript.PROMPT, Transcript.TWICE)
        words = self._dialogue(self._behaviour.heard) if answered and prompt else None
        self._tell(words, inline=self._behaviour.delivery is Delivery.EARLY)
        if answered and transcript is Transcript.LATE:
            late = self._dialogue(self._behaviour.heard)
            self._stage.scheduler.after(
                self._stage.config.transcript_delay, lambda: self._tell(late)
            )
        if answered and transcript is Transcript.TWICE:
            other = self._dialogue(self._behaviour.misheard)
            self._stage.scheduler.after(
                self._stage.pace.talk_seconds * 2, lambda: self._tell(other)
            )

    def _dialogue(self, heard: str) -> str:
        return f"Agent: {self._order.message}\nPerson: {heard}"

    def _tell(self, transcript: str | None, inline: bool = False) -> None:
        if self._behaviour.delivery is Delivery.LOST:
            return
        callback = self._webhook(transcript)
        copies = COPIES if self._behaviour.delivery is Delivery.TRIPLE else 1
        for _ in range(copies):
            job = self._stage.postman.errand(callback)
            if self._behaviour.delivery is Delivery.LATE:
                self._lane.push_after(self._behaviour.seconds or LATE_SECONDS, job)
                continue
            if not inline:
                self._lane.push(job)
                continue
            while (wait := job()) is not None:
                sleep(wait)

    def _webhook(self, transcript: str | None) -> Callback:
        status = "completed" if self._behaviour.status == "completed" else "failed"
        body = json.dumps(
            {
                "call_id": self._call_id,
                "status": status,
                "metadata": self._order.metadata,
                "transcript": transcript,
            }
        ).encode()
        message_id = f"msg_{uuid4().hex}"
        signer, signing = self._signer, self._behaviour.signing
        plain = {"Content-Type": "application/json", "User-Agent": "Ringback-Sandbox-Voice/1.0"}
        return Callback(
            provider="voice_api",
            kind="status",
            event=status,
            external_id=self._call_id,
            url=self._stage.config.gateway_url.rstrip("/") + PATH,
            body=body,
            headers=lambda: plain | dict(signer.headers(signing, message_id, body)),
            policy=STUBBORN,
        )

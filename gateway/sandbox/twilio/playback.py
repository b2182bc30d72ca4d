"""Playing one call: dialled, ringing, answered, talked through, hung up, and told about."""

from collections import deque
from collections.abc import Callable

from gateway.sandbox.behaviour import Delivery, Transcript
from gateway.sandbox.signing import TwilioSigner
from gateway.sandbox.stage import Stage
from gateway.sandbox.twilio.callbacks import (
    Params,
    amd_params,
    call_params,
    letter,
    status_params,
)
from gateway.sandbox.twilio.calls import Call
from gateway.sandbox.twilio.outbox import LATE_SECONDS, Outbox, once
from gateway.sandbox.twilio.twiml import Script, read_script
from gateway.sandbox.twilio.words import LiveWords, RecordedWords
from gateway.sandbox.wallclock import now

_EVENT_OF = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}


class Playback:
    """Moves a call through its states; every step does nothing once the call is over."""

    def __init__(
        self, stage: Stage, signer: TwilioSigner, call: Call, script: Script | None
    ) -> None:
        self._stage = stage
        self._call = call
        self._script = script
        self._signer = signer
        self._pace = stage.pace
        self._sent = 0
        self._keys = call.behaviour.digits
        late = call.behaviour.seconds or LATE_SECONDS
        self._outbox = Outbox(call.behaviour.delivery, call.lane, stage.postman, late)
        self._words: LiveWords | None = None
        self._inline: deque[Callable[[], None]] | None = None
        call.end = self.finish

    def begin(self) -> None:
        """Start; a call whose callbacks come early is played through before this returns."""
        if self._call.behaviour.delivery is Delivery.EARLY:
            self._play_inline()
            return
        delay = self._stage.config.number_delay if self._call.behaviour.delayed else 0.0
        self._later(delay + self._pace.ring_seconds * 0.2, self._dial)

    def finish(self, status: str) -> None:
        """End the call in this state, unless it is over. Safe from any thread."""
        with self._call.lock:
            if self._call.is_over:
                return
            answered = self._call.status == "in-progress"
            self._close_books(status, answered)
            if self._words is not None:
                self._words.stop()
            self._tell(status)
            if answered:
                self._report_afterwards()
            self._outbox.release()
            self._call.end = None

    def _close_books(self, status: str, answered: bool) -> None:
        call, moment = self._call, now()
        talked = (moment - call.started_at).total_seconds() if call.started_at else 0.0
        call.seconds = max(1, round(talked)) if answered else 0
        call.status, call.ended_at, call.updated_at = status, moment, moment

    def _play_inline(self) -> None:
        self._inline = deque([self._dial])
        while self._inline:
            self._inline.popleft()()
        self._inline = None
        self._outbox.go_on_later()

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        if self._inline is None:
            self._stage.scheduler.after(seconds, action)
        else:
            self._inline.append(action)

    def _move(self, status: str) -> bool:
        """Take the state and tell of it, in one go; False if the call is over meanwhile."""
        call = self._call
        with call.lock:
            if call.is_over:
                return False
            call.updated_at = now()
            if status != "initiated":
                call.status = status
            self._tell(status)
            return True

    def _dial(self) -> None:
        self._call.started_at = now()
        if self._move("initiated"):
            self._later(self._pace.ring_seconds * 0.2, self._ring)

    def _ring(self) -> None:
        if not self._move("ringing"):
            return
        end = self._call.behaviour.status
        rest = self._pace.ring_seconds * 0.6
        self._later(rest, self._answer if end == "completed" else lambda: self.finish(end))

    def _answer(self) -> None:
        call = self._call
        asked = call.order.detects_machine or call.order.amd_callback
        if asked or call.behaviour.is_machine:
            call.answered_by = call.behaviour.answered_by
        if not self._move("in-progress"):
            return
        if self._call.order.amd_callback:
            params = amd_params(self._call)
            self._post(self._call.order.amd_callback, params, "machine-detection", "amd")
        if self._script is None:
            self._outbox.run(once(self._fetch_script))
        else:
            self._talk(self._script)

    def _fetch_script(self) -> None:
        params = call_params(self._call, "in-progress")
        self._talk(self._ask(self._call.order.url, params, "document") or Script())

    def _talk(self, script: Script) -> None:
        if self._call.is_over:
            return
        if script.transcription is not None:
            self._words = LiveWords(self._call, script.transcription, self._post)
            self._words.start()
        self._script = script
        self._later(self._pace.talk_seconds * 0.4, lambda: self._speak(script))

    def _speak(self, script: Script) -> None:
        if self._call.is_over:
            return
        if self._words is not None:
            self._words.said(script.words)
        self._later(self._pace.talk_seconds * 0.3, lambda: self._listen(script))

    def _listen(self, script: Script) -> None:
        if self._call.is_over:
            return
        if self._words is not None:
            self._words.heard()
        self._collect(script)

    def _collect(self, script: Script) -> None:
        """Press what the document waits for, fall through where nothing is pressed, or hang up."""
        gather = script.gather
        if gather is None:
            self._hang_up_soon()
            return
        taken = gather.keys or len(self._keys)
        keys, self._keys = self._keys[:taken], self._keys[taken:]
        if gather.action_url and (keys or gather.tells_empty):
            self._outbox.run(once(lambda: self._press(gather.action_url, keys)))
        else:
            self._later(self._pace.talk_seconds * 0.3, lambda: self._follow(script.rest))

    def _press(self, url: str, keys: str) -> None:
        if self._call.is_over:
            return
        params = call_params(self._call, "in-progress") | {
            "Digits": keys,
            "FinishedOnKey": "",
            "msg": "Gather End",
        }
        self._follow(self._ask(url, params, "gather"))

    def _follow(self, script: Script | None) -> None:
        """Go on with the answer to a key, or with what follows a `<Gather>` that got none."""
        if self._call.is_over:
            return
        script = script or Script()
        if self._words is not None:
            self._words.said(script.words)
        if script.gather is None:
            self._hang_up_soon()
        else:
            self._later(self._pace.talk_seconds * 0.3, lambda: self._collect(script))

    def _hang_up_soon(self) -> None:
        self._later(self._pace.talk_seconds * 0.3, lambda: self.finish("completed"))

    def _ask(self, url: str, params: Params, kind: str) -> Script | None:
        """Post for a TwiML document; None if there was no good answer."""
        callback = letter(self._signer, self._call, url, params, kind, kind)
        response, _ = self._stage.postman.send(callback)
        if response is None or not response.ok:
            return None
        return read_script(response.content, callback.url)

    def _tell(self, status: str) -> None:
        order = self._call.order
        event = _EVENT_OF.get(status, "completed")
        if not order.status_callback or event not in order.events:
            return
        params = status_params(self._call, status, self._sent, now())
        self._sent += 1
        self._post(order.status_callback, params, status, "status")

    def _post(self, url: str, params: Params, event: str, kind: str) -> None:
        self._outbox.put(letter(self._signer, self._call, url, params, event, kind))

    def _report_afterwards(self) -> None:
        call, transcript = self._call, self._call.behaviour.transcript
        verb = self._script.recording if self._script else None
        recorded = RecordedWords(call, verb, self._post)
        recorded.report()
        if transcript is Transcript.LATE:
            delay = self._stage.config.transcript_delay
        elif transcript is Transcript.TWICE:
            delay = self._pace.talk_seconds * 2
        else:
            return
        self._stage.scheduler.after(delay, recorded.catch_up)
        if self._words is not None:
            self._stage.scheduler.after(delay, self._words.catch_up)

"""The words of a call as they reach the gateway: promptly, late, never, or twice and different."""

import secrets
from collections.abc import Callable

from gateway.sandbox.behaviour import Transcript
from gateway.sandbox.twilio.callbacks import (
    Params,
    TranscriptionEvents,
    recording_params,
    transcribe_params,
)
from gateway.sandbox.twilio.calls import Call
from gateway.sandbox.twilio.twiml import Recording, Transcription
from gateway.sandbox.wallclock import now

Post = Callable[[str, Params, str, str], None]
"""Called with the URL, the parameters, the event and the kind of callback."""


class LiveWords:
    """A real-time transcription of one call."""

    def __init__(self, call: Call, wanted: Transcription, post: Post) -> None:
        self._behaviour = call.behaviour
        self._tracks = wanted.tracks
        self._url = wanted.callback_url
        self._events = TranscriptionEvents(call, wanted)
        self._send = post
        self._waiting: list[tuple[str, str]] = []
        self._last: Params | None = None
        self._stopped = False

    def start(self) -> None:
        """The call was answered."""
        self._post(self._events.started(now()))

    def said(self, text: str) -> None:
        """The gateway's text was spoken."""
        self._content("outbound_track", text)

    def heard(self) -> None:
        """The person spoke."""
        self._content("inbound_track", self._behaviour.heard)

    def stop(self) -> None:
        """The call is over; a late transcript stops when it has caught up, a missing one never."""
        prompt = self._behaviour.transcript in (Transcript.PROMPT, Transcript.TWICE)
        if prompt and not self._stopped:
            self._stopped = True
            self._post(self._events.stopped(now()))

    def catch_up(self) -> None:
        """Some time after the call: send what is late, or the last piece again in other words."""
        if self._behaviour.transcript is Transcript.TWICE and self._last is not None:
            track, sequence = self._last["Track"], self._last["SequenceId"]
            again = self._events.content(track, self._behaviour.misheard, now())
            self._post(again | {"SequenceId": sequence})
        if self._behaviour.transcript is Transcript.LATE:
            for track, text in self._waiting:
                self._post(self._events.content(track, text, now()))
            self._post(self._events.stopped(now()))

    def _content(self, track: str, text: str) -> None:
        if track not in self._tracks or not text:
            return
        if self._behaviour.transcript is Transcript.LATE:
            self._waiting.append((track, text))
        elif self._behaviour.transcript is not Transcript.NEVER:
            self._last = self._events.content(track, text, now())
            self._post(self._last)

    def _post(self, params: Params) -> None:
        self._send(self._url, params, params["TranscriptionEvent"], "transcription")


class RecordedWords:
    """The recordings of one call, and the transcription of a `<Record transcribe>`."""

    def __init__(self, call: Call, verb: Recording | None, post: Post) -> None:
        self._call = call
        self._verb = verb or Recording()
        self._recording_sid = "RE" + secrets.token_hex(16)
        self._transcription_sid = "TR" + secrets.token_hex(16)
        self._send = post

    def report(self) -> None:
        """The call is over: tell about its recordings, and their words if these are prompt."""
        sources = (
            (self._verb.callback_url, "RecordVerb", self._recording_sid),
            (self._call.order.recording_callback, "OutboundAPI", "RE" + secrets.token_hex(16)),
        )
        for url, source, sid in sources:
            if url:
                params = recording_params(self._call, sid, source)
                self._send(url, params, "completed", "recording")
        if self._call.behaviour.transcript in (Transcript.PROMPT, Transcript.TWICE):
            self._transcribe(self._call.behaviour.heard)

    def catch_up(self) -> None:
        """Some time after the call: the late words, or other words under the same sid."""
        behaviour = self._call.behaviour
        late = behaviour.transcript is Transcript.LATE
        self._transcribe(behaviour.heard if late else behaviour.misheard)

    def _transcribe(self, text: str) -> None:
        url = self._verb.transcribe_url
        if not url:
            return
        sids = (self._recording_sid, self._transcription_sid)
        params = transcribe_params(self._call, *sids, text, url)
        self._send(url, params, "completed", "transcribe")

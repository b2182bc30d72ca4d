"""Signed forms, and the bodies of those that Twilio posts about a call (twilio.md 2.2, 2.4)."""

import json
import math
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, quote_plus, urlencode
from uuid import uuid4

from gateway.sandbox.behaviour import Signing
from gateway.sandbox.delivery import Callback, split_overrides
from gateway.sandbox.signing import TwilioSigner
from gateway.sandbox.twilio.calls import Call
from gateway.sandbox.twilio.resource import VERSION
from gateway.sandbox.twilio.twiml import Transcription
from gateway.sandbox.wallclock import iso_micro, rfc2822

FORM = "application/x-www-form-urlencoded; charset=UTF-8"
Params = dict[str, str]


def letter(
    signer: TwilioSigner, call: Call, url: str, params: Params, event: str, kind: str
) -> Callback:
    """A signed form about a call; its bodies write a space as %20."""
    subject = Subject(call.sid, call.behaviour.signing, event, kind)
    return signed_form(signer, subject, url, params, quote)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a form is about, and with which secret it is to be signed."""

    sid: str
    signing: Signing
    event: str
    kind: str


def signed_form(
    signer: TwilioSigner,
    subject: Subject,
    url: str,
    params: Params,
    quoting: Callable[..., str] = quote_plus,
) -> Callback:
    """A form for the URL without its fragment; the idempotency token stays over retries."""
    bare, policy = split_overrides(url)
    headers: Mapping[str, str] = {
        "Content-Type": FORM,
        "User-Agent": "TwilioProxy/1.1",
        "X-Home-Region": "us1",
        "X-Twilio-Signature": signer.sign(subject.signing, bare, params),
        "I-Twilio-Idempotency-Token": str(uuid4()),
    }
    body = urlencode(params, quote_via=quoting, safe="").encode("ascii")
    return Callback(
        "twilio", subject.kind, subject.event, subject.sid, bare, body, lambda: headers, policy
    )


def call_params(call: Call, status: str) -> Params:
    """What every voice request says of its call; unknown places are sent empty."""
    to, sender = call.order.to, call.order.from_
    return {
        "CallSid": call.sid,
        "AccountSid": call.account_sid,
        "From": sender,
        "To": to,
        "Caller": sender,
        "Called": to,
        "CallStatus": status,
        "ApiVersion": VERSION,
        "Direction": "outbound-api",
        "ToCity": "",
        "ToZip": "",
        "CalledCity": "",
        "CalledZip": "",
    }


def status_params(call: Call, status: str, sequence: int, now: datetime) -> Params:
    """A call progress event; a call that is over brings its durations and its SIP code."""
    params = call_params(call, status) | {
        "Timestamp": rfc2822(now),
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(sequence),
    }
    if call.is_over:
        seconds = call.seconds or 0
        params["CallDuration"] = str(seconds)
        params["Duration"] = str(math.ceil(seconds / 60))
        params["SipResponseCode"] = "487" if status == "canceled" else call.behaviour.sip_code
    announced = call.order.detects_machine or call.behaviour.is_machine
    if call.answered_by is not None and announced:
        params["AnsweredBy"] = call.answered_by
    return params


def amd_params(call: Call) -> Params:
    """The separate verdict of asynchronous answering machine detection; the duration is in ms."""
    return {
        "CallSid": call.sid,
        "AccountSid": call.account_sid,
        "AnsweredBy": call.behaviour.answered_by,
        "MachineDetectionDuration": "2400",
    }


class TranscriptionEvents:
    """Bodies of one real-time transcription; each counts SequenceId up from 1."""

    def __init__(self, call: Call, wanted: Transcription) -> None:
        self._wanted = wanted
        self._sequence = 0
        self._common = {
            "TranscriptionSid": "GT" + secrets.token_hex(16),
            "CallSid": call.sid,
            "AccountSid": call.account_sid,
        }

    def _next(self, event: str, now: datetime) -> Params:
        self._sequence += 1
        return self._common | {
            "TranscriptionEvent": event,
            "Timestamp": iso_micro(now),
            "SequenceId": str(self._sequence),
        }

    def started(self, now: datetime) -> Params:
        """The first event, with the settings in force."""
        return self._next("transcription-started", now) | {
            "Name": self._wanted.name,
            "Track": self._wanted.track,
            "LanguageCode": self._wanted.language,
            "TranscriptionEngine": "google",
            "ProviderConfiguration": json.dumps({"speechModel": "telephony"}),
            "PartialResults": "false",
            "InboundTrackLabel": self._wanted.inbound_label,
            "OutboundTrackLabel": self._wanted.outbound_label,
        }

    def content(self, track: str, text: str, now: datetime) -> Params:
        """A final piece of one side; the words are in a JSON string."""
        return self._next("transcription-content", now) | {
            "LanguageCode": self._wanted.language,
            "Track": track,
            "Final": "true",
            "TranscriptionData": json.dumps({"transcript": text, "confidence": 0.9956335}),
        }

    def stopped(self, now: datetime) -> Params:
        """The last event."""
        return self._next("transcription-stopped", now)


def recording_params(call: Call, sid: str, source: str) -> Params:
    """A recording that is complete; RecordingUrl has no file extension."""
    return {
        "AccountSid": call.account_sid,
        "CallSid": call.sid,
        "RecordingSid": sid,
        "RecordingUrl": recording_url(call.account_sid, sid),
        "RecordingStatus": "completed",
        "RecordingDuration": str(call.seconds or 0),
        "RecordingChannels": "1",
        "RecordingStartTime": rfc2822(call.started_at or call.created_at),
        "RecordingSource": source,
        "RecordingTrack": "both",
        "ErrorCode": "0",
    }


def transcribe_params(
    call: Call, recording_sid: str, transcription_sid: str, text: str, url: str
) -> Params:
    """The words of a `<Record transcribe>`."""
    audio = recording_url(call.account_sid, recording_sid)
    return call_params(call, call.status) | {
        "TranscriptionSid": transcription_sid,
        "TranscriptionText": text,
        "TranscriptionStatus": "completed",
        "TranscriptionType": "fast",
        "TranscriptionUrl": f"{audio}/Transcriptions/{transcription_sid}",
        "RecordingSid": recording_sid,
        "RecordingUrl": audio,
        "url": url,
    }


def recording_url(account_sid: str, sid: str) -> str:
    """Where Twilio would keep the audio."""
    return f"https://api.twilio.com/{VERSION}/Accounts/{account_sid}/Recordings/{sid}"

"""Callbacks as Twilio and the generic voice provider post them, signed by their own libraries."""

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

import requests
from standardwebhooks import Webhook
from twilio.request_validator import RequestValidator

from tests.stack import Stack

FORM = "application/x-www-form-urlencoded"


class Carrier:
    """Posts to the stack's webhooks. Every method gives the HTTP answer."""

    def __init__(self, stack: Stack) -> None:
        self.url = stack.web.url
        self._shared = stack.settings.sandbox_credentials

    def sign(self, url: str, params: dict[str, str], token: str | None = None) -> str:
        """X-Twilio-Signature, by the sandbox account's token unless another is given."""
        validator = RequestValidator(token or self._shared["auth_token"])
        return str(validator.compute_signature(url, params))

    def status(self, sid: str, word: str, sequence: int | None, **more: str) -> dict[str, str]:
        """The parameters of a status callback; its moment follows the sequence number."""
        at = datetime(2026, 11, 21, 12, 0, sequence or 0, tzinfo=UTC)
        params = {
            "CallSid": sid,
            "AccountSid": self._shared["account_sid"],
            "CallStatus": word,
            "Timestamp": format_datetime(at),
        }
        if sequence is not None:
            params["SequenceNumber"] = str(sequence)
        if word == "completed":
            params["CallDuration"] = "42"
        return params | more

    def told(
        self,
        params: dict[str, str],
        attempt: str | None = None,
        kind: str = "voice",
        token: str | None = None,
    ) -> requests.Response:
        """Post a form of Twilio's, naming an attempt in the address."""
        query = f"?{urlencode({'attempt': attempt})}" if attempt else ""
        url = f"{self.url}/webhooks/twilio/{kind}{query}"
        return self.post(url, params, self.sign(url, params, token))

    def post(self, url: str, params: dict[str, str], signature: str) -> requests.Response:
        """Post exactly this."""
        headers = {"X-Twilio-Signature": signature, "Content-Type": FORM}
        return requests.post(url, data=urlencode(params), headers=headers, timeout=15)

    def utterance(
        self, sid: str, source: str, number: int, track: str, text: str
    ) -> dict[str, str]:
        """The parameters of one piece of a real-time transcription."""
        return {
            "TranscriptionSid": source,
            "CallSid": sid,
            "AccountSid": self._shared["account_sid"],
            "TranscriptionEvent": "transcription-content",
            "Timestamp": f"2026-11-21T12:00:{number:02d}.000000Z",
            "SequenceId": str(number),
            "Track": track,
            "Final": "true",
            "TranscriptionData": json.dumps({"transcript": text, "confidence": 0.9}),
        }

    def voice_api(self, body: Any, message_id: str = "msg_1") -> requests.Response:
        """Post JSON as the generic voice provider does."""
        text = body if isinstance(body, str) else json.dumps(body)
        now = datetime.now(UTC)
        signature = Webhook(self._shared["webhook_secret"]).sign(message_id, now, text)
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
            "Content-Type": "application/json",
        }
        url = f"{self.url}/webhooks/call-status"
        return requests.post(url, data=text.encode(), headers=headers, timeout=15)

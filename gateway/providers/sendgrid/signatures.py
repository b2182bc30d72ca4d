"""Whether a webhook comes from SendGrid: ECDSA with P-256 and SHA-256 over the timestamp and the
raw body (https://www.twilio.com/docs/sendgrid/for-developers/tracking-events)."""

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.domain.callback import Callback, Forbidden, Verified
from gateway.providers.sendgrid.accounts import Account

# A delivery that failed is repeated for 24 hours, and nothing says that it is signed anew. What is
# replayed within that time was stored before, and has no second effect.
OLDEST_SECONDS = 25 * 3600
EARLIEST_SECONDS = 300

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
_SECONDS = re.compile("[1-9][0-9]{0,10}")


def is_authentic(
    key: ec.EllipticCurvePublicKey, headers: Mapping[str, str], body: bytes, now: datetime
) -> bool:
    """Whether this key proves the webhook. Header names are lower-case. Never raises."""
    return _signed(key, headers, body, now) is not None


def verify(callback: Callback, now: datetime, accounts: tuple[Account, ...]) -> Verified:
    """Find the account whose key proves the callback. Raises Forbidden."""
    for account in accounts:
        for name, key in account.keys:
            content = _signed(key, callback.headers, callback.body, now)
            if content is not None:
                return Verified((account.name,), name, hashlib.sha256(content).hexdigest())
    raise Forbidden("no key of ours proves this")


def _signed(
    key: ec.EllipticCurvePublicKey, headers: Mapping[str, str], body: bytes, now: datetime
) -> bytes | None:
    try:
        timestamp, signature = headers[TIMESTAMP], headers[SIGNATURE]
        if not _SECONDS.fullmatch(timestamp):
            return None
        if not -EARLIEST_SECONDS <= now.timestamp() - int(timestamp) <= OLDEST_SECONDS:
            return None
        content = timestamp.encode("ascii") + body
        key.verify(base64.b64decode(signature, validate=True), content, ec.ECDSA(hashes.SHA256()))
    except Exception:  # noqa: BLE001 - whatever was sent to break this, it was not SendGrid
        return None
    return content

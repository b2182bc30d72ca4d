"""SendGrid's signed event webhook: ECDSA over the timestamp and the raw body (others.md 6)."""

import base64
from collections.abc import Mapping

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.sandbox.behaviour import Signing
from gateway.sandbox.wallclock import now

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"


class EventSigner:
    """Signs with the account's key, or with one that nobody knows."""

    def __init__(self, signing_key: str) -> None:
        """`signing_key` is the private number of the curve P-256, in hex. Raises ValueError if it
        is no number that the curve has."""
        self._own = ec.derive_private_key(int(signing_key, 16), ec.SECP256R1())
        self._unknown = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """What proves the signatures, as SendGrid shows it: DER (SPKI) in base64."""
        encoded = self._own.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(encoded).decode("ascii")

    def headers(self, body: bytes, signing: Signing) -> Mapping[str, str]:
        """The headers that prove this body now; the timestamp is in Unix seconds."""
        stamp = str(int(now().timestamp()))
        key = self._own if signing is Signing.CURRENT else self._unknown
        signature = key.sign(stamp.encode("ascii") + body, ec.ECDSA(hashes.SHA256()))
        return {SIGNATURE: base64.b64encode(signature).decode("ascii"), TIMESTAMP: stamp}

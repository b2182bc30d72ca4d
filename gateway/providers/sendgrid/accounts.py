"""SendGrid's account and its imitation in the sandbox, with the keys that prove their webhooks."""

import base64
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from gateway.providers.mail import Mailbox, mailbox
from gateway.settings import InvalidSettings, Settings

_SENDGRID = "https://api.sendgrid.com"


@dataclass(frozen=True)
class Account:
    """One account. `keys` are the public keys of its event webhook by name, the current first."""

    name: str
    mode: str
    base_url: str
    api_key: str = field(repr=False)
    sender: Mailbox = field(repr=False)
    keys: tuple[tuple[str, ec.EllipticCurvePublicKey], ...] = field(repr=False)


def configured(settings: Settings) -> tuple[Account, ...]:
    """Live when SENDGRID_API_KEY is set, test when SANDBOX_URL is. Raises InvalidSettings for a key
    that is none, and when both would be proved by one key."""
    found: list[Account] = []
    if settings.sendgrid_api_key and settings.email_from:
        base = settings.sendgrid_api_base_url or _SENDGRID
        sender = mailbox(settings.email_from)
        key = settings.sendgrid_api_key
        found.append(Account("sendgrid:live", "live", base, key, sender, _live_keys(settings)))
    if settings.sandbox_url:
        shared = settings.sandbox_credentials
        private = ec.derive_private_key(int(shared["sendgrid_signing_key"], 16), ec.SECP256R1())
        public = private.public_key()
        if any(public == known for live in found for _, known in live.keys):
            problem = "must differ from the key that the sandbox signs with"
            raise InvalidSettings({"SENDGRID_WEBHOOK_PUBLIC_KEY": problem})
        sender = mailbox(settings.sandbox_email_from)
        key, keys = shared["sendgrid_api_key"], (("current", public),)
        found.append(Account("sendgrid:test", "test", settings.sandbox_url, key, sender, keys))
    return tuple(found)


def _live_keys(settings: Settings) -> tuple[tuple[str, ec.EllipticCurvePublicKey], ...]:
    given = {
        "SENDGRID_WEBHOOK_PUBLIC_KEY": settings.sendgrid_webhook_public_key,
        "SENDGRID_WEBHOOK_PUBLIC_KEY_PREVIOUS": settings.sendgrid_webhook_public_key_previous,
    }
    names = ("current", "previous")
    keys = zip(names, given.items(), strict=True)
    return tuple((name, _public_key(variable, text)) for name, (variable, text) in keys if text)


def _public_key(variable: str, text: str) -> ec.EllipticCurvePublicKey:
    """A verification key as SendGrid shows it: DER (SPKI) in base64."""
    found = verification_key(text)
    if found is None:
        raise InvalidSettings({variable: "must be a public key of P-256, as SendGrid shows it"})
    return found


def verification_key(text: str) -> ec.EllipticCurvePublicKey | None:
    """The key that this text is, None when it is none. Never raises."""
    try:
        found = load_der_public_key(base64.b64decode(text, validate=True))
    except Exception:  # noqa: BLE001 - whatever it is, it is no key, and must not be repeated
        return None
    known = isinstance(found, ec.EllipticCurvePublicKey) and found.curve.name == "secp256r1"
    return found if known else None  # type: ignore[return-value]

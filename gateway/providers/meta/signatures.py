"""Whether a webhook comes from Meta: HMAC-SHA256 of the raw body with the app secret
(https://developers.facebook.com/docs/graph-api/webhooks/getting-started). No time is signed, so
that replays are known by their content alone."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from gateway.domain.callback import Callback, Forbidden, Verified
from gateway.providers.meta.accounts import Account

_SIGNATURE = re.compile("sha256=([0-9a-f]{64})")
_CHALLENGE = re.compile("[!-~]{1,200}")


def is_authentic(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether this app secret signed the body. Header names are lower-case. Never raises."""
    found = _SIGNATURE.fullmatch(headers.get("x-hub-signature-256", ""))
    made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return found is not None and hmac.compare_digest(made, found.group(1))


def verify(callback: Callback, accounts: tuple[Account, ...]) -> Verified:
    """Find the account whose app secret signed the callback. Raises Forbidden."""
    for account in accounts:
        for key, secret in account.secrets:
            if is_authentic(secret, callback.headers, callback.body):
                digest = hashlib.sha256(callback.body).hexdigest()
                return Verified((account.name,), key, digest)
    raise Forbidden("no app secret of ours made this signature")


def challenge(callback: Callback, accounts: tuple[Account, ...]) -> str:
    """The answer to Meta's handshake, which is what it asked to hear. Raises Forbidden for another
    verify token."""
    try:
        given = dict(parse_qsl(callback.query, keep_blank_values=True, max_num_fields=20))
        shown = given["hub.verify_token"].encode()
        tokens = [account.verify_token for account in accounts if account.verify_token]
        known = [hmac.compare_digest(token.encode(), shown) for token in tokens]
        wanted = given["hub.challenge"]
        if given["hub.mode"] == "subscribe" and any(known) and _CHALLENGE.fullmatch(wanted):
            return wanted
    except (KeyError, ValueError):
        pass  # not even shaped like a handshake
    raise Forbidden("no handshake that shows our verify token")

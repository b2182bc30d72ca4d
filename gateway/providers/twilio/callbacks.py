"""Whether a request really comes from Twilio
(https://www.twilio.com/docs/usage/webhooks/webhooks-security).

Own code in place of the SDK's RequestValidator: that one raises on odd input, lower-cases the
scheme, loses a bare `?` and can't check a JSON body given as bytes.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote_to_bytes

from gateway.domain.callback import Callback, Forbidden, Verified
from gateway.providers.twilio.accounts import Account

_HASHES = {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(?:([^/?#@]*)@)?([^/?#@]*)([^#]*)", re.DOTALL)
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]{1,5}))?")
_CLAIMED = re.compile(rb"(?:^|&)AccountSid=(AC[0-9a-f]{32})(?=&|$)")
_BODY_HASH = re.compile(r"[?&]bodySHA256=([0-9a-fA-F]{64})(?=&|$)")


def is_authentic(
    token: str, url: str, headers: Mapping[str, str], body: bytes, method: str = "POST"
) -> bool:
    """Whether the request carries one signature that this token made. Never raises."""
    return signed_content(token, url, headers, body, method) is not None


def signed_content(
    token: str, url: str, headers: Mapping[str, str], body: bytes, method: str = "POST"
) -> bytes | None:
    """The exact bytes that the request's signature covers, or None when it is not authentic."""
    try:
        given = {name.lower(): value for name, value in headers.items()}
        signature = given["x-twilio-signature"].encode("ascii")
        hashing = _HASHES[_algorithm(given.get("x-twilio-webhooks-signature-settings"))]
        parameters = _signed_parameters(given.get("content-type", ""), url, body, method)
        for candidate in _spellings(url):
            content = candidate + parameters
            made = base64.b64encode(hmac.digest(token.encode(), content, hashing))
            if hmac.compare_digest(made, signature):
                return content
    except Exception:  # noqa: BLE001 - whatever was sent to break this, it was not Twilio
        return None
    return None


def verify(callback: Callback, accounts: tuple[Account, ...]) -> Verified:
    """Find the accounts whose token signed the callback. Raises Forbidden."""
    matching: list[str] = []
    key, content = "", b""
    for account in accounts:
        for name, token in account.tokens:
            signed = signed_content(
                token, callback.url, callback.headers, callback.body, callback.method
            )
            if signed is not None:
                matching.append(account.sid)
                key, content = key or name, signed
                break
    if not matching:
        raise Forbidden(
            "no Auth Token of ours made this signature" + _of_another(callback, accounts)
        )
    return Verified(tuple(matching), key, hashlib.sha256(content).hexdigest())


def _of_another(callback: Callback, accounts: tuple[Account, ...]) -> str:
    """What it says of itself, as nobody vouches for it: only in the form of a SID."""
    claimed = _CLAIMED.search(callback.body)
    sid = claimed.group(1).decode() if claimed else None
    if sid is None or any(sid == account.sid for account in accounts):
        return ""
    return f"; it says that it is of account {sid}, which is not configured here"


def form(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The parameters of a form body in order, decoded to bytes; blank values count."""
    for pair in body.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            if b"%" in pair or b"+" in pair:
                name, value = _unquoted(name), _unquoted(value)
            yield name, value


def is_json(content_type: str) -> bool:
    """Whether this content type is JSON."""
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _unquoted(part: bytes) -> bytes:
    return unquote_to_bytes(part.replace(b"+", b" "))


def _algorithm(setting: str | None) -> str:
    """The algorithm a SharedKey header names; Auth Tokens sign with SHA-1 and send none. The sender
    controls it, so it only chooses between two that need the token alike."""
    if setting is None:
        return "HMAC_SHA1"
    named = dict(part.strip().split("=", 1) for part in setting.split(","))
    return named["algorithm"]


def _signed_parameters(content_type: str, url: str, body: bytes, method: str) -> bytes:
    """What follows the URL in the signed text: a form's names and values, sorted by name, a value
    repeated under one name only once. A JSON body is signed by its hash in the URL instead."""
    if method == "GET":
        return b""
    if is_json(content_type):
        named = _BODY_HASH.search(url)
        made = hashlib.sha256(body).hexdigest()
        if named is None or not hmac.compare_digest(made, named.group(1).lower()):
            raise ValueError("the body is not the one its hash names")
        return b""
    return b"".join(name + value for name, value in sorted(set(form(body))))


def _spellings(url: str) -> Iterator[bytes]:
    """The ways Twilio may have spelled this URL when signing: as it is, without its port or with
    the scheme's own, without the user; and with an apostrophe in the query written %27, as URL
    parsers do. Nothing else is normalised: a proxy that re-encodes breaks the signature."""
    found = _URL.fullmatch(url)
    host = _HOST.fullmatch(found.group(3)) if found else None
    if found is None or host is None:
        return
    scheme, user, _, rest = found.groups()
    path, mark, query = rest.partition("?")
    tails = dict.fromkeys((rest, path + mark + query.replace("'", "%27")))
    standard = "443" if scheme.lower() in ("https", "wss") else "80"
    ports = dict.fromkeys((host.group(2), None, standard))
    users = dict.fromkeys((user, None))
    for tail in tails:
        for name in users:
            for port in ports:
                place = host.group(1) + (f":{port}" if port else "")
                login = f"{name}@" if name is not None else ""
                yield f"{scheme}://{login}{place}{tail}".encode()

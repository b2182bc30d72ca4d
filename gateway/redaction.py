"""The last belt of every log line, span and error report: what looks personal or secret is masked.

Nothing should reach it: our own lines name ids. It is there for the line that a library writes, or
that somebody writes tomorrow.
"""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

MASK = "[redacted]"
_DEPTH = 6

# Fields whose value is masked whatever it is.
HIDDEN = frozenset(
    {
        "address", "api_key", "auth_token", "authorization", "body", "contact", "contact_name",
        "content", "cookie", "customer", "digits", "dsn", "email", "first_name", "from", "from_",
        "from_address", "full_name", "last_name", "password", "person", "phone", "phone_number",
        "proxy_authorization", "query", "recipient", "say", "secret", "secret_key", "set_cookie",
        "signature", "subject", "text", "to", "to_address", "token", "transcript", "wording",
    }
)  # fmt: skip
_ENDINGS = ("_phone", "_email", "_token", "_secret", "_password", "_api_key", "_signature")
# `name` is that of a job or a cron job; anybody else's has a space, a capital or another script.
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_.:-]{0,79}")

_LOGIN = re.compile(r"(?<=://)[^/\s@]{1,400}@")
_QUERY = re.compile(r"(?<=[\w/])\?[\w%.~+*-]{1,200}=[^\s\"'<>]*")
_BEARER = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE)
_KEY = re.compile(r"\b(?:rb_(?:live|test)_|whsec_|SG\.|sk_live_|EAA)[\w+/=.-]{8,}")
_MAIL = re.compile(r"[\w.+*/!#$&'=?^`{|}~%-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}")
_INTERNATIONAL = re.compile(r"(?:\+|%2B|\b00)[1-9](?:[ ()./-]{0,2}\d){6,14}(?!\d)", re.IGNORECASE)
_NATIONAL = re.compile(r"(?<![\w.:/-])\(?\d{3,5}\)?[ /.-]{1,2}\d{3,4}[ .-]\d{3,5}(?![\w.-])")
_BARE = re.compile(r"(?<![\w.-])\d{10,15}(?![\w.-])")
_PATTERNS = (
    (_LOGIN, f"{MASK}@"),
    (_QUERY, "?[query]"),
    (_BEARER, r"\1 [secret]"),
    (_KEY, "[secret]"),
    (_MAIL, "[email]"),
    (_INTERNATIONAL, "[phone]"),
    (_NATIONAL, "[phone]"),
    (_BARE, "[phone]"),
)
# Most values are ids and words: these two tell them fast, and let anything doubtful pass on.
_OURS = re.compile(r"[a-z]{2}_[0-9a-z]{26}|[a-z][a-z_.]*")
_SUSPECT = re.compile(
    r"[@?+%]|://|[Bb][Ee][Aa][Rr]|[Bb][Aa][Ss][Ii]|whsec_|SG\.|rb_|sk_|EAA|\d(?:[ ()./-]{0,3}\d){8}"
)


def text(said: str) -> str:
    """A text without telephone numbers, e-mail addresses, keys, logins in addresses, and queries.
    Our own ids, times and the providers' ids stay as they are. Linear in the length."""
    if _OURS.fullmatch(said) or not _SUSPECT.search(said):
        return said
    for pattern, mask in _PATTERNS:
        said = pattern.sub(mask, said)
    return said


def value(name: str, given: Any, depth: int = 0) -> Any:
    """The value of a field of this name, as it may be shown."""
    if given is None or isinstance(given, bool | float):
        return given
    plain = name.lower().replace("-", "_")
    if plain in HIDDEN or plain.endswith(_ENDINGS):
        return MASK
    if plain == "name" and not _PLAIN_NAME.fullmatch(str(given)):
        return MASK
    if isinstance(given, int):
        return given if abs(given) < 10**9 else text(str(given))
    if depth >= _DEPTH:
        return MASK
    if isinstance(given, Mapping):
        return {text(str(key)): value(str(key), one, depth + 1) for key, one in given.items()}
    if isinstance(given, list | tuple | set | frozenset):
        return [value(name, one, depth + 1) for one in given]
    if isinstance(given, bytes):
        given = given.decode("utf-8", "replace")
    return text(given if isinstance(given, str) else str(given))


def redact(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog: every field of a line as it may be shown. The time stays."""
    for name in line:
        if name != "timestamp":
            line[name] = value(name, line[name])
    return line

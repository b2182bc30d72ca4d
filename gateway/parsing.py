"""How one environment variable's text becomes a value. A parser raises ValueError with a reason
that never repeats the value, since many of them are secrets."""

import re
import ssl
from collections.abc import Callable
from email.utils import parseaddr
from importlib.util import find_spec
from urllib.parse import urlsplit

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def text(minimum: int = 1) -> Callable[[str], str]:
    """Any text of at least `minimum` characters."""

    def parse(raw: str) -> str:
        if len(raw) < minimum:
            raise ValueError(f"must have at least {minimum} characters")
        return raw

    return parse


def flag(raw: str) -> bool:
    """true/false, yes/no, on/off, 1/0."""
    if raw.lower() in _TRUE:
        return True
    if raw.lower() in _FALSE:
        return False
    raise ValueError("must be true or false")


def number(minimum: float, maximum: float) -> Callable[[str], float]:
    """A decimal number between the two bounds, both included."""

    def parse(raw: str) -> float:
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", raw):
            raise ValueError("must be a number")
        if not minimum <= float(raw) <= maximum:
            raise ValueError(f"must be between {minimum:g} and {maximum:g}")
        return float(raw)

    return parse


def integer(minimum: int, maximum: int) -> Callable[[str], int]:
    """A whole number between the two bounds, both included."""

    def parse(raw: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", raw):
            raise ValueError("must be a whole number")
        if not minimum <= int(raw) <= maximum:
            raise ValueError(f"must be between {minimum} and {maximum}")
        return int(raw)

    return parse


def seconds_list(raw: str) -> tuple[float, ...]:
    """Waits in seconds, separated by commas: `5,25,125`; `none` is no retry at all."""
    if raw.lower() == "none":
        return ()
    parse = number(0, 7 * 86400)
    return tuple(parse(part.strip()) for part in raw.split(","))


def choice(*allowed: str) -> Callable[[str], str]:
    """One of the words named."""

    def parse(raw: str) -> str:
        if raw not in allowed:
            raise ValueError("must be one of " + ", ".join(allowed))
        return raw

    return parse


def pattern(expression: str, what: str) -> Callable[[str], str]:
    """Text that matches the whole expression; `what` says so in words."""

    def parse(raw: str) -> str:
        if not re.fullmatch(expression, raw):
            raise ValueError(f"must be {what}")
        return raw

    return parse


def url(*schemes: str) -> Callable[[str], str]:
    """An absolute URL with one of the schemes, without fragment; a trailing slash is dropped."""

    def parse(raw: str) -> str:
        try:
            parts = urlsplit(raw)
            _ = parts.port
        except ValueError:
            raise ValueError("must be a URL") from None
        if parts.scheme not in schemes or parts.fragment or any(c.isspace() for c in raw):
            raise ValueError(
                "must be a URL that begins with " + " or ".join(f"{s}://" for s in schemes)
            )
        if parts.scheme != "sqlite" and not parts.hostname:
            raise ValueError("must be a URL with a host")
        return raw.rstrip("/")

    return parse


def with_extra(extra: str, module: str, parse: Callable[[str], str]) -> Callable[[str], str]:
    """What `parse` takes, as long as the optional `extra` of this project is installed, which
    brings this `module`. The module is not loaded."""

    def check(raw: str) -> str:
        try:
            there = find_spec(module) is not None
        except ImportError:
            there = False
        if not there:
            raise ValueError(f"needs the extra `{extra}`, which is not installed")
        return parse(raw)

    return check


def dsn(raw: str) -> str:
    """Where error reports go, in Sentry's form: https://key@host/project."""
    address = url("https", "http")(raw)
    parts = urlsplit(address)
    if not parts.username or not parts.path.rpartition("/")[2].isdecimal():
        raise ValueError("must be a DSN of Sentry: https://key@host/number")
    return address


def mailbox(raw: str) -> str:
    """An e-mail address, alone or as `Name <address>`; one that a header can carry."""
    name, address = parseaddr(raw)
    bare = raw == address or raw.endswith(f"<{address}>")
    if not bare or not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", address) or not name.isprintable():
        raise ValueError("must be an e-mail address, alone or as Name <address>")
    return raw


def smtp_url(raw: str) -> str:
    """`smtp://[user:password@]host[:port][?starttls=never]`, or `smtps://` for TLS from the start.
    User and password are percent-encoded where needed."""
    parsed = url("smtp", "smtps")(raw)
    parts = urlsplit(parsed)
    if parts.path:
        raise ValueError("must be without a path")
    if parts.query and (parts.query != "starttls=never" or parts.scheme != "smtp"):
        raise ValueError("may only have ?starttls=never, and that after smtp://")
    if (parts.username is None) != (parts.password is None):
        raise ValueError("must have both user and password, or neither")
    return parsed


def certificates(raw: str) -> str:
    """The path of a file with certificates in PEM form, which is read here to see that it can."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(raw)
    except (OSError, ssl.SSLError):
        raise ValueError("must be a readable file with certificates in PEM form") from None
    return raw


def database_url(raw: str) -> str:
    """`sqlite:///path` or `postgresql://…`; Heroku's older `postgres://` is taken as the latter."""
    if raw.startswith("postgres://"):
        raw = "postgresql://" + raw.removeprefix("postgres://")
    parsed = url("sqlite", "postgresql")(raw)
    if parsed.startswith("sqlite:") and len(parsed) <= len("sqlite:///"):
        raise ValueError("must name a file: sqlite:///path")
    return parsed


def public_url(raw: str) -> str:
    """The address that providers call: scheme and host only. Plain http is for loopback hosts,
    because a signature over http could be captured and replayed on its way."""
    parsed = url("http", "https")(raw)
    parts = urlsplit(parsed)
    if parts.path or parts.query or parts.username:
        raise ValueError("must be a scheme and a host, without path, query or user")
    loopback = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme == "http" and not loopback:
        raise ValueError("must begin with https:// (http:// is for loopback only)")
    if "_" in (parts.hostname or ""):
        raise ValueError("must have a host name without an underscore: Twilio refuses those")
    return parsed

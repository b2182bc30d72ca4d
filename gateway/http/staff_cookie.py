"""The cookie of a session, and whether a POST comes from a page of ours."""

from urllib.parse import urlsplit

from flask import Response, request

from gateway.http.config import settings


def token() -> str:
    """What the browser sent as its session; empty without."""
    return request.cookies.get(cookie_name(), "")


def device() -> str:
    """What the browser keeps of an earlier sign-in; empty without."""
    return request.cookies.get(cookie_name("ringback-device"), "")


def cookie_name(plain: str = "ringback") -> str:
    """With https the browser itself sees to it that only this host can set the cookie."""
    return f"__Host-{plain}" if _https() else plain


def give(sent: Response, token: str | None) -> None:
    """Give the browser its session, or with None take it away."""
    _set(sent, cookie_name(), token or "", None if token else 0)


def give_device(sent: Response, remembered: str) -> None:
    """Let the browser be known again, for half a year."""
    _set(sent, cookie_name("ringback-device"), remembered, 180 * 86400)


def from_here() -> bool:
    """Whether a page of ours sent this request, by what only browsers can say about it: `Origin`,
    and where they hide that, `Sec-Fetch-Site`. What says neither is no browser of these days."""
    origin = request.headers.get("Origin", "null")
    if origin != "null":
        own = urlsplit(settings().public_url)
        return origin == f"{own.scheme}://{own.netloc}" or urlsplit(origin).netloc == request.host
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def client_address() -> str:
    """Where the request comes from: through PROXY_HOPS proxies of ours, each of which adds the
    address it was asked from to the end of `X-Forwarded-For`; what a client wrote there itself
    stands before that."""
    hops = settings().proxy_hops
    told = request.headers.get("X-Forwarded-For", "").split(",")
    if hops and len(told) >= hops and told[-hops].strip():
        return told[-hops].strip()[:64]
    return request.remote_addr or "-"


def _set(sent: Response, name: str, value: str, seconds: int | None) -> None:
    sent.set_cookie(
        name, value, max_age=seconds, path="/", secure=_https(), httponly=True, samesite="Lax"
    )


def _https() -> bool:
    return settings().public_url.startswith("https://")

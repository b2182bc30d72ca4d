"""The single changes that could have made a refused callback authentic.

Whoever serves a webhook behind a router knows only what arrived; the provider signed what it sent.
Each change below undoes one thing that can happen in between. Whether a change would have matched
is asked elsewhere, and a match never makes the refused callback acceptable.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import permutations
from urllib.parse import quote, unquote, urlsplit

from gateway.domain.body_changes import bodies
from gateway.domain.callback import Callback


class Cause(StrEnum):
    """What differs between what was signed and what arrived."""

    SCHEME = "scheme"
    PORT = "port"
    HOST = "host"
    ADDRESS = "address"  # scheme and host together
    PREFIX = "path-prefix"
    PATH = "path"
    QUERY_ORDER = "query-order"
    QUERY_ADDED = "query-added"
    QUERY_LOST = "query-lost"
    QUERY_SPELLING = "query-spelling"
    SIGNATURE = "signature-spelling"
    NO_SIGNATURE = "no-signature"
    CONTENT_TYPE = "content-type"
    BODY_SPELLING = "body-spelling"
    BODY = "body"
    TIME = "time"
    SECRET = "other-secret"  # noqa: S105 - the name of a cause
    NONE = "none"


@dataclass(frozen=True)
class Change:
    """One change: the callback as it would have been, and what an operator does about it. `advice`
    names hosts, ports and path prefixes at most: of those only what fits _PLAIN."""

    cause: Cause
    advice: str
    callback: Callback = field(repr=False)


MOST_CHANGES = 250
_PLAIN = re.compile(r"[A-Za-z0-9._:/\[\]-]{1,100}")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(?:\?(.*))?", re.DOTALL)
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]*))?")
_PORT = re.compile("(?:[0-9]{1,5})?")
_PORTS = ("", "443", "80", "8443", "8080", "8000", "5000", "3000")
_PREFIXES = ("/api", "/app", "/gateway", "/ringback", "/v1", "/api/v1")
_HOST_HEADERS = ("host", "x-forwarded-host", "x-original-host", "x-forwarded-server")
_TARGET_HEADERS = ("x-original-uri", "x-original-url", "x-rewrite-url", "x-forwarded-uri")
_PREFIX_HEADERS = ("x-forwarded-prefix", "x-script-name", "x-forwarded-path")


def changes(
    callback: Callback, signature_header: str = "", addresses: Sequence[str] = ()
) -> Iterator[Change]:
    """Every single change worth trying, the likely ones first, at most MOST_CHANGES of them and
    none twice. `signature_header` is the lower-case name of the header with the signature;
    `addresses` are further base URLs by which this installation is known. Never raises."""
    seen: set[tuple[str, str, str, bytes, str]] = {_outline(callback)}
    makers = (_places(callback, addresses), _paths(callback), _queries(callback),
              _headers(callback, signature_header), _contents(callback))  # fmt: skip
    for maker in makers:
        for change in maker:
            outline = _outline(change.callback)
            if outline not in seen:
                seen.add(outline)
                yield change
            if len(seen) > MOST_CHANGES:
                return


def _outline(callback: Callback) -> tuple[str, str, str, bytes, str]:
    headers = "\n".join(f"{name}:{value}" for name, value in sorted(callback.headers.items()))
    return callback.method, callback.url, callback.query, callback.body, headers


def _split(url: str) -> tuple[str, str, str, str | None]:
    """Scheme, authority, path, and query: None without a question mark."""
    found = _URL.fullmatch(url)
    return found.groups() if found else ("", "", url, None)  # type: ignore[return-value]


def _at(callback: Callback, scheme: str, host: str) -> Callback:
    _, _, path, query = _split(callback.url)
    return replace(callback, url=_joined(scheme, host, path, query))


def _joined(scheme: str, host: str, path: str, query: str | None) -> str:
    return f"{scheme}://{host}{path}" + ("" if query is None else f"?{query}")


def _asked(callback: Callback, path: str, query: str | None) -> Callback:
    scheme, host, _, _ = _split(callback.url)
    return replace(callback, url=_joined(scheme, host, path, query), query=query or "")


def _said(word: str) -> str:
    return word if _PLAIN.fullmatch(word) else "another one"


def _places(callback: Callback, addresses: Sequence[str]) -> Iterator[Change]:
    scheme, host, _, _ = _split(callback.url)
    other = "http" if scheme == "https" else "https"
    advice = f"the provider calls {other}://, PUBLIC_BASE_URL says {scheme}://: make them one"
    yield Change(Cause.SCHEME, advice, _at(callback, other, host))
    found = _AUTHORITY.fullmatch(host)
    name, port = (found[1], found[2] or "") if found else (host, "")
    for number in (*_PORTS, *_listed(callback, ("x-forwarded-port",))):
        if number != port and _PORT.fullmatch(number):
            which = f"port {number}" if number else "no port"
            advice = f"the provider calls {which}: give PUBLIC_BASE_URL the same"
            place = f"{name}:{number}" if number else name
            yield Change(Cause.PORT, advice, _at(callback, scheme, place))
    known = [urlsplit(address).netloc for address in addresses]
    twin = name.removeprefix("www.") if name.startswith("www.") else f"www.{name}"
    hosts = [*_listed(callback, _HOST_HEADERS), *_forwarded(callback), *known, twin, name.lower()]
    for place in hosts:
        advice = (
            f"the provider calls {_said(place)}: let PUBLIC_BASE_URL be it, here and at workers"
        )
        yield Change(Cause.HOST, advice, _at(callback, scheme, place))
    for place in hosts:
        advice = f"the provider calls {other}://{_said(place)}: make it PUBLIC_BASE_URL"
        yield Change(Cause.ADDRESS, advice, _at(callback, other, place))


def _listed(callback: Callback, names: Sequence[str]) -> list[str]:
    """The values of these headers, one by one, a few at most."""
    raw = ",".join(callback.headers.get(name, "") for name in names)
    return [word for word in (part.strip() for part in raw.split(",")) if 0 < len(word) < 200][:6]


def _forwarded(callback: Callback) -> list[str]:
    found = re.findall(r"host=\"?([^;,\"\s]{1,200})", callback.headers.get("forwarded", ""), re.I)
    return found[:3]


def _paths(callback: Callback) -> Iterator[Change]:
    _, _, path, query = _split(callback.url)
    passed = "pass the path on as it came"
    for target in _listed(callback, _TARGET_HEADERS):
        _, _, came, asked = _split(target) if "://" in target else ("", "", *_target(target))
        cause = Cause.PREFIX if came.endswith(path) and came != path else Cause.PATH
        cause = cause if came != path else Cause.QUERY_SPELLING
        advice = f"the router in front rewrites the address: {passed}"
        yield Change(cause, advice, _asked(callback, came, asked))
    for prefix in (*_listed(callback, _PREFIX_HEADERS), *_PREFIXES):
        whole = "/" + prefix.strip("/")
        advice = f"the router in front takes {_said(whole)} off the path: {passed}, or leave it out"
        yield Change(Cause.PREFIX, advice, _asked(callback, whole + path, query))
    first, _, rest = path.removeprefix("/").partition("/")
    if rest:
        advice = f"the router in front puts /{_said(first)} before the path: {passed}"
        yield Change(Cause.PREFIX, advice, _asked(callback, "/" + rest, query))
    spelled = (path + "/", path.rstrip("/"), re.sub("/{2,}", "/", path), unquote(path),
               quote(unquote(path)), path.lower(), "/" + path)  # fmt: skip
    for way in spelled:
        advice = f"the router in front rewrites the path: {passed}"
        yield Change(Cause.PATH, advice, _asked(callback, way, query))


def _target(target: str) -> tuple[str, str | None]:
    path, mark, query = target.partition("?")
    return path, query if mark else None


def _queries(callback: Callback) -> Iterator[Change]:
    _, _, path, query = _split(callback.url)
    if query is None:
        advice = "the provider signed a bare `?` at the end: leave it out of the address"
        yield Change(Cause.QUERY_SPELLING, advice, _asked(callback, path, ""))
        return
    pairs = query.split("&")
    rest = "the router in front {} the query: pass it on as it came"
    for order in _orders(pairs):
        way = "&".join(order)
        yield Change(Cause.QUERY_ORDER, rest.format("reorders"), _asked(callback, path, way))
    for left in range(len(pairs) if len(pairs) < 20 else 0):
        kept = "&".join(pairs[:left] + pairs[left + 1 :]) or None
        yield Change(Cause.QUERY_ADDED, rest.format("adds to"), _asked(callback, path, kept))
    yield Change(Cause.QUERY_ADDED, rest.format("adds"), _asked(callback, path, None))
    for name in _listed(callback, ("x-original-query", "x-forwarded-query")):
        yield Change(Cause.QUERY_LOST, rest.format("cuts"), _asked(callback, path, name))
    for way in _spellings(query):
        yield Change(Cause.QUERY_SPELLING, rest.format("rewrites"), _asked(callback, path, way))


def _orders(pairs: Sequence[str]) -> Iterator[Sequence[str]]:
    if len(pairs) <= 4:
        yield from permutations(pairs)
    else:
        yield from (sorted(pairs), sorted(pairs, reverse=True), pairs[::-1])
        yield from ([*pairs[1:], pairs[0]], [pairs[-1], *pairs[:-1]])


def _spellings(query: str) -> Iterator[str]:
    yield query.replace("+", "%20")
    yield query.replace("%20", "+")
    yield unquote(query)
    yield unquote(query).replace(" ", "+")
    yield quote(unquote(query), safe="=&")
    yield quote(unquote(query), safe="=&:/,@")
    yield query.replace("&amp;", "&")
    yield re.sub("%[0-9a-fA-F]{2}", lambda code: code.group().lower(), query)
    yield re.sub("%[0-9a-fA-F]{2}", lambda code: code.group().upper(), query)


def _headers(callback: Callback, signature_header: str) -> Iterator[Change]:
    given = callback.headers.get(signature_header, "")
    if given:
        ways = (given.strip(" \"'"), given.replace(" ", "+"), unquote(given),
                given.partition(",")[0].strip(), given.translate({45: "+", 95: "/"}), given + "=",
                given + "==")  # fmt: skip
        for way in ways:
            headers = {**callback.headers, signature_header: way}
            advice = "the router in front rewrites the header of the signature: pass it on as it is"
            yield Change(Cause.SIGNATURE, advice, replace(callback, headers=headers))
    kinds = ("application/x-www-form-urlencoded", "application/json")
    for kind in kinds:
        headers = {**callback.headers, "content-type": kind}
        advice = f"the body was signed as {kind}: the router in front changes Content-Type"
        yield Change(Cause.CONTENT_TYPE, advice, replace(callback, headers=headers))


def _contents(callback: Callback) -> Iterator[Change]:
    for way, body in bodies(callback.body):
        advice = f"the router in front rewrites the body ({way}): pass it on byte for byte"
        yield Change(Cause.BODY_SPELLING, advice, replace(callback, body=body))
    # Of a GET the address alone is signed, and never a body.
    advice = "address and secret are right, the body differs: nothing on the way may change it"
    yield Change(Cause.BODY, advice, replace(callback, method="GET"))

"""The ways in which routers, firewalls and frameworks rewrite a body on its way."""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote_from_bytes, unquote_to_bytes

_ESCAPED = re.compile(rb"(?:%[89A-Fa-f][0-9A-Fa-f])+")
_BARE_PLUS = re.compile(rb"(?<=[=&])\+(?=[0-9])")


def bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    """What the body may have been before, each with the name of what happened to it. Some are equal
    to it or to each other. Never raises."""
    yield "line ends", body.replace(b"\r\n", b"\n")
    yield "line ends", body.replace(b"\n", b"\r\n")
    for tail in (b"\r\n", b"\n"):
        yield "a line end cut off", body + tail
    yield "space around it", body.strip()
    yield "a byte order mark", body.removeprefix(b"\xef\xbb\xbf")
    yield "a byte order mark", b"\xef\xbb\xbf" + body
    yield "a plus sign read as a space", _BARE_PLUS.sub(b"%2B", body)
    yield (
        "empty values added",
        b"&".join(pair for pair in body.split(b"&") if not pair.endswith(b"=")),
    )
    yield "percent signs doubled", unquote_to_bytes(body)
    yield from _charsets(body)
    yield from _documents(body)


def _charsets(body: bytes) -> Iterator[tuple[str, bytes]]:
    for before, after in (("utf-8", "latin-1"), ("latin-1", "utf-8")):
        for rewritten in (_transcoded, _retyped):
            try:
                yield "its character set", rewritten(body, before, after)
            except UnicodeError:
                continue


def _transcoded(text: bytes, before: str, after: str) -> bytes:
    return text.decode(before).encode(after)


def _retyped(form: bytes, before: str, after: str) -> bytes:
    def again(escaped: re.Match[bytes]) -> bytes:
        text = _transcoded(unquote_to_bytes(escaped.group()), before, after)
        return quote_from_bytes(text, safe="").encode()

    return _ESCAPED.sub(again, form)


def _documents(body: bytes) -> Iterator[tuple[str, bytes]]:
    """JSON that was read and written anew."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return
    if not isinstance(document, dict | list):
        return
    for ascii_only in (False, True):
        for separators in ((",", ":"), (", ", ": "), (",", ": ")):
            for ordered in (False, True):
                text = json.dumps(
                    document, ensure_ascii=ascii_only, separators=separators, sort_keys=ordered
                )
                way = "JSON written anew"
                yield way, text.encode("utf-8", "surrogatepass")
                yield way, text.replace("/", "\\/").encode("utf-8", "surrogatepass")
    text = json.dumps(document, ensure_ascii=False, indent=2)
    yield "JSON written anew", text.encode("utf-8", "surrogatepass")

"""JSON as RFC 8259 and I-JSON (RFC 7493) want it: one reading only, within fixed limits."""

import json
import math
import re
from typing import Any

from gateway.http.errors import InvalidFields, MalformedJson, TooComplex

MAX_DEPTH = 32
MAX_VALUES = 5000
MAX_DIGITS = 18

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_STRUCTURE = re.compile(r"[\[\]{},]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def parse(raw: bytes) -> Any:
    """One JSON value. Raises MalformedJson for bytes that are not UTF-8, a byte order mark,
    duplicate keys, NaN, infinities and numbers of more than 18 digits; TooComplex beyond 32 levels
    or 5,000 values; InvalidFields for strings that no database can keep."""
    if raw.startswith(b"\xef\xbb\xbf"):
        raise MalformedJson("the body begins with a byte order mark")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedJson("the body is not UTF-8") from None
    _measure(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_decimal,
            parse_constant=_constant,
        )
    except ValueError:
        raise MalformedJson("the body is not one complete JSON value") from None
    # Neither can stand in UTF-8 unescaped: json refuses the one, decoding the other.
    unstorable = _unstorable(value, ()) if "\\u" in text else []
    if unstorable:
        raise InvalidFields(unstorable)
    return value


def _measure(text: str) -> None:
    """Depth and number of values, counted before anything recursive looks at the text."""
    depth = values = 0
    for match in _STRUCTURE.finditer(_STRING.sub('""', text)):
        sign = match.group()
        if sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
            continue
        values += 1
        if depth > MAX_DEPTH or values > MAX_VALUES:
            raise TooComplex(f"at most {MAX_DEPTH} levels and {MAX_VALUES} values are read")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise MalformedJson("an object has the same key twice")
    return members


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise MalformedJson(f"a number has more than {MAX_DIGITS} digits")
    return int(digits)


def _decimal(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise MalformedJson("a number is out of range")
    return number


def _constant(_word: str) -> Any:
    raise MalformedJson("NaN and infinities are not JSON")


def _unstorable(value: Any, path: tuple[str, ...]) -> list[tuple[str, str]]:
    if isinstance(value, str):
        wrong = _UNSTORABLE.search(value)
        message = "must not contain NUL characters or unpaired surrogates"
        return [(".".join(path) or "body", message)] if wrong else []
    found: list[tuple[str, str]] = []
    if isinstance(value, dict):
        for name, item in value.items():
            found += _unstorable(name, (*path, "?"))
            plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]{0,39}", name)
            found += _unstorable(item, (*path, name if plain else "?"))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += _unstorable(item, (*path, str(index)))
    return found

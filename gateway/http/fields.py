"""The kinds of input that requests are made of. Messages never repeat what was sent."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import ValidationError, fields, validate

from gateway.domain import phone, times
from gateway.domain.errors import Invalid
from gateway.http.auth import caller

# Control characters, surrogates, and those that hide or reorder text. Joiners (U+200C, U+200D)
# stay: names and emoji need them.
_HIDING = r"\u061c\u200b\u2028\u2029\u2060\ufeff\u202a-\u202e\u2066-\u2069"
_REFUSED = rf"[\x00-\x1f\x7f-\x9f\ud800-\udfff{_HIDING}]"
_IN_A_LINE, _IN_LINES = re.compile(_REFUSED), re.compile(rf"(?![\n\r\t]){_REFUSED}")
_DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)
_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}", re.ASCII)
_SPACE_FOR_PLUS = re.compile(r" (?=[0-9]{2}:[0-9]{2}$)")
METADATA_KEYS, METADATA_BYTES = 50, 8192


def _translated(check: Callable[[], Any]) -> Any:
    """The result of a domain check, its fault as marshmallow's."""
    try:
        return check()
    except Invalid as fault:
        raise ValidationError(fault.detail) from None


class Text(fields.String):
    """Text of 1 to `maximum` characters once trimmed. Control characters are refused (line breaks
    too, unless `lines`), and so are those that hide or reorder other characters."""

    def __init__(self, *, maximum: int, lines: bool = False, **kwargs: Any) -> None:
        self.maximum, self.refused = maximum, _IN_LINES if lines else _IN_A_LINE
        super().__init__(validate=validate.Length(min=1, max=maximum), **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("must be text")
        text = value.strip()
        if self.refused.search(text):
            raise ValidationError("must not contain control or invisible characters")
        if not text:
            raise ValidationError("must not be empty")
        return text


class Whole(fields.Integer):
    """A whole number; true and false are not numbers, nor is "5" or 5.0."""

    def __init__(self, minimum: int, maximum: int, **kwargs: Any) -> None:
        super().__init__(strict=True, validate=validate.Range(minimum, maximum), **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("must be a whole number")
        return value


class Limit(fields.Integer):
    """How many rows a page has, written in plain digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Range(1, 200), **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return int(value)
        raise ValidationError("must be a whole number from 1 to 200")


class Phone(fields.String):
    """A number in E.164; kept without the spaces that people write."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("must be text")
        test = caller().mode == "test"
        return str(_translated(lambda: phone.e164(value, attr or "phone", test=test)))


class QueryPhone(Phone):
    """The same in an address, where a bare + arrives as a space: that space counts as the +."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        return super()._deserialize(re.sub(r"^ ", "+", value), attr, data, **kwargs)


class Email(fields.Email):
    """An e-mail address of at most 320 characters."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            validate=validate.Length(max=320),
            error_messages={"invalid": "must be an e-mail address"},
            **kwargs,
        )


class Locale(fields.String):
    """A language tag (BCP 47) such as de or pt-BR."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or len(value) > 35 or not _LOCALE.fullmatch(value):
            raise ValidationError("must be a language tag such as de or pt-BR")
        return value


class Zone(fields.String):
    """An IANA time zone."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("must be text")
        return str(_translated(lambda: times.zone(value, attr or "time_zone")))


class Instant(fields.String):
    """RFC 3339 with an offset; loaded as an aware datetime in UTC."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise ValidationError("must be text")
        found: times.Instant = _translated(lambda: times.instant(value, None, attr or "time"))
        return found.at


class QueryInstant(Instant):
    """The same in an address, where a bare + arrives as a space: that space counts as the +."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        read = _SPACE_FOR_PLUS.sub("+", value) if isinstance(value, str) else value
        return super()._deserialize(read, attr, data, **kwargs)


class Words(fields.String):
    """A search for words: 2 to 100 characters, at least one of them a letter or digit."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text = str(value).strip()
        if not 2 <= len(text) <= 100 or not any(character.isalnum() for character in text):
            raise ValidationError("must have 2 to 100 characters with a letter or digit among them")
        return text


class Metadata(fields.Dict):
    """The client's own JSON object, kept and given back: at most 50 keys and 8 kB."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError("must be an object")
        if len(value) > METADATA_KEYS or any(not 1 <= len(name) <= 100 for name in value):
            raise ValidationError(f"takes at most {METADATA_KEYS} keys of 1 to 100 characters")
        if len(json.dumps(value, ensure_ascii=False).encode()) > METADATA_BYTES:
            raise ValidationError(f"takes at most {METADATA_BYTES} bytes")
        return dict(value)

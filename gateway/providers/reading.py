"""Reading what carriers send, alike for all of them: strict, bounded, never trusting."""

import hashlib
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

_ATTEMPT = re.compile(r"[a-z]{2}_[0-9a-z]{26}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def dedup_key(*parts: str) -> str:
    """One text for several, equal only for equal parts: each is written with its length. Long ones
    become their SHA-256."""
    joined = "".join(f"{len(part)}:{part}" for part in parts)
    if len(joined) <= 200:
        return joined
    return "sha256:" + hashlib.sha256(joined.encode("utf-8", "surrogatepass")).hexdigest()


def clean(text: str) -> str:
    """The text without NUL and lone surrogates, which no database stores."""
    if text.isascii() and "\x00" not in text:  # nearly always
        return text
    return _UNSTORABLE.sub("", text)


def attempt_id(text: str | None) -> str | None:
    """The text when it looks like an attempt id of ours, else None."""
    return text if text is not None and _ATTEMPT.fullmatch(text) else None


def count(text: str | None, most: int = 10_000_000) -> int | None:
    """A plain non-negative number up to `most`, else None."""
    if text is None or not re.fullmatch("[0-9]{1,9}", text) or int(text) > most:
        return None
    return int(text)


@lru_cache(maxsize=256)  # what comes at about the same time tells of the same seconds
def moment(text: str | None) -> datetime | None:
    """A time in RFC 2822 or ISO 8601 (fractions up to nanoseconds), in UTC; None when it is
    neither. Without a zone it is taken as UTC."""
    if text is None or len(text) > 64:
        return None
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(text)
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
            return found.astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None

"""The sandbox's only look at the clock, and the three ways providers write a moment down."""

from datetime import UTC, datetime
from email.utils import format_datetime


def now() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)


def rfc2822(moment: datetime) -> str:
    """`Sat, 21 Nov 2026 10:00:00 +0000`, as Twilio's REST answers and status callbacks have it."""
    return format_datetime(moment)


def iso_micro(moment: datetime) -> str:
    """`2026-11-21T10:00:00.123456Z`, as Twilio's transcription callbacks have it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

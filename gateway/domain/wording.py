"""What is said when a booking brings no words of its own."""

from datetime import datetime
from zoneinfo import ZoneInfo

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def spoken_reminder(
    name: str | None, service: str | None, starts_at: datetime, time_zone: str
) -> str:
    """A reminder in plain English for the telephone, the start in the given zone's local time."""
    local = starts_at.astimezone(ZoneInfo(time_zone))
    greeting = f"Hello {name}." if name else "Hello."
    what = f"your appointment for {service}" if service else "your appointment"
    day = f"{_DAYS[local.weekday()]}, {local.day} {_MONTHS[local.month - 1]}"
    return f"{greeting} This is a reminder of {what} on {day} at {local:%H:%M}. Goodbye."

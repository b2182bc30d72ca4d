"""What happened in a run, line by line, with the names of those it is about."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Line:
    """One happening. `about` is the booking or request, or empty when it concerns everybody."""

    at: datetime
    who: str
    text: str
    about: str


class Violated(Exception):
    """A promise was broken. `code` says which, `about` whose booking or request it is."""

    def __init__(self, code: str, text: str, about: str = "") -> None:
        self.code, self.text, self.about = code, text, about
        super().__init__(f"{code}: {text}")


class Chronicle:
    """The lines of one run. `violation` is the first broken promise."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.violation: Violated | None = None

    def note(self, at: datetime, who: str, text: str, about: str = "") -> None:
        """Write a line."""
        self.lines.append(Line(at, who, text, about))

    def of(self, about: str) -> list[Line]:
        """The lines about one booking or request, and about everybody."""
        return [line for line in self.lines if line.about in (about, "")]

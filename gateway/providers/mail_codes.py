"""What mail servers say when they refuse mail for good, alike for all carriers of e-mail: enhanced
status codes (RFC 3463, RFC 7504), else basic ones (RFC 5321)."""

import re

from gateway.domain.outcomes import Reason

_ENHANCED = re.compile(r"(?<![0-9.])([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])")

# By "subject.detail", else by the subject alone.
_DETAILS: dict[str, Reason] = {
    "1.3": Reason.INVALID_ADDRESS,
    "1": Reason.UNREACHABLE,
    "2.0": Reason.UNREACHABLE,
    "2.1": Reason.UNREACHABLE,
    "2": Reason.UNDELIVERABLE,
    "3.4": Reason.TEMPLATE,
    "4": Reason.UNREACHABLE,
    "6": Reason.TEMPLATE,
    "7": Reason.BLOCKED,
}
_CODES: dict[int, Reason] = {
    501: Reason.INVALID_ADDRESS,
    550: Reason.UNREACHABLE,
    551: Reason.UNREACHABLE,
    552: Reason.UNDELIVERABLE,
    553: Reason.INVALID_ADDRESS,
}


def enhanced(text: str) -> str:
    """The first enhanced status code in a server's words ("5.1.1"); empty without one."""
    found = _ENHANCED.search(text[:200])
    return found.group() if found else ""


def permanently(status: str) -> Reason | None:
    """Why, by an enhanced status code; None where it says nothing."""
    detail = status.partition(".")[2]
    return _DETAILS.get(detail) or _DETAILS.get(detail.partition(".")[0])


def by_code(code: int) -> Reason:
    """Why, by a basic 5xx code about a recipient."""
    return _CODES.get(code, Reason.UNDELIVERABLE)

"""The people who sign in to the pages: making them, what their roles allow, their passwords."""

import re
import secrets
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from werkzeug.security import check_password_hash, generate_password_hash

from gateway.domain.errors import Conflict, Invalid, NotFound
from gateway.models.base import atomic
from gateway.models.organization import Organization
from gateway.models.staff import Staff, StaffSession

# What each role may do. Whoever steers queues need not read what people said.
ROLES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({"viewer"}),
    "support": frozenset({"viewer", "support"}),
    "operator": frozenset({"viewer", "operator"}),
    "admin": frozenset({"viewer", "support", "operator", "admin"}),
}
SHORTEST, LONGEST = 12, 200
_EMAIL = re.compile(r"[^@\s<>,;\"']{1,64}@[a-z0-9.-]{1,189}")
# Beginnings of what everybody tries first.
_COMMON = ("password", "passwort", "ringback", "qwertyuiop", "123456789", "letmein", "welcome")
# One hash takes 32 MB: two at a time in a process, whoever knocks.
_turns = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class NewStaff:
    """Somebody to be made. Without an organization they may choose any."""

    email: str
    name: str
    role: str
    organization_id: str | None
    password: str | None = None


def add(wanted: NewStaff, now: datetime) -> tuple[Staff, str]:
    """Make somebody; the second part is the password, made here when none was given. Raises
    Invalid, Conflict when the address is taken, NotFound for the organization."""
    address, name = email(wanted.email), wanted.name.strip()
    if not 1 <= len(name) <= 100:
        raise Invalid("must have 1 to 100 characters", "name")
    if wanted.role not in ROLES:
        raise Invalid("must be one of " + ", ".join(ROLES), "role")
    organization = wanted.organization_id
    require_organization(organization)
    password = wanted.password or secrets.token_urlsafe(18)
    made = Staff.add(
        {
            "email": address,
            "name": name,
            "role": wanted.role,
            "organization": organization,
            "password": _hashed(_usable(password, address)),
            "created_at": now,
        }
    )
    if made is None:
        raise Conflict("somebody with this e-mail address exists", "email")
    return made, password


def require_organization(organization_id: str | None) -> None:
    """None is all of them. Raises NotFound for one that is not there."""
    if organization_id is None:
        return
    if Organization.get_or_none(Organization.id == organization_id) is None:
        raise NotFound("no such organization")


def find(address: str) -> Staff:
    """Somebody by e-mail address. Raises NotFound."""
    found = Staff.by_email(address.strip().lower())
    if found is None:
        raise NotFound("nobody has this e-mail address")
    return found


def disable(address: str, now: datetime) -> int:
    """Keep somebody out from now on; returns how many sessions this ended. Raises NotFound."""
    row = find(address)
    with atomic():
        Staff.change(row.id, {"disabled_at": row.disabled_at or now})
        return StaffSession.end_all(row.id)


def enable(address: str) -> None:
    """Let somebody in again. Raises NotFound."""
    Staff.change(find(address).id, {"disabled_at": None})


def set_password(address: str, password: str | None) -> str:
    """Another password, made here when none is given, which is returned; all sessions end. Raises
    NotFound, Invalid."""
    row = find(address)
    chosen = password or secrets.token_urlsafe(18)
    hashed = _hashed(_usable(chosen, row.email))
    with atomic():
        Staff.change(row.id, {"password": hashed})
        StaffSession.end_all(row.id)
    return chosen


def change(address: str, values: Mapping[str, Any]) -> None:
    """Another name or role. All sessions end, since they were opened for the former. Raises
    NotFound, Invalid."""
    row = find(address)
    if values.get("role", row.role) not in ROLES:
        raise Invalid("must be one of " + ", ".join(ROLES), "role")
    if not 1 <= len(values.get("name", row.name).strip()) <= 100:
        raise Invalid("must have 1 to 100 characters", "name")
    with atomic():
        Staff.change(row.id, values)
        StaffSession.end_all(row.id)


def email(raw: str) -> str:
    """An e-mail address in lower case. Raises Invalid."""
    address = raw.strip().lower()
    if not _EMAIL.fullmatch(address) or not address.isprintable():
        raise Invalid("must be an e-mail address", "email")
    return address


def right(password: str, hashed: str | None) -> bool:
    """Whether this is the password; the same work without a hash. Slow: hold no connection."""
    with _turns:
        good = check_password_hash(hashed or _nobody(), _normal(password))
    return good and hashed is not None


def _usable(password: str, address: str) -> str:
    """Raises Invalid for what is guessed first; otherwise anything goes."""
    plain = password.lower()
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(f"must have {SHORTEST} to {LONGEST} characters", "password")
    # What is left without the account's own name has to be long enough by itself.
    own = plain.replace(address, "").replace(address.partition("@")[0], "")
    if plain.startswith(_COMMON) or len(set(plain)) < 6 or len(own) < SHORTEST // 2:
        raise Invalid("is too easy to guess", "password")
    return password


def _normal(password: str) -> str:
    # Keyboards differ in how they compose an ä.
    return unicodedata.normalize("NFC", password)


def _hashed(password: str) -> str:
    with _turns:
        return generate_password_hash(_normal(password), method="scrypt")


@cache
def _nobody() -> str:
    return generate_password_hash(secrets.token_urlsafe(18), method="scrypt")

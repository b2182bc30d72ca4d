"""Organizations, their API keys, and who a key speaks for."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain import times
from gateway.domain.errors import Conflict, Invalid, NotFound, Unauthenticated
from gateway.domain.reminders import USUAL
from gateway.models.organization import ApiKey, Organization

SCOPES = (
    "bookings:read", "bookings:write", "calls:read", "calls:write", "messages:read",
    "messages:write", "transcripts:read", "contacts:read", "contacts:write",
    "campaigns:read", "campaigns:write",
    "waitlist:read", "waitlist:write",
    "invoices:read", "invoices:write", "snapshots:read", "snapshots:write", "admin",
)  # fmt: skip
MODES = ("live", "test")
_SECRET = re.compile(r"rb_(live|test)_(ak_[0-9a-z]{26})_([A-Za-z0-9_-]{43})")
_NOTED = timedelta(minutes=5)  # the last use of a key is known to this


@dataclass(frozen=True)
class Caller:
    """Whoever makes a request: one organization in one mode, with the scopes of its key."""

    organization: Organization
    mode: str
    scopes: frozenset[str]
    key_id: str
    person: str

    @property
    def organization_id(self) -> str:
        return str(self.organization.id)


def authenticate(secret: str, now: datetime) -> Caller:
    """The caller of a key's secret. Raises Unauthenticated, in the same words whatever is wrong."""
    match = _SECRET.fullmatch(secret)
    key = ApiKey.usable(match[2], now) if match else None
    offered = _hash(match[3] if match else "")
    if not hmac.compare_digest(offered, key.secret_hash if key else _hash("-")) or key is None:
        raise Unauthenticated
    if match is None or match[1] != key.mode:
        raise Unauthenticated
    if key.last_used_at is None or key.last_used_at < now - _NOTED:
        ApiKey.touch(key.id, now, now - _NOTED)
    return Caller(key.organization, key.mode, frozenset(key.scopes), key.id, key.name)


def create_organization(name: str, time_zone: str, now: datetime) -> Organization:
    """Make an organization. Raises Conflict when the name is taken, Invalid for a zone or a name
    that can't be."""
    zone = times.zone(time_zone)
    made = Organization.add(organization_name(name), zone, [rule.to_json() for rule in USUAL], now)
    if made is None:
        raise Conflict("an organization of this name exists")
    return made


def organization_name(text: str) -> str:
    """A name without the spaces around it. Raises Invalid for one that can't be."""
    name = text.strip()
    if not 1 <= len(name) <= 200:
        raise Invalid("must have 1 to 200 characters", "name")
    return name


def organizations() -> list[Organization]:
    """All organizations by name."""
    return Organization.listed()


def create_key(
    organization_id: str, name: str, mode: str, scopes: Sequence[str] | None, now: datetime
) -> tuple[ApiKey, str]:
    """A key of an organization and its secret, which is shown this once. Without scopes it has
    all but admin."""
    chosen = list(scopes) if scopes else [scope for scope in SCOPES if scope != "admin"]
    if mode not in MODES or not set(chosen) <= set(SCOPES):
        raise Invalid("is not a mode or a scope", "mode" if mode not in MODES else "scopes")
    if Organization.get_or_none(Organization.id == organization_id) is None:
        raise NotFound("no such organization")
    secret = secrets.token_urlsafe(32)
    key = ApiKey.create(
        organization=organization_id,
        name=name,
        mode=mode,
        scopes=chosen,
        secret_hash=_hash(secret),
        created_at=now,
    )
    return key, f"rb_{mode}_{key.id}_{secret}"


def keys(organization_id: str | None = None) -> list[ApiKey]:
    """The keys of one organization, or all, newest first; revoked ones among them."""
    return ApiKey.listed(organization_id)


def revoke_key(key_id: str, now: datetime) -> bool:
    """Revoke a key at once; False when it is unknown or was revoked before."""
    return ApiKey.revoke(key_id, now)


def _hash(secret: str) -> str:
    # 256 random bits need no slow hash.
    return hashlib.sha256(secret.encode()).hexdigest()

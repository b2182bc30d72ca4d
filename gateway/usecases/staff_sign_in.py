"""Signing in, in three steps, so that the slow hash holds no connection to the database: `knock`
counts the attempt, staff.right looks at the password, `enter` opens a session.

An attempt is counted before it is looked at: many at once gain nothing. The wait grows with each
failure, for the account and for the client's address, and has an end. A browser in which somebody
signed in before is counted by itself for that account, so that strangers who go on guessing don't
keep the owner out (OWASP, "Blocking Brute Force Attacks": device cookies)."""

import hashlib
import hmac
import math
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway import settings
from gateway.domain.errors import GatewayError
from gateway.models.base import atomic
from gateway.models.staff import Staff, StaffSession, StaffThrottle

FREE = 3  # slips of the finger that cost nothing
ACCOUNT_WAIT, ADDRESS_WAIT = timedelta(seconds=30), timedelta(minutes=15)  # the longest
FORGOTTEN = timedelta(minutes=30)


class TooManyAttempts(GatewayError):
    """Nobody may try to sign in here for `retry_after` seconds; the password was not looked at."""

    status, slug, title = 429, "too-many-attempts", "Too many attempts to sign in"
    retryable = True

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"try again in {math.ceil(retry_after)} seconds")
        self.retry_after = math.ceil(retry_after)


@dataclass(frozen=True)
class Attempt:
    """An attempt that was counted: what it is counted by, and the password's hash of who is meant,
    None when there is nobody."""

    staff_id: str | None
    hashed: str | None
    account_key: str
    address_key: str


def knock(email: str, address: str, now: datetime, device: str = "") -> Attempt:
    """Count an attempt as if it failed; `device` is what `remember` gave the browser, if anything.
    Raises TooManyAttempts."""
    known = email.strip().lower()[:254]
    account, client = _account_key(known, device), _key("address", address)
    with atomic():
        StaffThrottle.forget(now - timedelta(days=1))
        # Always in this order, so that two attempts never wait for each other.
        for key, longest in ((client, ADDRESS_WAIT), (account, ACCOUNT_WAIT)):
            _count(key, longest, now)
    row = Staff.by_email(known)
    if row is None or row.disabled_at is not None:
        return Attempt(None, None, account, client)
    return Attempt(row.id, row.password, account, client)


def enter(
    attempt: Attempt, now: datetime, lasting: timedelta, former: str | None
) -> tuple[str, StaffSession] | None:
    """Open a session for who gave the right password: its token, for the cookie, and the row; the
    session of the `former` token ends. None when the account was changed meanwhile."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    with atomic():
        row = Staff.get_or_none(Staff.id == attempt.staff_id)
        if row is None or row.disabled_at is not None or row.password != attempt.hashed:
            return None
        StaffThrottle.clear(attempt.account_key)
        _uncount(attempt.address_key, now)
        StaffSession.forget(now)
        if former:
            StaffSession.end(token_id(former))
        session = StaffSession.create(
            id=token_id(token),
            staff=row,
            organization=row.organization_id,
            mode="live",
            csrf=csrf,
            created_at=now,
            seen_at=now,
            ends_at=now + lasting,
        )
    return token, session


def remember(email: str) -> str:
    """What a browser in which this account signed in keeps: nothing that can be read."""
    nonce = secrets.token_urlsafe(16)
    return f"{nonce}.{_key('device', f'{nonce}|{email.strip().lower()}')}"


def token_id(token: str) -> str:
    """What the database knows a token by."""
    return hashlib.sha256(token.encode()).hexdigest()


def wait_after(failures: int, longest: timedelta) -> timedelta:
    """How long to wait after so many failures in a row: 1, 2, 4 … seconds, up to `longest`."""
    if failures <= FREE:
        return timedelta(0)
    return min(timedelta(seconds=2.0 ** min(failures - FREE - 1, 30)), longest)


def _count(key: str, longest: timedelta, now: datetime) -> None:
    row = StaffThrottle.held(key, now)
    if row.blocked_until is not None and row.blocked_until > now:
        raise TooManyAttempts((row.blocked_until - now).total_seconds())
    failures = 1 if row.at < now - FORGOTTEN else row.failures + 1
    StaffThrottle.put(key, failures, now, now + wait_after(failures, longest))


def _uncount(key: str, now: datetime) -> None:
    """Take a success out of the count of an address; the failures of others there stay."""
    row = StaffThrottle.held(key, now)
    StaffThrottle.put(key, max(0, row.failures - 1), now, None)


def _account_key(email: str, device: str) -> str:
    nonce, _, proof = device.partition(".")
    if hmac.compare_digest(proof.encode(), _key("device", f"{nonce}|{email}").encode()):
        return _key("account on a device", f"{nonce}|{email}")
    return _key("account", email)


def _key(kind: str, value: str) -> str:
    secret = settings.current().derived_secret("sign-in")
    return hmac.new(secret, f"{kind}|{value}".encode(), hashlib.sha256).hexdigest()

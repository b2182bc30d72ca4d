"""Who is signed in, for which organization and mode, and what they did."""

import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.domain.errors import Invalid, NotFound
from gateway.models.base import atomic
from gateway.models.records import AuditEntry
from gateway.models.staff import StaffSession
from gateway.usecases import operators, staff
from gateway.usecases.accounts import MODES, SCOPES, Caller
from gateway.usecases.operators import Operator
from gateway.usecases.staff_sign_in import token_id

NOTED = timedelta(minutes=1)  # the last use of a session is known to this
# Why somebody acted: words of ours, since free text in a ledger that nobody may rewrite would keep
# what was written about a person for ever.
REASONS = (
    "customer asked",
    "business asked",
    "wrong number",
    "provider trouble",
    "put right by hand",
    "test",
)
_TRANSCRIPTS = "transcripts:read"
_READS = frozenset(scope for scope in SCOPES if scope.endswith(":read")) - {_TRANSCRIPTS}


def present(
    token: str, now: datetime, idle: timedelta, *, background: bool = False
) -> StaffSession | None:
    """The session of a cookie's token, with its person and organization. What a page does by itself
    in the `background` is no use of it."""
    row = StaffSession.living(token_id(token), now, now - idle)
    if row is not None and not background and row.seen_at < now - NOTED:
        StaffSession.change(row.id, seen_at=now)
    return row


def genuine(session: StaffSession, offered: str) -> bool:
    """Whether a form came from a page of this session."""
    return hmac.compare_digest(session.csrf.encode(), offered.encode())


def choose(session: StaffSession, organization_id: str | None, mode: str) -> None:
    """Look at another organization (None: all) or mode. Raises NotFound for one that is not
    theirs, Invalid for a mode."""
    own = session.staff.organization_id
    if mode not in MODES:
        raise Invalid("must be live or test", "mode")
    if own is not None and organization_id != own:
        raise NotFound("no such organization")
    staff.require_organization(organization_id)
    StaffSession.change(session.id, organization=organization_id, mode=mode)


def caller(session: StaffSession) -> Caller:
    """What the session is to the use cases of the API: its organization has to be chosen."""
    person = session.staff
    assert session.organization is not None
    allowed = staff.ROLES[person.role]
    scopes = set(_READS)
    if "support" in allowed:
        scopes |= {scope for scope in SCOPES if scope != "admin"}
    if allowed & {"operator", "admin"}:
        scopes.add("admin")
    return Caller(session.organization, session.mode, frozenset(scopes), person.id, person.name)


def operator(session: StaffSession, request_id: str, *, both_modes: bool = False) -> Operator:
    """Who steers: as far as the chosen organization, or all of them, in the session's mode."""
    mode = None if both_modes else session.mode
    whole = operators.at_the_console(session.organization_id, mode)
    person = session.staff
    return replace(whole, key_id=person.id, person=person.name, request_id=request_id)


@contextmanager
def recorded(
    session: StaffSession,
    action: str,
    objects: Sequence[str],
    now: datetime,
    request_id: str,
    reason: str | None = None,
) -> Iterator[None]:
    """One transaction with an entry in the audit ledger: what is read or changed in it happened
    with the entry or not at all. Raises Invalid for a reason that is none of REASONS."""
    if reason is not None and reason not in REASONS:
        raise Invalid("must be one of those offered", "reason")
    with atomic():
        AuditEntry.create(
            organization=session.organization_id,
            at=now,
            key=session.staff_id,
            person=session.staff.name,
            action=action,
            objects=list(objects),
            request_id=request_id,
            reason=reason,
        )
        yield

"""Asking Twilio what became of calls (https://www.twilio.com/docs/voice/api/call-resource). Answers
are believed only when they are whole and speak of what was asked."""

import re
from collections.abc import Sequence

from twilio.base.exceptions import TwilioException

from gateway.domain.lifecycle import CallState, is_final
from gateway.domain.provider import CallRequest, Found, LookupFailed
from gateway.providers.reading import count, moment
from gateway.providers.transport import Transport, Undelivered
from gateway.providers.twilio import codes
from gateway.providers.twilio.accounts import Account
from gateway.providers.twilio.client import Line, client

CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")

PAGE_SIZE = 50  # at about 2 kB a call, a page stays well under the transport's 256 kB
MOST_PAGES = 50

_NOT_FOUND = (404, 20404)


def find(transport: Transport, account: Account | None, request: CallRequest) -> Sequence[Found]:
    """Every call from this sender to this number that Twilio still lists. Not narrowed by time: a
    queued call has no StartTime yet and would be missed. Raises LookupFailed unless all pages came
    and made sense."""
    if account is None:
        raise LookupFailed("the account is not configured")
    found: list[Found] = []
    try:
        line = Line(transport, account)
        page = client(account, line).calls.page(
            to=request.to, from_=request.from_, page_size=PAGE_SIZE
        )
        for _ in range(MOST_PAGES):
            records: list[dict[str, object]] = line.answer.json()["calls"] if line.answer else []
            found += [_asked_for(record, request) for record in records if _is_ours(record)]
            page = page.next_page()
            if page is None:
                return found
    except Undelivered as fault:
        raise LookupFailed(f"Twilio did not answer: {fault.stage}") from None
    except Exception:  # noqa: BLE001 - whatever shape it had
        raise LookupFailed("Twilio's list of calls was not usable") from None
    raise LookupFailed("Twilio lists more calls than are read at once")


def fetch(transport: Transport, account: Account | None, sid: str) -> Found | None:
    """The call with this SID; None when Twilio says that it has none, which a call just placed may
    be for a while: its reads are eventually consistent. Raises LookupFailed."""
    if account is None:
        raise LookupFailed("the account is not configured")
    if not CALL_SID.fullmatch(sid):
        return None
    line = Line(transport, account)
    try:
        client(account, line).calls(sid).fetch()
        record: dict[str, object] = line.answer.json() if line.answer else {}
        if record["sid"] != sid or not _is_ours(record):
            raise ValueError("another call than the one asked for")
        return seen(record)
    except Undelivered as fault:
        raise LookupFailed(f"Twilio did not answer: {fault.stage}") from None
    except TwilioException:
        if line.answer and (line.answer.status, line.answer.json().get("code")) == _NOT_FOUND:
            return None
        raise LookupFailed("Twilio did not show the call") from None
    except Exception:  # noqa: BLE001 - whatever shape it had
        raise LookupFailed("Twilio's call was not usable") from None


def seen(record: dict[str, object]) -> Found:
    """A call resource in the gateway's words. Raises ValueError for what can't be one."""
    sid, status = record["sid"], record["status"]
    if not isinstance(sid, str) or not CALL_SID.fullmatch(sid):
        raise ValueError("a call without a sid")
    if not isinstance(status, str) or not _WORD.fullmatch(status):
        raise ValueError("a call without a status")
    state = codes.STATES.get(status, CallState.UNKNOWN)
    answered_by = _text(record, "answered_by")
    return Found(
        external_id=sid,
        provider_status=status,
        state=state,
        created_at=moment(_text(record, "date_created")),
        ended_at=moment(_text(record, "end_time")) if is_final(state) else None,
        duration_seconds=count(_text(record, "duration")) if is_final(state) else None,
        answered_by=codes.ANSWERED_BY.get(answered_by, "unknown") if answered_by else None,
        failure=codes.ending(status, None, None),
    )


def _text(record: dict[str, object], name: str) -> str | None:
    value = record.get(name)
    return value if isinstance(value, str) else None


def _is_ours(record: dict[str, object]) -> bool:
    return record["direction"] == "outbound-api"


def _asked_for(record: dict[str, object], request: CallRequest) -> Found:
    if (record["to"], record["from"]) != (request.to, request.from_):
        raise ValueError("a call that was not asked for")
    return seen(record)

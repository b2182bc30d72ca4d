"""Twilio's list of the calls from one number (https://www.twilio.com/docs/voice/api/call-resource).

`StartTime` looks at the UTC day alone, and a call has none until it is dialled. So the list is read
in parts: what waits to be dialled first, since a call that is dialled meanwhile is in the part that
follows; what was dialled since the day; and what ended without being dialled.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from gateway.domain.provider import Found, Listed, LookupFailed
from gateway.providers.transport import Transport, Undelivered
from gateway.providers.twilio.accounts import Account
from gateway.providers.twilio.client import Line, client
from gateway.providers.twilio.lookups import PAGE_SIZE, seen

MOST_PAGES = 20_000  # a million calls
TRIES = 3  # of each page: a list of an hour's calls has seventy

_NEVER_DIALLED = ("canceled", "failed")
_A_DAY = timedelta(days=1)

Page = list[dict[str, object]]


def listed(
    transport: Transport, account: Account | None, from_address: str, since: datetime
) -> Sequence[Listed]:
    """Every call of ours from this number that was created since then, as far as it may have rung
    a telephone. Raises LookupFailed unless all pages came and made sense."""
    if account is None:
        raise LookupFailed("the account is not configured")
    line = _Pages(transport, account, from_address)
    found: dict[str, Listed] = {}
    for page in line.read(status="queued"):
        _take(page, from_address, since, found)
    for page in line.read(start_time_after=f"{since.astimezone(UTC):%Y-%m-%d}"):
        _take(page, from_address, since, found)
    for status in _NEVER_DIALLED:
        for page in line.read(status=status):
            # This part has no end in time. It comes newest first, which is nowhere promised: a call
            # that is missed by stopping here rang nobody.
            if _take(page, from_address, since - _A_DAY, {}) == 0:
                break
            _take(page, from_address, since, found)
    return list(found.values())


def _take(page: Page, from_address: str, since: datetime, found: dict[str, Listed]) -> int:
    """Put what is ours and new enough into `found`, a later sight of a call over an earlier one;
    how many there were."""
    taken = 0
    for record in page:
        one = _one(record, from_address)
        at = one.call.created_at if one else None
        if one is not None and at is not None and at >= since.replace(microsecond=0):
            found[one.call.external_id] = one
            taken += 1
    return taken


def _one(record: dict[str, object], from_address: str) -> Listed | None:
    try:
        if record["direction"] != "outbound-api":
            return None
        call: Found = seen(record)
        to = record["to"]
        if record["from"] != from_address or not isinstance(to, str) or call.created_at is None:
            raise ValueError("a call that was not asked for")
    except (KeyError, ValueError):
        raise LookupFailed("Twilio's list of calls was not usable") from None
    return Listed(to, call)


class _Pages:
    """Reads lists of one number's calls page by page, each within a deadline of its own."""

    def __init__(self, transport: Transport, account: Account, from_address: str) -> None:
        self._transport, self._account, self._from = transport, account, from_address
        self._left = MOST_PAGES

    def read(self, **narrowed: str) -> Iterator[Page]:
        """The records of each page. Raises LookupFailed."""
        address: str | None = None
        while True:
            if self._left == 0:
                raise LookupFailed("Twilio lists more calls than are read at once")
            self._left -= 1
            page, address = self._patiently(address, narrowed)
            yield page
            if address is None:
                return

    def _patiently(self, address: str | None, narrowed: dict[str, str]) -> tuple[Page, str | None]:
        for left in reversed(range(TRIES)):
            try:
                return self._ask(address, narrowed)
            except LookupFailed:
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _ask(self, address: str | None, narrowed: dict[str, str]) -> tuple[Page, str | None]:
        line = Line(self._transport, self._account)
        calls = client(self._account, line).calls
        try:
            if address is None:
                page = calls.page(from_=self._from, page_size=PAGE_SIZE, **narrowed)
            else:
                page = calls.get_page(address)
            records: Page = line.answer.json()["calls"] if line.answer else []
            further: str | None = page.next_page_url
            return list(records), further
        except Undelivered as fault:
            raise LookupFailed(f"Twilio did not answer: {fault.stage}") from None
        except Exception:  # noqa: BLE001 - whatever shape it had
            raise LookupFailed("Twilio's list of calls was not usable") from None

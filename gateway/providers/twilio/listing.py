"""Twilio's lists of the calls and messages from one number.

`StartTime` looks at the UTC day alone, and a call has none until it is dialled. So the list is read
in parts: what waits to be dialled first, since a call that is dialled meanwhile is in the part that
follows; what was dialled since the day; and what ended without being dialled. It is the same with
messages and `DateSent`, but their list can't be narrowed by status.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from gateway.domain.provider import Listed, LookupFailed
from gateway.providers.transport import Transport, Undelivered
from gateway.providers.twilio import addresses, resources
from gateway.providers.twilio.accounts import Account
from gateway.providers.twilio.client import Line, client
from gateway.providers.twilio.resources import CALLS, Record, is_ours

MOST_PAGES = 20_000  # a million calls
TRIES = 3  # of each page: a list of an hour's calls has seventy

_NEVER_DIALLED = ("canceled", "failed")
_A_DAY = timedelta(days=1)

Page = list[Record]


def listed(
    transport: Transport,
    account: Account | None,
    from_address: str,
    since: datetime,
    channel: str = "voice",
) -> Sequence[Listed]:
    """Every call of ours (or message of this channel) from this number that was created since then,
    as far as it may have reached somebody. Raises LookupFailed unless all pages came and made
    sense."""
    if account is None:
        raise LookupFailed("the account is not configured")
    line = _Pages(transport, account, channel, from_address)
    found: dict[str, Listed] = {}
    day = f"{since.astimezone(UTC):%Y-%m-%d}"
    if line.resource is CALLS:
        _whole(line.read(status="queued"), line, since, found)
        _whole(line.read(start_time_after=day), line, since, found)
        for status in _NEVER_DIALLED:
            _newest(line.read(status=status), line, since, found)
    else:
        _newest(line.read(), line, since, found)
        _whole(line.read(date_sent_after=day), line, since, found)
    return list(found.values())


class _Pages:
    """Reads lists of one number's calls or messages page by page, each within a deadline of its
    own."""

    def __init__(
        self, transport: Transport, account: Account, channel: str, from_address: str
    ) -> None:
        self.resource = resources.of_channel(channel)
        self._transport, self._account, self._channel = transport, account, channel
        self._from = addresses.written(channel, from_address)
        self._left = MOST_PAGES

    def read(self, **narrowed: str) -> Iterator[Page]:
        """The records of each page. Raises LookupFailed."""
        address: str | None = None
        while True:
            if self._left == 0:
                raise LookupFailed(f"Twilio lists more {self.resource.name} than are read at once")
            self._left -= 1
            page, address = self._patiently(address, narrowed)
            yield page
            if address is None:
                return

    def one(self, record: Record) -> Listed | None:
        """What a record tells; None for one that is not ours. Raises LookupFailed."""
        try:
            if not is_ours(record):
                return None
            seen, to = self.resource.seen(record), record["to"]
            if record["from"] != self._from or not isinstance(to, str) or seen.created_at is None:
                raise ValueError("another one than was asked for")
        except (KeyError, ValueError):
            raise LookupFailed(f"Twilio's list of {self.resource.name} was not usable") from None
        return Listed(to.removeprefix(addresses.written(self._channel, "")), seen)

    def _patiently(self, address: str | None, narrowed: dict[str, str]) -> tuple[Page, str | None]:
        for left in reversed(range(TRIES)):
            try:
                return self._ask(address, narrowed)
            except LookupFailed:
                if not left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _ask(self, address: str | None, narrowed: dict[str, str]) -> tuple[Page, str | None]:
        line, name = Line(self._transport, self._account), self.resource.name
        listing = getattr(client(self._account, line), name)
        try:
            if address is None:
                size = self.resource.page_size
                page = listing.page(from_=self._from, page_size=size, **narrowed)
            else:
                page = listing.get_page(address)
            records: Page = line.answer.json()[name] if line.answer else []
            further: str | None = page.next_page_url
            return list(records), further
        except Undelivered as fault:
            raise LookupFailed(f"Twilio did not answer: {fault.stage}") from None
        except Exception:  # noqa: BLE001 - whatever shape it had
            raise LookupFailed(f"Twilio's list of {name} was not usable") from None


def _whole(pages: Iterator[Page], line: _Pages, since: datetime, found: dict[str, Listed]) -> None:
    for page in pages:
        _take(page, line, since, found)


def _newest(pages: Iterator[Page], line: _Pages, since: datetime, found: dict[str, Listed]) -> None:
    """A part that has no end in time. It comes newest first, which is nowhere promised: a call that
    is missed by stopping here rang nobody, and a message that was sent is in the other part."""
    for page in pages:
        if _take(page, line, since - _A_DAY, {}) == 0:
            break
        _take(page, line, since, found)


def _take(page: Page, line: _Pages, since: datetime, found: dict[str, Listed]) -> int:
    """Put what is ours and new enough into `found`, a later sight over an earlier one; how many
    there were."""
    taken = 0
    for record in page:
        one = line.one(record)
        at = one.call.created_at if one else None
        if one is not None and at is not None and at >= since.replace(microsecond=0):
            found[one.call.external_id] = one
            taken += 1
    return taken

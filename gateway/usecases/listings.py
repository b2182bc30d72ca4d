"""What the carriers list, asked once for each line when a database was restored from an older
backup."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from gateway.domain.errors import NoProvider
from gateway.domain.provider import Found
from gateway.models import restored
from gateway.models.hold import Hold
from gateway.models.restored import Unfinished
from gateway.providers import get
from gateway.usecases import readiness
from gateway.usecases.adoption import Line

log = structlog.get_logger(__name__)

CLOCKS = timedelta(minutes=1)  # by which ours and a carrier's may differ

ByNumber = dict[str, list[Found]]


@dataclass
class Listing:
    """The calls or messages from one line by address: those that no attempt has, and those that
    one has."""

    free: ByNumber = field(default_factory=lambda: defaultdict(list))
    known: ByNumber = field(default_factory=lambda: defaultdict(list))


class Lines:
    """Where what a notification asks for would come from, and what the carriers list of that."""

    def __init__(self, hold: Hold, now: datetime) -> None:
        self.now = now
        self._since: datetime = (hold.known_until or hold.since) - CLOCKS
        self._lines: dict[tuple[str, str, str], Line | None] = {}
        self._listings: dict[Line, Listing | None] = {}

    def of(self, row: Unfinished, channel: str, *, required: bool) -> Line | None:
        """The row's line on a channel; None when nobody is set up to carry it. Where it is
        `required` that is so in test mode alone. Raises NoProvider."""
        key = (row.organization_id, row.mode, channel)
        if key not in self._lines:
            try:
                _, sender = readiness.sender_for(*key, self.now)
            except NoProvider:
                if required and row.mode == "live":
                    raise
                self._lines[key] = None
            else:
                self._lines[key] = Line(channel, sender.provider, sender.account, sender.address)
        return self._lines[key]

    def listing(self, line: Line | None) -> Listing | None:
        """What the carrier lists; None when it can't be asked. Raises LookupFailed."""
        if line is None:
            return None
        if line not in self._listings:
            self._listings[line] = self._ask(line)
        return self._listings[line]

    def _ask(self, line: Line) -> Listing | None:
        found = get(line.provider).listed(line.account, line.address, self._since, line.channel)
        if found is None:
            return None
        ids = [one.call.external_id for one in found]
        owned = restored.owned(line.channel, line.provider, line.account, ids)
        listing = Listing()
        for one in found:
            side = listing.known if one.call.external_id in owned else listing.free
            side[one.to].append(one.call)
        log.info("calls listed", provider=line.provider, count=len(found), known=len(owned))
        return listing

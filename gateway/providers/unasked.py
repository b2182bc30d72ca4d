"""What a carrier says that can't be asked about what it has, nor end it."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.provider import Found, Listed, Request


class Unasked:
    """The part of Provider that such carriers have in common."""

    can_be_asked = False
    can_end = False

    def find(self, request: Request) -> Sequence[Found] | None:
        """None: there is nothing to ask with."""
        return None

    def fetch(self, account: str, external_id: str) -> Found | None:
        """None: there is nothing to ask with."""
        return None

    def listed(
        self, account: str, from_address: str, since: datetime, channel: str = "voice"
    ) -> Sequence[Listed] | None:
        """None: there is nothing to ask with."""
        return None

    def hang_up(self, account: str, external_id: str) -> bool:
        """False: there is nothing to end anything with."""
        return False

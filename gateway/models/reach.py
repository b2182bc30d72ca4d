"""How far somebody's sight goes over dead letters and parked events."""

from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

from peewee import SQL

from gateway.models.dead_letter import EVENT, JOB, NOTIFICATION, DeadLetter
from gateway.models.organization import Organization
from gateway.models.provider_event import ProviderEvent

NOBODY = SQL("1 = 0")
MODES = ("live", "test")


@dataclass(frozen=True)
class Reach:
    """One organization and one mode; None stands for all of them. `accounts` are the provider
    accounts (name, account) of the mode: an event belongs to the mode whose account it came
    through, and one that is of no organization (yet) is in sight of every organization there."""

    organization_id: str | None = None
    mode: str | None = None
    accounts: frozenset[tuple[str, str]] = frozenset()

    def rows(self, table: Any) -> Any:
        """The condition on a table whose rows all have an organization and a mode, in the form that
        lets the indexes which begin with these be used."""
        own, everybody = self.organization_id, Organization.select(Organization.id)
        whose = table.organization == own if own else table.organization.in_(everybody)
        return whose & table.mode.in_([self.mode] if self.mode else MODES)

    def events(self) -> Any:
        """The condition on provider events."""
        row = ProviderEvent
        found: list[Any] = [row.id.is_null(False)]
        if self.organization_id is not None:
            found.append(row.organization.is_null() | (row.organization == self.organization_id))
        if self.mode is not None:
            through = [
                (row.provider == name) & (row.account == account)
                for name, account in sorted(self.accounts)
            ]
            found.append(reduce(or_, through, NOBODY))
        return reduce(and_, found)

    def letters(self) -> Any:
        """The condition on dead letters that are joined with their events."""
        row = DeadLetter
        own: list[Any] = [row.object.in_([NOTIFICATION, JOB])]
        if self.organization_id is not None:
            own.append(row.organization == self.organization_id)
        if self.mode is not None:
            # A job without a mode concerns both.
            own.append((row.mode == self.mode) | ((row.object == JOB) & row.mode.is_null()))
        return reduce(and_, own) | ((row.object == EVENT) & self.events())

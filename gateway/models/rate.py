"""How many may leave a second for one organization, or of one kind of its work."""

from collections.abc import Collection

from peewee import CharField

from gateway.models import gathering
from gateway.models.listed import among, listed
from gateway.models.pace import Paced
from gateway.models.prepared import Prepared

RATE = "rate|"
USUAL = "|usual"  # of a limit that follows a setting


def organization_scope(organization_id: str, purpose: str | None = None) -> str:
    """The name of a limit, under which rows wait for it."""
    return RATE + organization_id + (f"|{purpose}" if purpose else "")


def rates_of(organization_id: str, purpose: str) -> list[str]:
    """The names of all limits that a kind of work of an organization may be under, the wider
    first; the last is the one by the setting."""
    own = organization_scope(organization_id, purpose)
    return [organization_scope(organization_id), own, own + USUAL]


class Rate(Paced):
    """One limit; its id is its scope."""

    id = CharField(primary_key=True, max_length=160)

    @classmethod
    def put(cls, scope: str, per_second: float | None) -> None:
        """Set a limit, or take it away."""
        if per_second is None:
            cls.delete().where(cls.id == scope).execute()
            return
        made = cls.insert(id=scope, rate_per_second=per_second)
        made.on_conflict(
            conflict_target=[cls.id], update={cls.rate_per_second: per_second}
        ).execute()

    @classmethod
    def of_organization(cls, organization_id: str) -> dict[str | None, float]:
        """All limits of an organization a second, by purpose; None is the one for everything."""
        whole = organization_scope(organization_id)
        found = cls.select().where((cls.id == whole) | cls.id.startswith(f"{whole}|"))
        return {
            row.id.removeprefix(whole).lstrip("|") or None: row.rate_per_second
            for row in found
            if row.rate_per_second is not None
        }

    @classmethod
    def named(cls, scopes: Collection[str]) -> "dict[str, Rate | None]":
        """The limits of these names, None where there is none."""
        rows = {row.id: row for row in _OF_SCOPES.rows(scopes=listed(scopes))}
        return {scope: rows.get(scope) for scope in scopes}

    @classmethod
    def over(cls, organization_id: str, purpose: str, usual: float | None = None) -> "list[Rate]":
        """The limits that a notification of this purpose is under, the wider first; `usual` is what
        holds a second for the purpose where the organization has no limit of its own for it."""
        scopes = rates_of(organization_id, purpose)
        own = scopes[1]
        known = gathering.known(cls, scopes) or cls.named(scopes)
        found = {scope: row for scope, row in known.items() if row is not None}
        if usual is None or own in found:
            found.pop(own + USUAL, None)
        elif own + USUAL not in found or found[own + USUAL].rate_per_second != usual:
            cls.put(own + USUAL, usual)
            found[own + USUAL] = cls.get_by_id(own + USUAL)
        return [found[scope] for scope in scopes if scope in found]


_OF_SCOPES = Prepared(lambda: Rate.select().where(among(Rate.id, "scopes")))

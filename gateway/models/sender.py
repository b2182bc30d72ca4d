"""Numbers and addresses that calls and messages come from, each with its rate."""

from collections.abc import Collection
from datetime import datetime
from functools import reduce
from operator import and_
from typing import NamedTuple

from peewee import CharField, ForeignKeyField, ModelSelect

from gateway.models import gathering
from gateway.models.base import UTCField, id_field
from gateway.models.listed import among, listed
from gateway.models.organization import Organization
from gateway.models.pace import Paced
from gateway.models.prepared import Prepared

_SHARED = ("provider", "account", "address")


class Wanted(NamedTuple):
    """Whose sender for what is looked for; `shared` is the configured one (provider, account,
    address), if there is one."""

    organization: str
    mode: str
    channel: str
    shared: tuple[str, str, str] | None


class Sender(Paced):
    """One address at one account of one provider. Without an organization it is shared by all."""

    id = id_field("sn")
    organization = ForeignKeyField(Organization, backref="senders", null=True)
    organization_id: str | None
    mode = CharField(max_length=4)
    channel = CharField(max_length=10)
    provider = CharField(max_length=40)
    account = CharField(max_length=80)
    address = CharField(max_length=320)
    created_at = UTCField()

    class Meta:
        indexes = ((("channel", "provider", "account", "address"), True),)

    @classmethod
    def serving(
        cls, organization_id: str, mode: str, channel: str, shared: tuple[str, str, str] | None
    ) -> "Sender | None":
        """Who an organization's messages come from: its own sender, the oldest if it has several,
        else the row of the shared one (provider, account, address), if there is one."""
        wanted = Wanted(organization_id, mode, channel, shared)
        return gathering.recalled(cls, wanted, lambda: cls.serving_each([wanted])[wanted])

    @classmethod
    def serving_each(cls, wanted: Collection[Wanted]) -> "dict[Wanted, Sender | None]":
        """The same for several at once."""
        addresses = [one.shared for one in wanted if one.shared]
        parts = zip(*addresses, strict=True) if addresses else [()] * 3
        asked = {name: listed(set(part)) for name, part in zip(_SHARED, parts, strict=True)}
        known: list[Sender] = _SERVING.rows(
            organizations=listed({one.organization for one in wanted}),
            channels=listed({one.channel for one in wanted}),
            **asked,
        )
        return {one: _first(one, known) for one in wanted}

    @classmethod
    def own(cls, organization_id: str, mode: str, channel: str) -> "Sender | None":
        """The organization's own sender for the channel, the oldest if it has several."""
        mine = (cls.organization == organization_id, cls.mode == mode, cls.channel == channel)
        return next(iter(cls.select().where(*mine).order_by(cls.created_at).limit(1)), None)

    @classmethod
    def ever(cls, organization_id: str, mode: str, channel: str) -> bool:
        """Whether anything an organization sends could ever leave on a channel: it has a sender of
        its own, or something left by a shared one, whoever it was from."""
        theirs = cls.organization.is_null() | (cls.organization == organization_id)
        known = cls.select().where(cls.mode == mode, cls.channel == channel, theirs)
        return bool(known.exists())

    @classmethod
    def any_own_at(cls, provider: str, account: str) -> bool:
        """Whether an organization has a sender of its own at this account."""
        at = cls.select().where(cls.provider == provider, cls.account == account)
        return bool(at.where(cls.organization.is_null(False)).exists())

    @classmethod
    def shared(
        cls,
        mode: str,
        channel: str,
        provider: str,
        account: str,
        address: str,
        rate: float | None,
        now: datetime,
        row: "Sender | None" = None,
    ) -> "Sender":
        """The row of a configured address (`row`, if it is read already), made at its first use;
        its rate follows the setting."""
        same = (
            cls.channel == channel,
            cls.provider == provider,
            cls.account == account,
            cls.address == address,
        )
        row = row or cls.get_or_none(*same)
        if row is None:
            cls.insert(
                mode=mode,
                channel=channel,
                provider=provider,
                account=account,
                address=address,
                rate_per_second=rate,
                created_at=now,
            ).on_conflict_ignore().execute()
            row = cls.get(*same)
        elif row.organization_id is None and row.rate_per_second != rate:
            cls.update(rate_per_second=rate).where(cls.id == row.id).execute()
            row.rate_per_second = rate
        return row


def _first(wanted: Wanted, known: list[Sender]) -> Sender | None:
    def rank(row: Sender) -> tuple[bool, datetime]:
        return row.organization_id != wanted.organization, row.created_at

    return min((row for row in known if _serves(row, wanted)), key=rank, default=None)


def _serves(row: Sender, wanted: Wanted) -> bool:
    own = (row.organization_id, row.mode) == (wanted.organization, wanted.mode)
    shared = (row.provider, row.account, row.address) == wanted.shared
    return row.channel == wanted.channel and (own or shared)


def _serving() -> "ModelSelect[Sender]":
    own = among(Sender.organization, "organizations")
    shared = reduce(and_, (among(getattr(Sender, name), name) for name in _SHARED))
    return Sender.select().where(among(Sender.channel, "channels"), own | shared)


_SERVING = Prepared(_serving)

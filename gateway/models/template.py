"""The wordings that organizations wrote, every version of them."""

from collections.abc import Callable, Mapping
from typing import Any

from peewee import CharField, ForeignKeyField, IntegerField, JSONField, ModelSelect, TextField, fn

from gateway.domain import templates
from gateway.models.base import Row, UTCField, id_field
from gateway.models.gathering import once
from gateway.models.listing import Position, page
from gateway.models.organization import Organization
from gateway.models.prepared import Given, Prepared


class Template(Row):
    """One version of one wording; it is never changed. An organization's test and live keys share
    its templates."""

    id = id_field("tp")
    organization = ForeignKeyField(Organization, index=False, backref="templates", null=True)
    organization_id: str | None
    name = CharField(max_length=120)
    channel = CharField(max_length=10)  # one of domain.templates.CHANNELS
    locale = CharField(max_length=35)
    version = IntegerField()
    subject = TextField(null=True)
    body = TextField()
    content_id = CharField(max_length=80, null=True)
    content_variables = JSONField(default=list)  # names of placeholders, in order
    created_at = UTCField()

    class Meta:
        indexes = ((("organization", "name", "channel", "locale", "version"), True),)

    @classmethod
    def newest_named(cls, organization_id: str, name: str) -> list[templates.Template]:
        """The newest version for each channel and language of this name, in one query."""
        asked = {"organization": organization_id, "name": name}
        mine = once(cls, (organization_id, name), lambda: _NEWEST_NAMED.rows(**asked))
        return [row.wording() for row in mine]

    @classmethod
    def newest(
        cls, organization_id: str, name: str, channel: str, locale: str
    ) -> "Template | None":
        """The newest version of exactly this one."""
        mine = cls.select().where(
            cls.organization == organization_id,
            cls.name == name,
            cls.channel == channel,
            cls.locale == locale,
        )
        return next(iter(mine.order_by(cls.version.desc()).limit(1)), None)

    @classmethod
    def add(cls, **values: Any) -> "Template | None":
        """Insert a version; None when somebody else has just written this one."""
        made = cls.insert(**values).on_conflict_ignore().returning(cls)
        return next(iter(made.execute()), None)

    @classmethod
    def listed(
        cls,
        organization_id: str,
        filters: Mapping[str, Any],
        limit: int,
        before: Position | None,
        *,
        newest: bool,
    ) -> "list[Template]":
        """A page of versions, newest first; with `newest` only the newest of each."""
        mine = cls.select().where(cls.organization == organization_id)
        query = cls._newest(organization_id) if newest else mine
        return page(query, filters, _CONDITIONS, (cls.created_at, cls.id), before, limit)

    @classmethod
    def _newest(cls, organization_id: Any) -> "ModelSelect[Template]":
        other = cls.alias()
        last = other.select(fn.MAX(other.version)).where(
            other.organization == cls.organization,
            other.name == cls.name,
            other.channel == cls.channel,
            other.locale == cls.locale,
        )
        query: ModelSelect[Template] = cls.select().where(
            cls.organization == organization_id, cls.version == last
        )
        return query

    def wording(self) -> templates.Template:
        """What the row says."""
        return templates.Template(
            name=self.name,
            channel=self.channel,
            locale=self.locale,
            version=self.version,
            body=self.body,
            subject=self.subject,
            content_id=self.content_id,
            content_variables=tuple(self.content_variables),
        )


_CONDITIONS: dict[str, Callable[[Any], Any]] = {
    "name": lambda value: Template.name == value,
    "channel": lambda value: Template.channel == value,
    "locale": lambda value: Template.locale == value,
}
_NEWEST_NAMED = Prepared(
    lambda: Template._newest(Given("organization")).where(Template.name == Given("name"))
)

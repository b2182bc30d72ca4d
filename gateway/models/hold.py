"""What holds sending back: everything (frozen), or one account of one provider."""

from collections.abc import Iterable

from peewee import CharField, IntegerField

from gateway.models.base import Row, UTCField, id_field

EVERYTHING = "all"


class Hold(Row):
    """One scope that may not send: "all", or "provider|<name>|<account>". Without `until` it lasts
    until it is lifted. `failures` counts in a row, `check_at` is when the provider is asked next
    whether all is well again, `known_until` the newest moment the database knew when it began."""

    id = id_field("ho")
    scope = CharField(max_length=160, unique=True)
    reason = CharField(max_length=40)
    since = UTCField()
    until = UTCField(null=True)
    failures = IntegerField(default=0)
    check_at = UTCField(null=True)
    known_until = UTCField(null=True)

    @classmethod
    def over(cls, scopes: Iterable[str]) -> "dict[str, Hold]":
        """The holds on these scopes, by scope."""
        return {row.scope: row for row in cls.select().where(cls.scope.in_(list(scopes)))}

    @classmethod
    def listed(cls) -> "list[Hold]":
        """All holds, oldest first."""
        return list(cls.select().order_by(cls.since, cls.scope))

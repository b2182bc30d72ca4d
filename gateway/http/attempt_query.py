"""The filters that the lists of calls and of messages share."""

from typing import Any

from marshmallow import post_load

from gateway.http.booking_input import in_order
from gateway.http.fields import QueryInstant, QueryPhone, Text
from gateway.http.pagination import PageQuery


class AttemptQuery(PageQuery):
    """Filters, which combine."""

    phone = QueryPhone(metadata={"description": "the other party, E.164"})
    booking_id = Text(maximum=40)
    booking_external_id = Text(maximum=200)
    provider = Text(maximum=40)
    external_id = Text(maximum=200, metadata={"description": "the provider's own id"})
    from_ = QueryInstant(data_key="from", metadata={"description": "earliest creation"})
    to = QueryInstant(metadata={"description": "created before this"})

    @post_load
    def _in_order(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return in_order(data)

"""Schemas that read quickly what is in order."""

from functools import cached_property
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing


class QuickSchema(Schema):
    """Reads the fields that are given, and checks each. marshmallow asks every field whether it is
    missing, and of the twelve of a reminder four are given. What is not in order is read by
    marshmallow itself, which tells everything that is wrong with it."""

    @cached_property
    def _named(self) -> dict[str, tuple[str, fields.Field[Any]]]:
        """Its fields and the names of what they load, by their names in what is sent."""
        return {one.data_key or name: (name, one) for name, one in self.load_fields.items()}

    @cached_property
    def _needed(self) -> set[str]:
        """Names that are not only passed over where they are missing."""
        return {
            name
            for name, (_, field) in self._named.items()
            if field.required or field.load_default is not missing
        }

    def _deserialize(self, data: Any, **how: Any) -> Any:
        if type(data) is dict and not how.get("many") and how.get("partial") is None:
            found = {name: one for name, one in self._named.items() if name in data}
            if len(found) == len(data) and self._needed <= found.keys():
                try:
                    return {key: _read(field, name, data) for name, (key, field) in found.items()}
                except ValidationError:
                    pass
        return super()._deserialize(data, **how)


def _read(field: fields.Field[Any], name: str, data: dict[str, Any]) -> Any:
    """As the field's `deserialize`, which makes a validator of its validators each time."""
    value = data[name]
    if value is None or field.pre_load or field.post_load:
        return field.deserialize(value, name, data)
    loaded = field._deserialize(value, name, data)
    for check in field.validators:
        check(loaded)
    return loaded

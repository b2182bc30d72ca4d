"""gunicorn's own messages, without what follows a question mark: a query can hold a number."""

import re
from typing import Any

from gunicorn.glogging import Logger

_QUERY = re.compile(r"\?\S*")


class WithoutQueries(Logger):  # type: ignore[misc]
    """The few lines in which gunicorn names a request name only its path."""

    def warning(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """As gunicorn's, shortened."""
        super().warning(_short(msg), *map(_short, args), **kwargs)

    def error(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """As gunicorn's, shortened."""
        super().error(_short(msg), *map(_short, args), **kwargs)

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """As gunicorn's, shortened."""
        super().exception(_short(msg), *map(_short, args), **kwargs)


def _short(value: Any) -> Any:
    return _QUERY.sub("?…", value) if isinstance(value, str) else value

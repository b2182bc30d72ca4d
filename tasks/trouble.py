"""Troubles that last: told when they begin, once in a while, and when they are over."""

import time
from typing import Any

import structlog

log = structlog.get_logger(__name__)

REPEATED = 30.0  # seconds
_told: dict[str, float] = {}


def tell(name: str, event: str, **fields: Any) -> bool:
    """Log an error unless this trouble was told less than REPEATED seconds ago. True if it was
    logged now."""
    if time.monotonic() - _told.get(name, -REPEATED) < REPEATED:
        return False
    _told[name] = time.monotonic()
    log.error(event, **fields)
    return True


def over(name: str, event: str, **fields: Any) -> None:
    """Log that a trouble is over, if it was told."""
    if _told.pop(name, None) is not None:
        log.info(event, **fields)

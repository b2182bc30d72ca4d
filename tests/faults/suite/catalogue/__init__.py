"""Every fault, by what it breaks."""

import importlib

PARTS = (
    "kills", "pauses", "broker", "provider", "callbacks", "database", "postgresql", "machine",
    "combined",
)  # fmt: skip


def load() -> None:
    """Register them all, in the order in which they are played."""
    for part in PARTS:
        importlib.import_module(f"{__name__}.{part}")

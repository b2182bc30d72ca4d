"""Calls: one row for each attempt, committed before the provider is asked."""

from typing import Any

from peewee import CharField, IntegerField

from gateway.domain.lifecycle import CALL_MOVES, RECORDING_RANK, CallState
from gateway.models.base import UTCField, WordField, id_field
from gateway.models.call_endings import EndableCall

OPEN = (CallState.PLACING, CallState.UNKNOWN)


class CallLog(EndableCall):
    """One call."""

    OBJECT = "call"
    STATES = CallState
    MOVES = CALL_MOVES
    BEGUN = CallState.PLACING
    UNKNOWN = CallState.UNKNOWN
    TAKEN = CallState.QUEUED
    FAILED = CallState.FAILED

    id = id_field("cl")
    open_key = CharField(max_length=200, null=True, unique=True)
    sequence = IntegerField(null=True)
    answered_by = CharField(max_length=10, null=True)
    duration_seconds = IntegerField(null=True)
    recording_id = WordField(max_length=200, null=True)
    recording_status = WordField(max_length=64, null=True)
    digits = WordField(max_length=32, null=True)  # the keys that were pressed
    started_at = UTCField(null=True)

    class Meta:
        indexes = (
            (("external_id", "account", "provider"), True),
            (("notification", "step", "attempt"), True),
            (("organization", "mode", "created_at", "id"), False),
            (("to_hash", "created_at"), False),
        )

    @property
    def channel(self) -> str:
        """Calls have one channel."""
        return "voice"

    @classmethod
    def over_defaults(cls) -> dict[str, Any]:
        """One that is over need not be ended."""
        return {"end_at": None}

    def recorded(self, recording_id: str | None, status: str | None) -> None:
        """Note its recording and how far that is; it never goes back."""
        self.fill(recording_id=recording_id)
        known, told = RECORDING_RANK.get(self.recording_status or "", -1), status or ""
        if RECORDING_RANK.get(told, -1) > known or self.recording_status is None:
            self._write(recording_status=status)

    def answered(self, by: str | None) -> bool:
        """Note who or what answered; `unknown` gives way to anything definite. True when that is
        news."""
        known = by is None or self.answered_by not in (None, "unknown") or by == self.answered_by
        return not known and self._write(answered_by=by)

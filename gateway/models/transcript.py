"""What was said in a call, and the search over it."""

import re
import unicodedata
from datetime import datetime
from typing import Any

from peewee import (
    SQL,
    BigAutoField,
    BooleanField,
    CharField,
    FloatField,
    ForeignKeyField,
    IntegerField,
    TextField,
    fn,
)

from gateway.models.base import Row, UTCField, db, dialect, id_field
from gateway.models.call_log import CallLog
from gateway.models.organization import Organization


class Transcript(Row):
    """One transcript of a call, by its provider's own id. A different text under the same id is a
    new revision; the older one stays and is no longer current."""

    id = BigAutoField()
    organization = ForeignKeyField(Organization, index=False)
    call = ForeignKeyField(CallLog, index=False, backref="transcripts")
    call_id: str
    source_id = CharField(max_length=200)
    revision = IntegerField(default=1)
    current = BooleanField(default=True)
    text = TextField()
    words = TextField()  # the text as both databases search it
    received_at = UTCField()

    class Meta:
        indexes = ((("call", "source_id", "revision"), True),)

    @classmethod
    def of_calls(cls, call_ids: list[str]) -> dict[str, "Transcript"]:
        """The newest current transcript of each of these calls, by call id."""
        if not call_ids:
            return {}
        rows = cls.select().where(cls.call.in_(call_ids), cls.current)
        return {row.call_id: row for row in rows.order_by(cls.received_at, cls.id)}

    @classmethod
    def hold(cls, call: CallLog, source_id: str, text: str, now: datetime) -> "Transcript":
        """Make `text` the current transcript of this source; the same text again changes nothing.
        Call it with the call locked."""
        known = cls.select().where(cls.call == call.id, cls.source_id == source_id)
        last = known.order_by(cls.revision.desc()).first()
        if last is not None and last.text == text:
            held: Transcript = last
            return held
        if last is not None:
            cls.update(current=False).where(cls.id == last.id).execute()
        return cls.create(
            organization=call.organization_id,
            call=call.id,
            source_id=source_id,
            revision=last.revision + 1 if last else 1,
            text=text,
            words=searchable(text),
            received_at=now,
        )

    @classmethod
    def growing(cls, call: CallLog, source_id: str, now: datetime) -> "Transcript":
        """The transcript of a source that tells it utterance by utterance, made when first asked
        for. Call it with the call locked."""
        row = cls.get_or_none(cls.call == call.id, cls.source_id == source_id, cls.current)
        return row if row is not None else cls.hold(call, source_id, "", now)

    def retell(self, now: datetime) -> None:
        """Rebuild the text from the utterances, in the order in which they were spoken."""
        self.text = "\n".join(segment.text for segment in TranscriptSegment.of(self))
        values = {"text": self.text, "words": searchable(self.text), "received_at": now}
        Transcript.update(**values).where(Transcript.id == self.id).execute()

    @classmethod
    def saying(cls, query: str) -> Any:
        """A condition on calls: one of their current transcripts has all words of the query."""
        return CallLog.id.in_(cls.select(cls.call).where(cls.current, cls.matching(query)))

    @classmethod
    def listed(cls, organization_id: str, query: str) -> Any:
        """The same for PostgreSQL, which first collects all of these calls, by the index of words,
        whatever else is asked of them."""
        mine = (cls.current, cls.organization == organization_id, cls.matching(query))
        return CallLog.id == fn.ANY(fn.ARRAY(cls.select(cls.call).where(*mine)))

    @classmethod
    def heard_in(cls, query: str) -> Any:
        """The same for PostgreSQL, which looks through the transcripts of each call in its turn."""
        theirs = cls.select(SQL("1")).where(cls.call == CallLog.id, cls.current)
        return fn.EXISTS(theirs.where(cls.matching(query)).offset(SQL("0")))

    @classmethod
    def expected(cls, query: str) -> float:
        """How many transcripts PostgreSQL expects to have all words of a query, by its statistics
        and without looking."""
        text, values = cls.select(SQL("1")).where(cls.matching(query)).sql()
        plan = db.execute_sql(f"EXPLAIN (FORMAT JSON) {text}", values).fetchone()[0]
        said: float = plan[0]["Plan"]["Plan Rows"]
        return said

    @classmethod
    def known(cls) -> float:
        """How many transcripts there are by those statistics; none where there are none yet."""
        counted = "SELECT reltuples FROM pg_class WHERE oid = 'transcript'::regclass"
        everything: float = db.execute_sql(counted).fetchone()[0]
        return max(everything, 0)

    @classmethod
    def matching(cls, query: str) -> Any:
        """A condition on transcripts: one has all words of the query."""
        words = searchable(query)
        if dialect() == "postgresql":
            return SQL("to_tsvector('simple', words) @@ plainto_tsquery('simple', %s)", [words])
        quoted = " ".join(f'"{word}"' for word in words.split())
        return SQL(
            "id IN (SELECT rowid FROM transcript_search WHERE transcript_search MATCH ?)", [quoted]
        )


class TranscriptSegment(Row):
    """One utterance. `spoken_at` is the provider's time of it, when it tells one."""

    id = id_field("ts")
    transcript = ForeignKeyField(Transcript, index=False, backref="segments")
    transcript_id: int
    position = IntegerField()
    speaker = CharField(max_length=10)
    spoken_at = UTCField(null=True)
    start_seconds = FloatField(null=True)
    text = TextField()

    class Meta:
        indexes = ((("transcript", "position", "speaker"), True),)

    @classmethod
    def of(cls, transcript: Transcript) -> list["TranscriptSegment"]:
        """The utterances of one transcript as they were spoken."""
        return cls.of_transcripts([transcript.id]).get(transcript.id, [])

    @classmethod
    def of_transcripts(cls, ids: list[int]) -> dict[int, list["TranscriptSegment"]]:
        """Utterances in spoken order, by transcript id."""
        found: dict[int, list[TranscriptSegment]] = {}
        if ids:
            rows = cls.select().where(cls.transcript.in_(ids))
            for row in rows.order_by(cls.spoken_at, cls.position, cls.speaker):
                found.setdefault(row.transcript_id, []).append(row)
        return found

    @classmethod
    def hold(cls, transcript: Transcript, position: int, speaker: str, **values: Any) -> None:
        """Write one utterance, over an earlier wording of the same one."""
        cls.insert(
            transcript=transcript.id, position=position, speaker=speaker, **values
        ).on_conflict(
            conflict_target=[cls.transcript, cls.position, cls.speaker], update=values
        ).execute()


def searchable(text: str) -> str:
    """A text as its lower-case words, one space between them. Both databases are given, and asked
    for, nothing else, so that the same search finds the same calls on each."""
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).lower()))

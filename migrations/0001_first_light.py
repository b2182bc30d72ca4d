"""All of first light: organizations, bookings, the queue of record, calls, the inbox, transcripts.

The statements are the same on SQLite and PostgreSQL but for the words in braces.
"""

from typing import Any

TABLES = (
    """
    CREATE TABLE organization (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        name VARCHAR(200) NOT NULL,
        time_zone VARCHAR(64) NOT NULL,
        reminders {json} NOT NULL,
        created_at TIMESTAMPTZ NOT NULL
    )""",
    "CREATE UNIQUE INDEX organization_name ON organization (name)",
    """
    CREATE TABLE api_key (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        name VARCHAR(200) NOT NULL,
        mode VARCHAR(4) NOT NULL,
        scopes {json} NOT NULL,
        secret_hash VARCHAR(64) NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        expires_at TIMESTAMPTZ,
        revoked_at TIMESTAMPTZ,
        last_used_at TIMESTAMPTZ
    )""",
    "CREATE INDEX api_key_organization_id ON api_key (organization_id)",
    """
    CREATE TABLE contact (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        role VARCHAR(10) NOT NULL,
        external_id VARCHAR(200),
        name VARCHAR(200),
        phone VARCHAR(20),
        phone_hash VARCHAR(64),
        email VARCHAR(320),
        email_hash VARCHAR(64),
        locale VARCHAR(35) NOT NULL,
        time_zone VARCHAR(64),
        created_at TIMESTAMPTZ NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL
    )""",
    "CREATE INDEX contact_phone_hash ON contact (phone_hash)",
    "CREATE INDEX contact_email_hash ON contact (email_hash)",
    "CREATE UNIQUE INDEX contact_organization_id_mode_role_external_id "
    "ON contact (organization_id, mode, role, external_id)",
    """
    CREATE TABLE booking (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        external_id VARCHAR(200),
        contact_id VARCHAR(40) NOT NULL REFERENCES contact (id),
        staff_id VARCHAR(40) REFERENCES contact (id),
        service {json},
        starts_at TIMESTAMPTZ NOT NULL,
        starts_at_text VARCHAR(64) NOT NULL,
        time_zone VARCHAR(64) NOT NULL,
        duration_minutes INTEGER,
        state VARCHAR(12) NOT NULL,
        overdue BOOLEAN NOT NULL,
        version INTEGER NOT NULL,
        schedule_version INTEGER NOT NULL,
        reminders {json} NOT NULL,
        metadata {json} NOT NULL,
        fingerprint VARCHAR(64) NOT NULL,
        booked_at TIMESTAMPTZ NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        canceled_at TIMESTAMPTZ
    )""",
    "CREATE INDEX booking_contact_id ON booking (contact_id)",
    "CREATE INDEX booking_staff_id ON booking (staff_id)",
    "CREATE UNIQUE INDEX booking_organization_id_mode_external_id "
    "ON booking (organization_id, mode, external_id)",
    "CREATE INDEX booking_organization_id_mode_starts_at "
    "ON booking (organization_id, mode, starts_at)",
    "CREATE INDEX booking_organization_id_mode_booked_at_id "
    "ON booking (organization_id, mode, booked_at, id)",
    """
    CREATE TABLE notification (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        subject_type VARCHAR(20) NOT NULL,
        subject_id VARCHAR(40) NOT NULL,
        schedule_version INTEGER NOT NULL,
        rule VARCHAR(120) NOT NULL,
        number INTEGER NOT NULL,
        kind VARCHAR(20) NOT NULL,
        purpose VARCHAR(20) NOT NULL,
        booking_id VARCHAR(40) REFERENCES booking (id),
        contact_id VARCHAR(40) NOT NULL REFERENCES contact (id),
        plan {json} NOT NULL,
        step INTEGER NOT NULL,
        wording {json} NOT NULL,
        metadata {json} NOT NULL,
        due_at TIMESTAMPTZ NOT NULL,
        expires_at TIMESTAMPTZ NOT NULL,
        next_attempt_at TIMESTAMPTZ,
        lease_until TIMESTAMPTZ,
        slot_at TIMESTAMPTZ,
        claim INTEGER NOT NULL,
        tries INTEGER NOT NULL,
        state VARCHAR(12) NOT NULL,
        reason VARCHAR(40),
        failure_class VARCHAR(10),
        cancel_requested_at TIMESTAMPTZ,
        created_at TIMESTAMPTZ NOT NULL,
        finished_at TIMESTAMPTZ
    )""",
    "CREATE INDEX notification_booking_id ON notification (booking_id)",
    "CREATE INDEX notification_contact_id ON notification (contact_id)",
    "CREATE UNIQUE INDEX notification_subject_type_subject_id_schedule_version_ru_bd50e45 "
    "ON notification (subject_type, subject_id, schedule_version, rule, number)",
    "CREATE INDEX notification_organization_id_mode_state "
    "ON notification (organization_id, mode, state)",
    """
    CREATE TABLE call_log (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        notification_id VARCHAR(40) REFERENCES notification (id),
        booking_id VARCHAR(40) REFERENCES booking (id),
        step INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        provider VARCHAR(40) NOT NULL,
        account VARCHAR(80) NOT NULL,
        external_id VARCHAR(200),
        open_key VARCHAR(200),
        direction VARCHAR(10) NOT NULL,
        from_address VARCHAR(320) NOT NULL,
        to_address VARCHAR(320) NOT NULL,
        to_hash VARCHAR(64) NOT NULL,
        state VARCHAR(12) NOT NULL,
        provider_status VARCHAR(64),
        sequence INTEGER,
        answered_by VARCHAR(10),
        duration_seconds INTEGER,
        recording_id VARCHAR(200),
        recording_status VARCHAR(64),
        failure_class VARCHAR(10),
        reason VARCHAR(40),
        provider_code VARCHAR(64),
        created_at TIMESTAMPTZ NOT NULL,
        started_at TIMESTAMPTZ,
        ended_at TIMESTAMPTZ,
        lookup_at TIMESTAMPTZ,
        lookups INTEGER NOT NULL
    )""",
    "CREATE INDEX call_log_booking_id ON call_log (booking_id)",
    "CREATE UNIQUE INDEX call_log_open_key ON call_log (open_key)",
    "CREATE INDEX call_log_to_hash ON call_log (to_hash)",
    "CREATE UNIQUE INDEX call_log_provider_account_external_id "
    "ON call_log (provider, account, external_id)",
    "CREATE UNIQUE INDEX call_log_notification_id_step_attempt "
    "ON call_log (notification_id, step, attempt)",
    "CREATE INDEX call_log_organization_id_mode_created_at_id "
    "ON call_log (organization_id, mode, created_at, id)",
    """
    CREATE TABLE message_log (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        notification_id VARCHAR(40) REFERENCES notification (id),
        booking_id VARCHAR(40) REFERENCES booking (id),
        step INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        channel VARCHAR(10) NOT NULL,
        provider VARCHAR(40) NOT NULL,
        account VARCHAR(80) NOT NULL,
        external_id VARCHAR(200),
        open_key VARCHAR(400),
        direction VARCHAR(10) NOT NULL,
        from_address VARCHAR(320) NOT NULL,
        to_address VARCHAR(320) NOT NULL,
        to_hash VARCHAR(64) NOT NULL,
        text TEXT,
        template VARCHAR(120),
        template_version INTEGER,
        state VARCHAR(12) NOT NULL,
        provider_status VARCHAR(64),
        failure_class VARCHAR(10),
        reason VARCHAR(40),
        provider_code VARCHAR(64),
        created_at TIMESTAMPTZ NOT NULL,
        sent_at TIMESTAMPTZ,
        delivered_at TIMESTAMPTZ,
        read_at TIMESTAMPTZ,
        lookup_at TIMESTAMPTZ,
        lookups INTEGER NOT NULL
    )""",
    "CREATE INDEX message_log_booking_id ON message_log (booking_id)",
    "CREATE UNIQUE INDEX message_log_open_key ON message_log (open_key)",
    "CREATE INDEX message_log_to_hash ON message_log (to_hash)",
    "CREATE UNIQUE INDEX message_log_provider_account_external_id "
    "ON message_log (provider, account, external_id)",
    "CREATE UNIQUE INDEX message_log_notification_id_step_attempt "
    "ON message_log (notification_id, step, attempt)",
    "CREATE INDEX message_log_organization_id_mode_created_at_id "
    "ON message_log (organization_id, mode, created_at, id)",
    """
    CREATE TABLE provider_event (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        provider VARCHAR(40) NOT NULL,
        account VARCHAR(80) NOT NULL,
        kind VARCHAR(20) NOT NULL,
        dedup_key VARCHAR(400) NOT NULL,
        digest VARCHAR(64) NOT NULL,
        external_id VARCHAR(200),
        attempt_hint VARCHAR(40),
        organization_id VARCHAR(40) REFERENCES organization (id),
        call_id VARCHAR(40) REFERENCES call_log (id),
        source VARCHAR(10) NOT NULL,
        secret VARCHAR(10) NOT NULL,
        path VARCHAR(200) NOT NULL,
        query TEXT NOT NULL,
        content_type VARCHAR(100) NOT NULL,
        body TEXT,
        status VARCHAR(64),
        sequence INTEGER,
        occurred_at TIMESTAMPTZ,
        received_at TIMESTAMPTZ NOT NULL,
        state VARCHAR(10) NOT NULL,
        reason VARCHAR(200),
        tries INTEGER NOT NULL,
        next_attempt_at TIMESTAMPTZ,
        applied_at TIMESTAMPTZ
    )""",
    "CREATE INDEX provider_event_digest ON provider_event (digest)",
    "CREATE INDEX provider_event_organization_id_state ON provider_event (organization_id, state)",
    "CREATE INDEX provider_event_call_id ON provider_event (call_id)",
    "CREATE UNIQUE INDEX provider_event_provider_account_dedup_key "
    "ON provider_event (provider, account, dedup_key)",
    """
    CREATE TABLE transcript (
        id {serial} PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        call_id VARCHAR(40) NOT NULL REFERENCES call_log (id),
        source_id VARCHAR(200) NOT NULL,
        revision INTEGER NOT NULL,
        current BOOLEAN NOT NULL,
        text TEXT NOT NULL,
        words TEXT NOT NULL,
        received_at TIMESTAMPTZ NOT NULL
    )""",
    "CREATE UNIQUE INDEX transcript_call_id_source_id_revision "
    "ON transcript (call_id, source_id, revision)",
    """
    CREATE TABLE transcript_segment (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        transcript_id BIGINT NOT NULL REFERENCES transcript (id),
        position INTEGER NOT NULL,
        speaker VARCHAR(10) NOT NULL,
        spoken_at TIMESTAMPTZ,
        start_seconds DOUBLE PRECISION,
        text TEXT NOT NULL
    )""",
    "CREATE UNIQUE INDEX transcript_segment_transcript_id_position_speaker "
    "ON transcript_segment (transcript_id, position, speaker)",
    """
    CREATE TABLE sender (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        channel VARCHAR(10) NOT NULL,
        provider VARCHAR(40) NOT NULL,
        account VARCHAR(80) NOT NULL,
        address VARCHAR(320) NOT NULL,
        rate_per_second DOUBLE PRECISION,
        next_free_at TIMESTAMPTZ,
        created_at TIMESTAMPTZ NOT NULL
    )""",
    "CREATE INDEX sender_organization_id ON sender (organization_id)",
    "CREATE UNIQUE INDEX sender_channel_provider_account_address "
    "ON sender (channel, provider, account, address)",
    """
    CREATE TABLE consent (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        channel VARCHAR(10) NOT NULL,
        purpose VARCHAR(20) NOT NULL,
        address_hash VARCHAR(64) NOT NULL,
        granted BOOLEAN NOT NULL,
        source VARCHAR(40) NOT NULL,
        at TIMESTAMPTZ NOT NULL
    )""",
    "CREATE INDEX consent_address_hash_organization_id_channel_purpose_at "
    "ON consent (address_hash, organization_id, channel, purpose, at)",
    """
    CREATE TABLE feed_entry (
        id {serial} PRIMARY KEY,
        tx BIGINT NOT NULL,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        at TIMESTAMPTZ NOT NULL,
        type VARCHAR(60) NOT NULL,
        object VARCHAR(20) NOT NULL,
        object_id VARCHAR(40) NOT NULL,
        state VARCHAR(20),
        reason VARCHAR(40)
    )""",
    "CREATE INDEX feed_entry_organization_id_mode_tx_id "
    "ON feed_entry (organization_id, mode, tx, id)",
    """
    CREATE TABLE idempotency_record (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        key VARCHAR(255) NOT NULL,
        fingerprint VARCHAR(64) NOT NULL,
        status INTEGER,
        body TEXT,
        created_at TIMESTAMPTZ NOT NULL
    )""",
    "CREATE INDEX idempotency_record_created_at ON idempotency_record (created_at)",
    "CREATE UNIQUE INDEX idempotency_record_organization_id_mode_key "
    "ON idempotency_record (organization_id, mode, key)",
    """
    CREATE TABLE dead_letter (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) REFERENCES organization (id),
        mode VARCHAR(4),
        object VARCHAR(20) NOT NULL,
        object_id VARCHAR(40) NOT NULL,
        reason VARCHAR(200) NOT NULL,
        history {json} NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        resolved_at TIMESTAMPTZ,
        resolution VARCHAR(20)
    )""",
    "CREATE INDEX dead_letter_object_object_id ON dead_letter (object, object_id)",
    """
    CREATE TABLE audit_entry (
        id {serial} PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        at TIMESTAMPTZ NOT NULL,
        key VARCHAR(40),
        person VARCHAR(200),
        action VARCHAR(40) NOT NULL,
        objects {json} NOT NULL,
        request_id VARCHAR(64)
    )""",
    "CREATE INDEX audit_entry_organization_id_at ON audit_entry (organization_id, at)",
)

# Predicates on nullability, not on state: PostgreSQL would otherwise use a nearly empty partial
# index for the start gate's look-up by primary key once statistics say that it is small.
PARTIAL_INDEXES = (
    "CREATE INDEX notification_waiting ON notification (next_attempt_at)"
    " WHERE next_attempt_at IS NOT NULL",
    "CREATE INDEX notification_leased ON notification (lease_until) WHERE lease_until IS NOT NULL",
    "CREATE INDEX call_log_lookup ON call_log (lookup_at) WHERE lookup_at IS NOT NULL",
    "CREATE INDEX message_log_lookup ON message_log (lookup_at) WHERE lookup_at IS NOT NULL",
    "CREATE INDEX provider_event_waiting ON provider_event (next_attempt_at)"
    " WHERE next_attempt_at IS NOT NULL",
)

SEARCH = {
    "postgresql": (
        "CREATE INDEX transcript_search ON transcript USING gin (to_tsvector('simple', words))",
    ),
    "sqlite": (
        "CREATE VIRTUAL TABLE transcript_search USING fts5(words, content='transcript',"
        " content_rowid='id', tokenize='unicode61 remove_diacritics 0')",
        "CREATE TRIGGER transcript_added AFTER INSERT ON transcript BEGIN"
        " INSERT INTO transcript_search(rowid, words) VALUES (new.id, new.words); END",
        "CREATE TRIGGER transcript_changed AFTER UPDATE OF words ON transcript BEGIN"
        " INSERT INTO transcript_search(transcript_search, rowid, words)"
        " VALUES ('delete', old.id, old.words);"
        " INSERT INTO transcript_search(rowid, words) VALUES (new.id, new.words); END",
        "CREATE TRIGGER transcript_removed AFTER DELETE ON transcript BEGIN"
        " INSERT INTO transcript_search(transcript_search, rowid, words)"
        " VALUES ('delete', old.id, old.words); END",
    ),
}

WORDS = {
    "postgresql": {"json": "JSONB", "serial": "BIGSERIAL"},
    "sqlite": {"json": "TEXT", "serial": "INTEGER"},
}


def _dialect(db: Any) -> str:
    return "sqlite" if "sqlite" in type(db).__name__.lower() else "postgresql"


def up(migrator: Any, db: Any) -> None:
    dialect = _dialect(db)
    for statement in TABLES + PARTIAL_INDEXES:
        db.execute_sql(statement.format(**WORDS[dialect]))
    for statement in SEARCH[dialect]:
        db.execute_sql(statement)


def down(migrator: Any, db: Any) -> None:
    if _dialect(db) == "sqlite":
        db.execute_sql("DROP TABLE transcript_search")
    for statement in reversed(TABLES):
        if statement.strip().startswith("CREATE TABLE"):
            db.execute_sql("DROP TABLE " + statement.split()[2])

"""Jobs: what happens by the passing of time or in the background; and the schedule of those that
come back by a cron expression."""

from typing import Any

TABLES = (
    """
    CREATE TABLE job (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) REFERENCES organization (id),
        mode VARCHAR(4),
        name VARCHAR(60) NOT NULL,
        key VARCHAR(120) NOT NULL,
        kind VARCHAR(20) NOT NULL,
        lane VARCHAR(14) NOT NULL,
        due_at TIMESTAMPTZ NOT NULL,
        next_attempt_at TIMESTAMPTZ,
        again_at TIMESTAMPTZ,
        lease_until TIMESTAMPTZ,
        claim INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        state VARCHAR(12) NOT NULL,
        reason VARCHAR(200),
        held_by VARCHAR(160),
        created_at TIMESTAMPTZ NOT NULL,
        finished_at TIMESTAMPTZ
    )""",
    "CREATE UNIQUE INDEX job_name_key ON job (name, key)",
    """
    CREATE TABLE cron_job (
        name VARCHAR(60) NOT NULL PRIMARY KEY,
        expression VARCHAR(120) NOT NULL,
        time_zone VARCHAR(64),
        enabled BOOLEAN NOT NULL,
        looked_at TIMESTAMPTZ NOT NULL,
        next_at TIMESTAMPTZ,
        last_slot TIMESTAMPTZ,
        last_run_at TIMESTAMPTZ,
        last_result VARCHAR(10),
        last_error VARCHAR(200)
    )""",
)

INDEXES = {
    "job_organization_id_mode_state": "job (organization_id, mode, state)",
    "job_lane": "job (lane, next_attempt_at) WHERE next_attempt_at IS NOT NULL",
    "job_fair": "job (lane, organization_id, next_attempt_at) WHERE next_attempt_at IS NOT NULL",
    "job_lease": "job (lease_until) WHERE lease_until IS NOT NULL",
    "job_held": "job (held_by, due_at) WHERE held_by IS NOT NULL",
    "job_finished": "job (kind, finished_at) WHERE finished_at IS NOT NULL",
    "cron_job_next": "cron_job (next_at) WHERE next_at IS NOT NULL",
}


def up(migrator: Any, db: Any) -> None:
    for statement in TABLES:
        db.execute_sql(statement)
    for name, definition in INDEXES.items():
        db.execute_sql(f"CREATE INDEX {name} ON {definition}")


def down(migrator: Any, db: Any) -> None:
    db.execute_sql("DROP TABLE cron_job")
    db.execute_sql("DROP TABLE job")

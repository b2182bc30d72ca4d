"""Voice callbacks of Twilio as they go over the wire, and the calls that they tell of."""

import base64
import hashlib
import hmac
import subprocess
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import cast
from urllib.parse import urlencode

from gateway.models.base import db
from tests import servers
from tests.bench.ground import ACCOUNT, NUMBER, TOKEN, Ground
from tests.bench.load import request

PUBLIC = "https://hooks.example.com"
FORM = "application/x-www-form-urlencoded"

FILL = (
    """INSERT INTO contact (id, organization_id, mode, role, name, phone, phone_hash, locale,
    created_at, updated_at) SELECT 'ct_' || lpad(to_hex(g), 26, '0'), {own}, 'live', 'contact',
    'Name' || g, '+1555' || lpad(g::text, 7, '0'), md5(g::text), 'en', now(), now()
    FROM generate_series(1, {n}) g""",
    """INSERT INTO notification (id, organization_id, mode, subject_type, subject_id,
    schedule_version, rule, number, kind, purpose, contact_id, plan, step, wording, metadata,
    due_at, expires_at, claim, tries, state, created_at, failures, repeats, lane)
    SELECT 'nt_' || lpad(to_hex(g), 26, '0'), {own}, 'live', 'request',
    'rq_' || lpad(to_hex(g), 26, '0'), 1, 'request:voice', 1, 'call', 'reminder',
    'ct_' || lpad(to_hex(g), 26, '0'), '[{{"channel": "voice"}}]', 0, '{{"say": "See you."}}',
    '{{}}', now(), now() + interval '1 day', 1, 1, 'sending', now(), 0, 0, 'voice:3'
    FROM generate_series(1, {n}) g""",
    """INSERT INTO call_log (id, organization_id, mode, notification_id, provider, account,
    external_id, state, lookups, ends, step, attempt, direction, from_address, to_address, to_hash,
    created_at, lookup_at) SELECT 'cl_' || lpad(to_hex(g), 26, '0'), {own}, 'live',
    'nt_' || lpad(to_hex(g), 26, '0'), 'twilio', '{account}', 'CA' || lpad(to_hex(g), 32, '0'),
    'queued', 0, 0, 0, 1, 'outbound', '{number}', '+1555' || lpad(g::text, 7, '0'), md5(g::text),
    now(), now() + interval '1 day' FROM generate_series(1, {n}) g""",
    "ANALYZE",
)
PGBENCH_SCRIPT = """INSERT INTO provider_event (id, provider, account, kind, dedup_key, digest,
    external_id, attempt_hint, source, secret, path, query, content_type, body, status, sequence,
    occurred_at, received_at, state, tries, next_attempt_at)
    SELECT 'ev_' || left(k, 26), 'twilio', '{account}', 'call-status', k, k || k, 'CA' || k,
    'cl_' || left(k, 26), 'webhook', 'current', 'twilio/voice', 'attempt=cl_' || left(k, 26),
    '{form}', '{body}', 'completed', 3, now(), now(), 'received', 0, now()
    FROM (SELECT md5(random()::text || clock_timestamp()::text) AS k) made;
"""


def body_of(number: int) -> dict[str, str]:
    """The parameters of the report that this call is over, as Twilio sends them."""
    to = f"+1555{number:07d}"
    return {
        "AccountSid": ACCOUNT, "ApiVersion": "2010-04-01", "CallbackSource": "call-progress-events",
        "CallDuration": "42", "Called": to, "CalledCity": "BERLIN", "CalledCountry": "US",
        "Caller": NUMBER, "CallerCountry": "US", "CallSid": f"CA{number:032x}",
        "CallStatus": "completed", "Direction": "outbound-api", "Duration": "1", "From": NUMBER,
        "FromCountry": "US", "SequenceNumber": "3", "SipResponseCode": "200",
        "Timestamp": format_datetime(datetime.now(UTC)), "To": to, "ToCity": "BERLIN",
        "ToCountry": "US",
    }  # fmt: skip


def signed(path: str, form: dict[str, str]) -> bytes:
    """The callback as it goes over the wire, signed for our public address."""
    content = f"{PUBLIC}{path}" + "".join(f"{name}{form[name]}" for name in sorted(form))
    made = base64.b64encode(hmac.digest(TOKEN.encode(), content.encode(), hashlib.sha1))
    headers = {"Content-Type": FORM, "X-Twilio-Signature": made.decode()}
    return request("POST", path, headers, urlencode(form).encode())


def to_ours(number: int) -> bytes:
    return signed(f"/webhooks/twilio/voice?attempt=cl_{number:026x}", body_of(number))


def to_bare(number: int) -> bytes:
    return signed(f"/verify-insert?attempt=cl_{number:026x}", body_of(number))


def to_empty(number: int) -> bytes:
    return signed("/empty", body_of(number))


def to_peer(number: int) -> bytes:
    return signed("/webhooks/twilio", body_of(number))


def fill(organization_id: str, calls: int) -> None:
    """So many calls under way, of this organization."""
    db.execute_sql("SET statement_timeout = 0")
    values = {"own": f"'{organization_id}'", "n": calls, "account": ACCOUNT, "number": NUMBER}
    for statement in FILL:
        db.execute_sql(statement.format(**values))


class Numbers:
    """The calls that were not told of yet; each is told of once."""

    def __init__(self, most: int) -> None:
        self.most, self._next = most, 1

    def take(self, how_many: int) -> range:
        """The next so many."""
        taken = range(self._next, self._next + how_many)
        self._next += how_many
        assert taken.stop <= self.most + 1, "more callbacks than calls"
        return taken


def by_pgbench(ground: Ground, how_many: int, connections: int) -> float:
    """Inserts a second of the same row, each committed, over as many connections."""
    script = ground.folder / "insert.sql"
    body = urlencode(body_of(1)).replace("'", "''")
    script.write_text(
        " ".join(PGBENCH_SCRIPT.split()).format(account=ACCOUNT, form=FORM, body=body)
    )
    database = ground.database()
    program = Path(cast(list[str], ground.postgres.process.args)[0])
    done = subprocess.run(
        [str(program.with_name("pgbench")), "-n", "-M", "prepared", "-c", str(connections),
         "-j", "1", "-t", str(max(1, how_many // connections)), "-f", str(script),
         "-h", str(ground.postgres.folder), "-U", "postgres", servers.database_name(database)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    ground.postgres.drop_database(database)
    return float(done.stdout.partition("tps = ")[2].split()[0])

"""How fast support's questions are answered: `python -m tests.desk [--calls 1000000]`.

The pages of /console on PostgreSQL with so many calls, each with a transcript, asked by one person
after the other; prints the median and the 95 % of each kind of page in milliseconds, as JSON.
"""

import argparse
import json
import random
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime

from werkzeug.test import TestResponse

from gateway import boot
from gateway.http import create_app
from gateway.models import base, schema
from gateway.settings import Settings
from gateway.usecases import accounts
from gateway.usecases.people import address_hash
from tests import servers
from tests.http.staff_stage import ORIGIN, Browser, hire

KNOWN = 60  # people who are asked for by number, with fifteen calls each
FILL = (
    """INSERT INTO contact (id, organization_id, mode, role, name, phone, phone_hash, locale,
    created_at, updated_at) SELECT 'ct_b' || g, {own}, 'live', 'contact', 'First' || mod(g, 5000)
    || ' Last' || mod(g, 20000), '+49151' || g, md5(g::text), 'en', now(), now()
    FROM generate_series(1, {calls} / 10) g""",
    """INSERT INTO call_log (id, organization_id, mode, provider, account, external_id, state,
    lookups, step, attempt, direction, from_address, to_address, to_hash, created_at, ended_at,
    duration_seconds) SELECT 'cl_b' || g, {own}, 'live', 'twilio', 'AC', 'CAb' || g,
    CASE WHEN mod(g, 10) = 0 THEN 'busy' WHEN mod(g, 1001) = 0 THEN 'failed' ELSE 'completed' END,
    0, 0, 1, 'outbound', '+15005550006', '+49151' || mod(g, 100000), md5(mod(g, 100000)::text),
    now() - g * interval '1 s', now() - g * interval '1 s', 12
    FROM generate_series(1, {calls}) g""",
    """INSERT INTO transcript (organization_id, call_id, source_id, revision, current, text, words,
    received_at) SELECT {own}, 'cl_b' || g, 's', 1, true, 'see you on monday word' || g,
    'see you on monday word' || g || ' group' || mod(g, 100), now()
    FROM generate_series(1, {calls}) g""",
    """UPDATE call_log SET to_hash = k.hash FROM (SELECT hash, n FROM unnest({hashes}::text[])
    WITH ORDINALITY AS u (hash, n)) k WHERE call_log.id IN (SELECT 'cl_b' || (x * 977 + k.n)
    FROM generate_series(1, 15) x)""",
    """UPDATE contact SET phone_hash = k.hash, name = 'Ada' || k.n || ' Quill'
    FROM (SELECT hash, n FROM unnest({hashes}::text[]) WITH ORDINALITY AS u (hash, n)) k
    WHERE contact.id = 'ct_b' || k.n""",
    "ANALYZE",
)


def main() -> None:
    """Fill the database, ask, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    chosen = parser.parse_args()
    with servers.start_postgres() as server:
        environ = {
            "DATABASE_URL": server.create_database(), "REDIS_URL": "redis://127.0.0.1:9/0",
            "SECRET_KEY": "k" * 40, "PUBLIC_BASE_URL": ORIGIN, "LOG_LEVEL": "WARNING",
        }  # fmt: skip
        settings = Settings.from_env(environ)
        boot.start(settings)
        schema.migrate()
        browser = Browser(create_app(settings))
        with base.connection():
            hire("support", fill(chosen.calls))
        told = _ask(browser, chosen.calls, chosen.rounds)
    print(json.dumps({"calls": chosen.calls, "milliseconds": told}, indent=1))


def phone_of(number: int) -> str:
    """The number of a known person, 1 to KNOWN."""
    return f"+4915112{number:06}"


def fill(calls: int) -> str:
    """An organization with so many calls, each with a transcript, and its id. The calls are a
    second apart, the newest is `cl_b1`."""
    made = accounts.create_organization("Desk", "Europe/Berlin", datetime.now(UTC))
    hashes = ", ".join(f"'{address_hash(phone_of(number))}'" for number in range(1, KNOWN + 1))
    base.db.execute_sql("SET statement_timeout = 0")
    for statement in FILL:
        filled = statement.format(own=f"'{made.id}'", calls=calls, hashes=f"ARRAY[{hashes}]")
        base.db.execute_sql(filled)
    return str(made.id)


def _ask(browser: Browser, calls: int, rounds: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = defaultdict(list)

    def asked(name: str, ask: Callable[[], TestResponse]) -> None:
        began = time.perf_counter()
        answer = ask()
        taken[name].append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, (name, answer.status_code, answer.text)

    browser.see("/console/sign-in")
    browser.sign_in("support@example.com")
    browser.see("/console")
    for _ in range(rounds):
        who, call = random.randint(1, KNOWN), random.randint(1, calls)
        for name, fields in {
            "number": {"who": phone_of(who)}, "name": {"who": f"ada{who}"},
            "provider's id": {"ref": f"CAb{call}"}, "rare word": {"words": f"word{call}"},
            "word in 1 %": {"words": "group7"}, "word in all": {"words": "monday"},
            "number and word": {"who": phone_of(who), "words": "monday"},
            "failed": {"state": "failed"}, "absent state": {"state": "no-answer"},
        }.items():  # fmt: skip
            where = browser.post("/console/search", **fields).headers["Location"]
            asked(f"search by {name}", lambda where=where: browser.get(where))  # type: ignore[misc]
        page = f"/console/calls/cl_b{call}"
        asked("search", lambda: browser.get("/console"))
        asked("call", lambda page=page: browser.get(page))  # type: ignore[misc]
        asked("words", lambda page=page: browser.post(f"{page}/words"))  # type: ignore[misc]
        person = f"/console/contacts/ct_b{who}"
        asked("contact", lambda person=person: browser.get(person))  # type: ignore[misc]
    return {name: _shown(values) for name, values in taken.items()}


def _shown(values: list[float]) -> list[float]:
    return [round(statistics.median(values), 1), round(statistics.quantiles(values, n=20)[-1], 1)]


if __name__ == "__main__":
    main()

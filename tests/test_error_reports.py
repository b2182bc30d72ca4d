"""What Sentry is told of a fault: type, places and ids, and nothing that a person said or is
called."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests
import structlog

from gateway import error_reports, job_lines
from gateway.cli.install import ROOT
from gateway.domain.errors import NotFound, StoreUnavailable
from gateway.http import create_app
from gateway.models import base
from gateway.settings import InvalidSettings, Settings
from tests.cli.stacks import clean_env
from tests.collectors import Inbox, dsn, listening
from tests.conftest import SECRET_KEY, Configure, StartStack
from tests.jobs import known, plan, work_off
from tests.waiting import until

CANARY = ("Zyxwv", "wubbalubba", "2025550139", "canary@")
BASE = {"DATABASE_URL": "sqlite:///x.db", "REDIS_URL": "redis://x", "SECRET_KEY": SECRET_KEY}


@pytest.fixture
def sentry() -> Iterator[Inbox]:
    """An inbox that is told the faults of this process."""
    with listening() as inbox:
        error_reports.start(Settings.from_env({**BASE, "SENTRY_DSN": dsn(inbox)}))
        yield inbox
        error_reports.stop()


def _one(inbox: Inbox) -> dict[str, object]:
    (event,) = until(inbox.events, "a report", 10)
    assert [word for word in CANARY if word.encode() in inbox.everything()] == []
    return event


def _fail(said: str) -> None:
    local = {"name": "Zyxwv", "phone": "+12025550139", "said": said}
    try:
        int("wubbalubba")
    except ValueError as inner:
        fault = KeyError(said, local)
        fault.add_note("canary@example.com")
        raise fault from inner


@pytest.mark.row("C5")
def test_a_report_tells_types_places_and_ids_and_nothing_else(sentry: Inbox) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req_1", phone="+12025550139"):
        try:
            _fail("CANARY-wubbalubba")
        except KeyError as fault:
            error_reports.report(fault, job_id="nt_1", kind="Zyxwv@canary.example")
    event = _one(sentry)
    assert sentry.paths == ["/api/42/envelope/"]
    assert event["tags"] == {"request_id": "req_1", "job_id": "nt_1", "kind": "[email]"}
    chain = event["exception"]["values"]  # type: ignore[index]
    assert [one["type"] for one in chain] == ["ValueError", "KeyError"]
    for one in chain:
        assert set(one) <= {"type", "module", "mechanism", "stacktrace"}
        last = one["stacktrace"]["frames"][-1]
        assert last["function"] == "_fail"
        assert last["filename"].endswith("test_error_reports.py")
        assert all(not {"vars", "context_line", "pre_context"} & set(frame)
                   for frame in one["stacktrace"]["frames"])  # fmt: skip
    assert not {"request", "user", "breadcrumbs", "extra", "message", "modules"} & set(event)


@pytest.mark.row("C5")
def test_what_the_product_itself_answers_is_no_report(sentry: Inbox) -> None:
    for fault in (NotFound("no such booking"), StoreUnavailable()):
        error_reports.report(fault)
    error_reports.report(RuntimeError("wubbalubba"))
    event = _one(sentry)
    assert event["exception"]["values"][0]["type"] == "RuntimeError"  # type: ignore[index]


@pytest.mark.row("C5")
def test_a_job_that_fails_is_reported_once_with_its_queue_kind_and_id(
    configure: Configure,
) -> None:
    def broken(key: str, now: object) -> None:
        raise RuntimeError("Zyxwv +12025550139")

    now = datetime.now(UTC)
    with listening() as inbox, known(broken=("timer", broken)):
        configure(SENTRY_DSN=dsn(inbox))
        with base.connection():
            row = plan("test.broken", "a", now, now)
            work_off(now)
        event = _one(inbox)
        error_reports.stop()
    assert event["tags"] == {"queue": "timers", "kind": "timer", "job_id": row.id}


@pytest.mark.row("C5")
def test_a_fault_that_two_layers_see_is_told_once(sentry: Inbox) -> None:
    with pytest.raises(RuntimeError) as seen, job_lines.told("voice", "reminder", "nt_1"):
        raise RuntimeError("wubbalubba")
    job_lines.failed(seen.value, 0.0)
    error_reports.stop()
    assert len(sentry.events()) == 1


@pytest.mark.row("C5")
def test_a_request_that_crashes_is_reported_with_its_id(start_stack: StartStack) -> None:
    with listening() as inbox:
        stack = start_stack(parts=(), SENTRY_DSN=dsn(inbox))

        def crash() -> str:
            raise LookupError("Zyxwv said CANARY-wubbalubba to +12025550139")

        stack.web.app = create_app(stack.settings)
        stack.web.app.add_url_rule("/crash", view_func=crash)
        asked = {"X-Request-Id": "req-7", "Cookie": "name=Zyxwv"}
        answer = requests.get(f"{stack.web.url}/crash?q=wubbalubba", headers=asked, timeout=10)
        assert answer.status_code == 500
        event = _one(inbox)
        assert event["tags"] == {"request_id": "req-7"}
        error_reports.stop()


LOADED = """
import sys
from gateway import boot
boot.start()
print([name for name in ("sentry_sdk", "opentelemetry") if name in sys.modules])
"""


@pytest.mark.row("C5")
def test_off_nothing_of_the_libraries_is_loaded(sqlite_url: str, redis_server: object) -> None:
    env = clean_env(**{**BASE, "DATABASE_URL": sqlite_url})
    command = [sys.executable, "-c", LOADED]
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


MISSING = """
import sys
sys.modules["sentry_sdk"] = sys.modules["opentelemetry"] = None
from gateway import settings
try:
    settings.current()
except settings.InvalidSettings as fault:
    print(sorted(fault.problems.items()))
"""


@pytest.mark.row("C5")
def test_without_the_extra_the_setting_is_refused_by_its_name() -> None:
    on = {"SENTRY_DSN": "https://k@s.example/1", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}
    command = [sys.executable, "-c", MISSING]
    env = clean_env(**BASE, **on)
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    problem = "needs the extra `{}`, which is not installed"
    assert ran.stdout.strip() == str(
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", problem.format("otel")),
            ("SENTRY_DSN", problem.format("sentry")),
        ]
    )


@pytest.mark.parametrize(
    "raw", ["https://sentry.example/1", "https://key@sentry.example", "https://key@s.example/x"]
)
def test_a_dsn_that_is_none_is_refused_by_its_name(raw: str) -> None:
    with pytest.raises(InvalidSettings, match=r"^SENTRY_DSN must be a DSN of Sentry") as refused:
        Settings.from_env({**BASE, "SENTRY_DSN": raw})
    assert raw not in str(refused.value)

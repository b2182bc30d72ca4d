"""What looks personal or secret is masked in every line; our ids, times and places are not."""

import io
import json
import logging
import subprocess
import sys
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from gateway import redaction
from gateway.cli.install import ROOT

PERSONAL = [
    "+12025550139",
    "+1 (202) 555-0139",
    "+49 30 12345-678",
    "0049 30 1234567",
    "202-555-0139",
    "(202) 555-0139",
    "whatsapp:+12025550139",
    "12025550139",
    "%2B12025550139",
    "tel:+12025550139;ext=5",
    "canary@example.com",
    "canary+tag@mail.example.co.uk",
    "canary%40example.com",
    "Bearer rb_live_abcdefgh",
    "bearer   abcdef0123456789",
    "Basic Y2FuYXJ5OmNhbmFyeQ==",
    "rb_test_Zm9vYmFyYmF6cXV4",
    "whsec_c2VjcmV0c2VjcmV0",
    "SG.abcdefghijkl.mnopqrstuv",
    "redis://:canarypw@cache:6379/0",
    "postgresql://user:canarypw@db/ringback",
    "/webhooks/twilio/voice?attempt=canary&To=x",
]
PLAIN = [
    "nt_01jd3x6k2m0000000000000001",
    "req_0123456789abcdef01234567",
    "CA0123456789abcdef0123456789abcdef",
    "AC01234567890123456789012345678901",
    "wamid.HBgLMTIwMjU1NTAxMzkVAgARGBI5",
    "2026-11-22T13:30:00.123456Z",
    "2026-11-22T13:30:00+00:00",
    "6f1e2d3c-1234-4234-8234-123456789012",
    "voice:3",
    "127.0.0.1:8000",
    "/api/v1/calls/<id>",
    "/srv/ringback/gateway/usecases/gate.py:61 open_attempt",
    "provider|twilio|AC0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdef",
    "call triggered",
]


@pytest.mark.row("C5")
@pytest.mark.parametrize("said", PERSONAL)
def test_what_looks_personal_or_secret_is_masked_wherever_it_stands(said: str) -> None:
    for text in (said, f"could not send to {said}, giving up", f'{{"x": "{said}"}}', f"<{said}>"):
        shown = redaction.text(text)
        assert not any(
            one in shown for one in ("canary", "555", "1234", "2025", "Zm9v", "abcdefgh")
        )


@pytest.mark.parametrize("said", PLAIN)
def test_ids_times_and_places_stay_readable(said: str) -> None:
    assert redaction.value("field", said) == said
    assert redaction.value("field", [said, {"inner": said}]) == [said, {"inner": said}]


@pytest.mark.parametrize(
    "name", ["to", "From", "phone", "text", "Authorization", "X-Api-Key", "contact_phone", "say"]
)
def test_some_fields_are_masked_whatever_they_hold(name: str) -> None:
    line = redaction.redact(None, "info", {"event": "sent", name: "Zyxwv"})
    assert line == {"event": "sent", name: redaction.MASK}


def test_a_job_s_name_is_shown_and_a_person_s_is_not() -> None:
    assert redaction.value("name", "invoice.remind") == "invoice.remind"
    assert redaction.value("name", "Zyxwv Canary") == redaction.MASK
    assert redaction.value("name", "Żółw") == redaction.MASK


def test_nothing_hides_in_bytes_numbers_keys_or_deep_inside() -> None:
    deep: Any = "+12025550139"
    for _ in range(20):
        deep = {"inner": deep}
    line = {"a": b"+12025550139", "b": 12025550139, "c": {"+12025550139": 1}, "d": deep,
            "e": ValueError("+12025550139"), "f": ("+12025550139",)}  # fmt: skip
    assert "2025550139" not in json.dumps(redaction.redact(None, "info", line))


@given(st.text(max_size=300))
def test_masking_never_fails_and_masks_once_for_all(said: str) -> None:
    once = redaction.text(said)
    assert redaction.text(once) == once


def test_masking_a_long_line_takes_no_long_time() -> None:
    for piece in ("+1", "a@", "1-", "(202) ", "://", "?a=", "bearer ", "a." * 10, "0 "):
        redaction.text(piece * 20_000)  # quadratic work would hang here


LOUD = """
import logging, sys
from gateway import logs
import structlog
logs.configure(sys.argv[1])
log = structlog.get_logger("ours")
for level in ("debug", "info", "warning", "error"):
    getattr(log, level)("ours at " + level, to="Zyxwv", number="+12025550139")
try:
    raise ValueError("CANARY-wubbalubba +12025550139")
except ValueError:
    log.exception("ours crashed")
    logging.getLogger("library").exception("library crashed for %s", "canary@example.com")
logging.getLogger("library").error("a number: %s", "+12025550139", stack_info=True)
"""


def _lines(level: str) -> list[dict[str, Any]]:
    ran = subprocess.run(
        [sys.executable, "-c", LOUD, level], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout == ""
    return [json.loads(line) for line in ran.stderr.splitlines()]


@pytest.mark.row("B9")
@pytest.mark.parametrize(
    ("level", "least"), [("DEBUG", 0), ("INFO", 1), ("WARNING", 2), ("ERROR", 3)]
)
def test_the_log_level_decides_what_is_written(level: str, least: int) -> None:
    words = ["debug", "info", "warning", "error"]
    told = [line["level"] for line in _lines(level) if line["event"].startswith("ours at")]
    assert told == words[least:]


@pytest.mark.row("C5")
def test_an_exception_is_told_by_type_and_places_and_not_by_its_words() -> None:
    lines = {line["event"]: line for line in _lines("INFO")}
    for event in ("ours crashed", "library crashed for [email]"):
        assert lines[event]["error"] == "ValueError"
        assert lines[event]["places"] == ["<string>:10 <module>"]
    text = json.dumps(list(lines.values()))
    assert not any(one in text for one in ("CANARY", "Zyxwv", "canary", "2025550139"))


def test_in_a_terminal_the_same_is_masked() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[redaction.redact, structlog.dev.ConsoleRenderer(colors=False)]
        )
    )
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "to %s", ("+12025550139",), None)
    handler.handle(record)
    assert "[phone]" in out.getvalue()
    assert "2025550139" not in out.getvalue()

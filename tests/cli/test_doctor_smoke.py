"""`doctor --smoke` and `doctor webhook` beside a running stack."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from gateway.cli.embedded_redis import free_port
from gateway.cli.install import ROOT
from gateway.settings import Settings
from tests.cli.stacks import Up, clean_env, command, up

pytestmark = pytest.mark.row("A10")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("smoke") / "data"


@pytest.fixture(scope="module")
def stack(data: Path) -> Iterator[Up]:
    with up(data) as running:
        yield running


def _run(
    data: Path, *words: str, stdin: bytes = b"", **settings: str
) -> tuple[int, list[dict[str, Any]]]:
    """The status and the lines of a command beside this stack."""
    done = subprocess.run(
        [*command(*words), "--json", "--data", str(data)],
        cwd=ROOT, env=clean_env(**settings), input=stdin, capture_output=True,
    )  # fmt: skip
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_the_smoke_test_goes_the_whole_way_and_leaves_no_key(stack: Up, data: Path) -> None:
    status, lines = _run(data, "doctor", "--smoke", "--wait", "90")

    steps = {line["about"]: line for line in lines if line["about"].startswith("smoke")}
    assert list(steps) == ["smoke web", "smoke booking", "smoke call", "smoke message"]
    assert [line["level"] for line in steps.values()] == ["ok"] * 4, steps
    assert status == 0
    _, keys = _run(data, "keys", "list")
    assert [key["revoked_at"] is None for key in keys if key["name"] == "smoke test"] == [False]
    assert [entry["text"] for entry in stack.ledger()] == ["This is a test."] * 2
    assert {line["about"] for line in lines} >= {"clock of redis", "clock of provider twilio"}


def test_a_smoke_test_that_can_t_reach_the_web_says_so(stack: Up, data: Path) -> None:
    status, lines = _run(data, "doctor", "--smoke", "--url", "http://127.0.0.1:1")
    assert status == 1
    assert lines[-1]["about"] == "smoke web"
    assert "--url" in lines[-1]["text"]


def test_a_smoke_test_names_what_was_held_back(stack: Up, data: Path) -> None:
    assert _run(data, "freeze")[0] == 0
    try:
        status, lines = _run(data, "doctor", "--smoke", "--wait", "1.5")
    finally:
        assert _run(data, "thaw", "--without-catch-up", "--yes")[0] == 0
    assert status == 1
    assert (lines[-1]["about"], lines[-1]["level"]) == ("smoke call", "error")
    assert "holds list" in lines[-1]["text"]


def test_a_smoke_test_is_not_begun_where_something_is_wrong(stack: Up, data: Path) -> None:
    away = f"smtp://127.0.0.1:{free_port()}"
    status, lines = _run(data, "doctor", "--smoke", SMTP_URL=away, EMAIL_FROM="a@example.com")
    assert status == 1
    assert lines[-1]["text"].startswith("not begun")


def test_a_refused_callback_is_explained_by_hand(stack: Up, data: Path) -> None:
    settings = json.loads((data / "settings.json").read_text())
    token = _token(settings)
    path = "/webhooks/twilio/voice?attempt=x"
    signature = RequestValidator(token).compute_signature(f"https://a.example{path}", {"A": "1"})
    asked = ("doctor", "webhook", "--signature", signature, "--body", "-")
    status, (told,) = _run(data, *asked, "--url", f"https://a.example{path}", stdin=b"A=1")
    assert (status, told["authentic"], told["cause"]) == (1, False, "address")
    assert told["url"] == f"https://a.example{path}"
    assert token not in json.dumps(told)
    status, (told,) = _run(data, *asked, "--url", f"{stack.ready['api']}{path}", stdin=b"A=1")
    assert (status, told["cause"]) == (1, "none")
    mine = f"{stack.ready['api']}{path}"
    good = RequestValidator(token).compute_signature(mine, {"A": "1"})
    words = ("doctor", "webhook", "--signature", good, "--body", "-", "--url", mine)
    assert _run(data, *words, stdin=b"A=1")[0] == 0


def _token(settings: dict[str, str]) -> str:
    return Settings.from_env(settings).sandbox_credentials["auth_token"]


@pytest.mark.parametrize(
    "words",
    [["--url", "https://a.example/elsewhere"], ["--url", "https://a.example/webhooks/none"],
     ["--url", "https://a.example/webhooks/twilio/voice", "--header", "nothing"],
     ["--url", "https://a.example/webhooks/twilio/voice", "--body", "/no/such/file"],
     ["--url", "https://a.example/webhooks/twilio/voice", "--at", "yesterday"]],
)  # fmt: skip
def test_an_option_that_can_t_be_used_is_a_2(stack: Up, data: Path, words: list[str]) -> None:
    assert _run(data, "doctor", "webhook", *words)[0] == 2


def test_a_smoke_test_notices_that_no_callback_comes(tmp_path: Path) -> None:
    elsewhere = f"http://127.0.0.1:{free_port()}"
    waits = {"SILENT_CALL_LOOKUP_SECONDS": "1,1,1,1", "UNKNOWN_LOOKUP_SECONDS": "1,1,1,1"}
    with up(tmp_path / "data", PUBLIC_BASE_URL=elsewhere, **waits) as running:
        words = ("doctor", "--smoke", "--url", running.ready["api"], "--wait", "60")
        status, lines = _run(tmp_path / "data", *words, PUBLIC_BASE_URL=elsewhere)
    steps = {line["about"]: line for line in lines}
    assert steps["smoke call"]["level"] == "warning"
    assert "PUBLIC_BASE_URL" in steps["smoke call"]["text"]
    assert status == 0

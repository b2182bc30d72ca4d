"""The arrows between packages point inward, and a machine says so."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

_RUN = "from importlinter.cli import lint_imports_command as run; run()"

BREAKS = {
    "a layer that looks up": (
        "gateway/domain/phone.py",
        "import gateway.usecases.people",
        "Arrows point inward",
    ),
    "a framework in the core": (
        "gateway/usecases/people.py",
        "import flask",
        "The core knows no framework",
    ),
    "SQL at the edge": ("gateway/http/health.py", "import peewee", "SQL lives in models"),
    "a carrier that knows another": (
        "gateway/providers/voice_api/calls.py",
        "import gateway.providers.twilio.codes",
        "Providers do not know each other",
    ),
    "a sandbox that shares code": (
        "gateway/sandbox/app.py",
        "import gateway.domain.phone",
        "The sandbox stands alone",
    ),
    "a gateway that starts the sandbox": (
        "gateway/usecases/people.py",
        "import gateway.sandbox.app",
        "Only the command line starts the sandbox",
    ),
}


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts of pyproject.toml over a tree."""
    return subprocess.run(
        [sys.executable, "-c", _RUN, "--no-cache"],
        cwd=root, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The two packages and their contracts, to be broken at will."""
    for folder in ("gateway", "tasks"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


@pytest.mark.row("F1")
@pytest.mark.row("D6")
def test_the_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_contract_catches_a_bad_import(copy: Path) -> None:
    for path, line, _ in BREAKS.values():
        file = copy / path
        file.write_text(file.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    done = lint(copy)
    assert done.returncode != 0
    kept = [name for _, _, name in BREAKS.values() if f"{name} BROKEN" not in done.stdout]
    assert kept == [], done.stdout + done.stderr


def test_no_contract_is_without_its_bad_import() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = [line.partition('"')[2].rstrip('"') for line in text.splitlines()
             if line.startswith('name = "') and line[8].isupper()]  # fmt: skip
    assert sorted(named) == sorted(name for _, _, name in BREAKS.values())

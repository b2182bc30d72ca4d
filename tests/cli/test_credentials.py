"""The keys that `up` begins with."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.cli.credentials import obtain
from gateway.cli.data_folder import DataFolder
from gateway.cli.install import ROOT
from gateway.cli.main import Stopped
from gateway.settings import Settings
from tests.cli.stacks import clean_env, command, up
from tests.conftest import SECRET_KEY


@dataclass
class Beside:
    """A stack whose web process came too late: another stack's answers at its port."""

    api: str
    data: DataFolder
    settings: dict[str, str]
    http: requests.Session = field(default_factory=requests.Session)

    def command(self, *words: str) -> list[dict[str, Any]]:
        """Run a command of ours on this stack's own database."""
        done = subprocess.run(
            command(*words), cwd=ROOT, env=clean_env(**self.settings), capture_output=True,
            text=True, check=True,
        )  # fmt: skip
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Beside]:
    """Made beside a running stack."""
    data = DataFolder(tmp_path / "late")
    settings = {
        "DATABASE_URL": data.database_url, "SECRET_KEY": SECRET_KEY,
        "REDIS_URL": "redis://127.0.0.1:1", "SANDBOX_URL": "http://127.0.0.1:2",
        "PUBLIC_BASE_URL": "http://127.0.0.1:3",
    }  # fmt: skip
    with up(tmp_path / "first") as first:
        yield Beside(first.ready["api"], data, settings)
    data.release()


@pytest.mark.row("A10")
def test_keys_that_another_stack_s_web_process_refuses_are_not_handed_out(beside: Beside) -> None:
    beside.command("migrate")
    with pytest.raises(Stopped, match="served by another program"):
        obtain(beside, Settings.from_env(beside.settings))
    assert beside.data.credentials() == {}

"""The commands of a page, run as they stand: each frame in a shell, one after the other, with what
an earlier one has set."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.cli.install import ROOT
from tests.architecture.documents import DOCS

_FRAME = re.compile(r"^```sh(?: (?P<only>\w+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_SHOWS = re.compile(r"^# shows: (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Frame:
    """Commands that stand together. `only` names the database that they are for, where there is
    one; `shows` is what has to be in what they print."""

    line: int
    only: str | None
    text: str

    @property
    def shows(self) -> list[str]:
        """The texts after `# shows:`."""
        return _SHOWS.findall(self.text)


def frames(page: str) -> Iterator[Frame]:
    """Every frame of a page of docs/, in order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for found in _FRAME.finditer(text):
        yield Frame(text[: found.start()].count("\n") + 1, found["only"], found["text"])


def all_frames(page: str) -> int:
    """How many frames a page has, of any language."""
    return len(re.findall(r"^```\S", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE))


@dataclass
class Shell:
    """Where the frames are run. `folder` keeps what one sets for the next."""

    env: Mapping[str, str]
    folder: Path

    def run(self, frame: Frame) -> str:
        """What it prints. Raises AssertionError when a command ends with a status other than 0, or
        what should be shown is not."""
        kept, script = self.folder / "variables", self.folder / "frame"
        kept.touch()
        script.write_text(f". {kept}\nset -ea\n{frame.text}\nset +a\nexport -p > {kept}\n")
        done = subprocess.run(
            ["sh", str(script)], cwd=ROOT, env=dict(self.env), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180,
        )  # fmt: skip
        assert done.returncode == 0, f"line {frame.line}:\n{frame.text}\n{done.stdout}"
        for wanted in frame.shows:
            assert wanted in done.stdout, f"line {frame.line}: no {wanted!r} in\n{done.stdout}"
        return done.stdout


def needs(*programs: str) -> None:
    """Skip this test, visibly, where the system lacks one of these programs; with CI set, fail."""
    lacking = [name for name in programs if shutil.which(name, path="/usr/bin:/bin") is None]
    if lacking and os.environ.get("CI"):
        pytest.fail(f"install {', '.join(lacking)}")
    if lacking:
        pytest.skip(f"{', '.join(lacking)} not installed")

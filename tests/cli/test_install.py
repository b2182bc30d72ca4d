"""The bootstrap: what is missing, and the virtual environment that is made for it."""

import hashlib
import http.server
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli import install, pip

ROOT = install.ROOT


def _distribution(site: Path, name: str, version: str) -> None:
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.mark.parametrize(
    ("installed", "wanted", "fits"),
    [
        ("3.1.3", "flask>=3.1.3,<4", True),
        ("3.1.2", "flask>=3.1.3,<4", False),
        ("4.0", "flask>=3.1.3,<4", False),
        ("2.2.1", "flask[redis]==2.2.1", True),
        ("2.2.2", "flask[redis]==2.2.1", False),
        ("9.1.2.post2", "flask==9.1.*", True),
        ("9.2", "flask==9.1.*", False),
        ("1", "flask", True),
    ],
)
def test_an_installed_version_counts_only_inside_its_bounds(
    tmp_path: Path, installed: str, wanted: str, fits: bool
) -> None:
    _distribution(tmp_path, "Flask", installed)
    assert install.missing([wanted], [str(tmp_path)]) == ([] if fits else ["flask"])


def test_a_name_is_found_however_it_is_spelled(tmp_path: Path) -> None:
    _distribution(tmp_path, "flask_smorest", "0.47.0")
    assert install.missing(["Flask-Smorest>=0.47"], [str(tmp_path)]) == []


def test_this_python_lacks_nothing_that_the_project_asks_for() -> None:
    assert install.missing(install.wanted(ROOT, ("embedded", "dev"))) == []


@pytest.mark.parametrize("name", ["run", "test"])
def test_the_pinned_requirements_are_what_the_lock_says(name: str) -> None:
    groups = {"run": ["embedded"], "test": ["embedded", "dev"]}[name]
    # Offline, and with this interpreter: uv would fetch the one that .python-version names.
    command = [sys.executable, "-m", "uv", "export", "--locked", "--offline", "--quiet"]
    command += ["--python", sys.executable, "--no-header", "--no-annotate"]
    command += ["--no-emit-project", "--no-default-groups"]
    for group in groups:
        command += ["--group", group]
    for extra in ("sentry", "otel") if name == "test" else ():
        command += ["--extra", extra]
    exported = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert exported.stdout == (ROOT / "gateway/requirements" / f"{name}.txt").read_text()


def test_a_platform_finds_no_requirements_file_beside_the_lock() -> None:
    assert not (ROOT / "requirements.txt").exists()
    assert not (ROOT / "runtime.txt").exists()


def test_a_command_that_is_none_prints_the_usage_and_ends_with_2() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "fly"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "usage:" in done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that needs one small wheel, which lies beside it."""
    root = tmp_path / "project"
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny.py", "answer = 42\n")
        info = "tiny-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    requirements = root / "gateway" / "requirements"
    requirements.mkdir(parents=True)
    for name in ("run", "test"):
        line = f"tiny @ {wheel.as_uri()} --hash=sha256:{digest}\n"
        (requirements / f"{name}.txt").write_text(line)
    (root / "pyproject.toml").write_text(
        '[project]\ndependencies = ["tiny>=1.0"]\n[dependency-groups]\nembedded = []\ndev = []\n'
    )
    return root


def _answer(python: Path) -> str:
    done = subprocess.run([python, "-c", "import tiny; print(tiny.answer)"], capture_output=True)
    return done.stdout.decode().strip()


def test_an_environment_is_made_once_and_used_again(project: Path) -> None:
    python = install.prepare(project, ("embedded",))
    made = (project / ".venv" / "pyvenv.cfg").stat().st_mtime_ns
    assert _answer(python) == "42"
    assert install.prepare(project, ("embedded",)) == python
    assert (project / ".venv" / "pyvenv.cfg").stat().st_mtime_ns == made


def test_an_environment_that_was_left_half_made_is_made_anew(project: Path) -> None:
    venv = project / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").write_text("#!/bin/sh\nexit 3\n")
    (venv / "bin" / "python").chmod(0o755)
    (venv / "rubbish").touch()
    assert _answer(install.prepare(project, ())) == "42"
    assert not (venv / "rubbish").exists()
    (venv / "ringback-half-made").touch()
    assert _answer(install.prepare(project, ())) == "42"
    assert not (venv / "ringback-half-made").exists()


def test_two_bootstraps_at_once_make_one_environment(project: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from gateway.cli import install;"
        "print(install.prepare(Path(sys.argv[1]), ()))"
    )
    command = [sys.executable, "-c", code, str(project)]
    both = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert _answer(Path(answers[0][0].decode().strip())) == "42"
    assert sum(b"installing what" in errors for _, errors in answers) == 1


def test_a_file_that_is_not_the_pinned_one_is_not_installed(project: Path) -> None:
    file = project / "gateway" / "requirements" / "run.txt"
    file.write_text(file.read_text().partition("sha256:")[0] + "sha256:" + "0" * 64 + "\n")
    with pytest.raises(SystemExit):
        install.prepare(project, ())
    assert (project / ".venv" / "ringback-half-made").exists()


class _Index(http.server.BaseHTTPRequestHandler):
    page = b""

    def do_GET(self) -> None:
        body = b"a wheel" if self.path.endswith(".whl") else self.page
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def index() -> Iterator[str]:
    """A package index on loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Index)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    thread.join()
    server.server_close()


PAGES = {
    "html": f'<a href="/files/{pip.WHEEL}#sha256=12">{pip.WHEEL}</a>',
    "json": f'{{"files": [{{"filename": "{pip.WHEEL}", "url": "/files/{pip.WHEEL}"}}]}}',
}


@pytest.mark.parametrize("kind", PAGES)
def test_pip_is_fetched_where_there_is_none(tmp_path: Path, index: str, kind: str) -> None:
    _Index.page = PAGES[kind].encode()
    wheel = pip.fetch(tmp_path, index, hashlib.sha256(b"a wheel").hexdigest())
    assert wheel.read_bytes() == b"a wheel"


def test_a_pip_that_is_not_the_pinned_one_is_refused(tmp_path: Path, index: str) -> None:
    _Index.page = PAGES["html"].encode()
    with pytest.raises(pip.Failed, match="not the file"):
        pip.fetch(tmp_path, index)
    assert list(tmp_path.iterdir()) == []


def test_an_index_without_it_is_an_error_in_words(tmp_path: Path, index: str) -> None:
    _Index.page = b"<html></html>"
    with pytest.raises(pip.Failed, match="install pip"):
        pip.fetch(tmp_path, index)

"""Runs pip for the bootstrap: this Python's own, its base's, or one pinned wheel fetched from the
index where the machine has none (Debian's python3 without python3-pip). Standard library only."""

import hashlib
import os
import re
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

from gateway.settings import environment

WHEEL = "pip-26.3-py3-none-any.whl"
WHEEL_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
_OPTIONS = ("--disable-pip-version-check", "--no-input", "--quiet")


class Failed(Exception):
    """pip could not be had, or did not succeed; the text is for people."""


def install(folder: Path, requirements: Path) -> None:
    """Install a file of hash-pinned requirements into the virtual environment `folder`.

    What pip prints goes to stderr. Raises Failed."""
    target = folder / "bin" / "python"
    own = _own_pip()
    if own:
        command = [own, "-m", "pip", "--python", str(target)]
    else:
        index = environment().get("PIP_INDEX_URL", "").strip() or "https://pypi.org/simple"
        command = [str(target), str(fetch(folder, index) / "pip")]
    options = ["--require-hashes", "--no-deps", "--prefer-binary", "-r", str(requirements)]
    if not os.access(Path("~").expanduser(), os.W_OK):
        options.append("--no-cache-dir")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--root-user-action=ignore")
    done = subprocess.run(
        [*command, *_OPTIONS, "install", *options],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr.fileno(),
    )
    if done.returncode:
        raise Failed(f"pip ended with status {done.returncode} (its reason is above)")


def _own_pip() -> str | None:
    """A Python with a pip that knows `--python` (22.3): this one or the one it was made from."""
    base: str = getattr(sys, "_base_executable", sys.executable)
    for python in dict.fromkeys((sys.executable, base)):
        asked = subprocess.run(
            [python, "-m", "pip", "--version"], capture_output=True, text=True, check=False
        )
        version = re.match(r"pip ([0-9]+)\.([0-9]+)", asked.stdout)
        if asked.returncode == 0 and version and (int(version[1]), int(version[2])) >= (22, 3):
            return python
    return None


def fetch(folder: Path, index: str, digest: str = WHEEL_SHA256) -> Path:
    """Fetch the pinned pip wheel from a simple index (HTML or JSON) into the folder. Raises Failed
    when it isn't there or isn't the file that is expected."""
    page_url = index.rstrip("/") + "/pip/"
    page = _get(page_url, "application/vnd.pypi.simple.v1+json, text/html;q=0.5").decode()
    links = re.findall(rf"[\"']([^\"'#]*{re.escape(WHEEL)})[\"'#]", page)
    if not links:
        raise Failed(f"{page_url} has no {WHEEL}; install pip (python3-pip) instead")
    # JSON names each file twice; the one with a slash is its address.
    link = next((item for item in links if "/" in item), links[0])
    wheel = _get(urljoin(page_url, link), "*/*")
    if hashlib.sha256(wheel).hexdigest() != digest:
        raise Failed(f"{WHEEL} from the index is not the file that is expected")
    path = folder / WHEEL
    path.write_bytes(wheel)
    return path


def _get(url: str, accept: str) -> bytes:
    context = ssl.create_default_context(cafile=environment().get("PIP_CERT") or None)
    request = urllib.request.Request(url, headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            body: bytes = answer.read()
            return body
    except (OSError, ValueError) as error:
        raise Failed(f"the package index can't be read ({type(error).__name__})") from error

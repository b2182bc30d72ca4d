"""How the bare yardsticks are served: by gunicorn with the settings that our web process has."""

import os
import sys

from gateway.cli.install import ROOT
from gateway.settings import Settings


def become(application: str) -> None:
    """Become gunicorn for an application, on the port of PORT."""
    usual = Settings.__dataclass_fields__
    processes, threads = usual["web_processes"].default, usual["web_threads"].default
    options = [
        "--worker-class", "gthread", "--preload", "--workers", str(processes),
        "--threads", str(threads), "--keep-alive", "75", "--log-level", "warning",
        "--bind", f"127.0.0.1:{os.environ['PORT']}", "--no-control-socket",
    ]  # fmt: skip
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *options, application])

"""The web process: gunicorn with the same configuration file that the Procfile names."""

import argparse
import os
import sys
from pathlib import Path

from gateway import settings

CONFIGURATION = Path(__file__).with_name("gunicorn_conf.py")


def run(args: argparse.Namespace) -> int:
    """Become gunicorn, so that the process id stays and signals reach its master."""
    configured = settings.current()
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", "-c", str(CONFIGURATION)]
    if args.host:
        command += ["--bind", f"{args.host}:{configured.port}"]
    sys.stdout.flush()
    os.execv(sys.executable, command)

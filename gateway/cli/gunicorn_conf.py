"""The web process's configuration: `gunicorn wsgi:app -c gateway/cli/gunicorn_conf.py`.

gunicorn reads it as a file, so the names below are its own settings.
"""

import sys
from pathlib import Path

root = str(Path(__file__).resolve().parents[2])
if root not in sys.path:
    sys.path.insert(0, root)

from gateway.cli.main import refuse  # noqa: E402
from gateway.settings import InvalidSettings, current  # noqa: E402
from gateway.usecases.tallies import Keeper  # noqa: E402

try:
    settings = current()
except InvalidSettings as error:
    sys.exit(refuse(error))

bind = f"0.0.0.0:{settings.port}"
worker_class = "gthread"
preload_app = True  # imported once; nothing is connected before the fork
workers = settings.web_processes
threads = settings.web_threads
timeout = 60
graceful_timeout = 25
keepalive = 75
max_requests = 0
accesslog = None  # addresses hold phone numbers in their query
errorlog = "-"
loglevel = "warning"
logger_class = "gateway.cli.weblog.WithoutQueries"
control_socket_disable = True
proc_name = "ringback-web"
keeper = Keeper()


def post_worker_init(worker: object) -> None:
    """In each process, once it can serve: threads don't survive the fork before."""
    from gateway.http import doorbell

    keeper.start()
    doorbell.events.start()


def worker_exit(server: object, worker: object) -> None:
    """In each process, at its end: what it counted is written down."""
    from gateway.http import doorbell

    doorbell.events.stop()
    keeper.stop()

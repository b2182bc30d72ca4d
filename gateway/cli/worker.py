"""The worker process: Dramatiq's master in this very process, so that it gets the signals."""

import argparse
import sys

from gateway.cli.main import Stopped
from gateway.settings import current, export

MODULES = ("tasks.broker", "tasks.actors.voice", "tasks.actors.events", "tasks.inner_clock")
_DRAIN_MILLISECONDS = 25_000  # below the 30 s that platforms grant between SIGTERM and SIGKILL


def run(args: argparse.Namespace) -> int:
    """Work until SIGTERM or SIGINT, then finish the running jobs. Not 0 if a process was lost."""
    settings = current()
    threads = args.threads or settings.worker_threads
    # Dramatiq reads these when it is imported: poll each 20 ms, hoard no job that can't start.
    export(
        dramatiq_worker_timeout="20",
        dramatiq_restart_delay="500",
        dramatiq_queue_prefetch=str(threads),
        dramatiq_delay_queue_prefetch="100",
    )
    from dramatiq import cli

    command = [*MODULES, "--processes", str(args.processes or settings.worker_processes)]
    command += ["--threads", str(threads), "--skip-logging"]
    command += ["--worker-shutdown-timeout", str(_DRAIN_MILLISECONDS)]
    if args.queues:
        queues = [name.strip() for name in args.queues.split(",") if name.strip()]
        if not queues:
            raise Stopped("--queues names no queue", 2)
        command += ["--queues", *queues]
    # On SIGHUP Dramatiq replaces itself by its own command line: it has to be one that runs.
    sys.argv = [sys.executable, "-m", "gateway", *sys.argv[1:]]
    status: int | None = cli.main(cli.make_argument_parser().parse_args(command))
    return status or 0

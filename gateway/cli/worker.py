"""The worker process: Dramatiq's master in this very process, so that it gets the signals."""

import argparse
import sys

from gateway.cli import broker_check
from gateway.cli.main import Stopped
from gateway.settings import current, export
from tasks.worker_id import QUEUES

ACTORS = tuple(f"tasks.actors.{queue}" for queue in QUEUES)
MODULES = ("tasks.broker", *ACTORS, "tasks.inner_clock")


def run(args: argparse.Namespace) -> int:
    """Work until SIGTERM or SIGINT, then finish the running jobs. Not 0 if a process was lost."""
    settings = current()
    threads = args.threads or settings.worker_threads
    # Dramatiq reads these when it is imported: see within 0.2 s that all is to end, hoard no job
    # that can't start.
    export(
        dramatiq_worker_timeout="200",
        dramatiq_restart_delay="500",
        dramatiq_queue_prefetch=str(threads),
        dramatiq_delay_queue_prefetch="100",
    )
    from dramatiq import cli

    queues = _chosen(args.queues)
    broker_check.before_work()
    command = [*MODULES, "--processes", str(args.processes or settings.worker_processes)]
    command += ["--threads", str(threads), "--skip-logging"]
    command += ["--worker-shutdown-timeout", str(int(settings.worker_drain_seconds * 1000))]
    if queues:
        command += ["--queues", *queues]
    # On SIGHUP Dramatiq replaces itself by its own command line: it has to be one that runs.
    sys.argv = [sys.executable, "-m", "gateway", *sys.argv[1:]]
    status: int | None = cli.main(cli.make_argument_parser().parse_args(command))
    return status or 0


def _chosen(words: str | None) -> list[str]:
    """The queues named; none if no word was said. Raises Stopped for one that nobody fills."""
    if words is None:
        return []
    queues = [name.strip() for name in words.split(",") if name.strip()]
    if not queues:
        raise Stopped("--queues names no queue", 2)
    if strange := [name for name in queues if name not in QUEUES]:
        named, there = ", ".join(strange), ", ".join(QUEUES)
        raise Stopped(f"--queues: there is no queue {named}; there are {there}", 2)
    return queues

"""What every process does first: settings, logging, error reports, traces,
failpoints, clock, database, carriers."""

from gateway import error_reports, failpoints, logs, metrics, settings, tracing, wallclock
from gateway.models import base
from gateway.providers import load
from gateway.settings import Settings


def start(configured: Settings | None = None) -> Settings:
    """Make this process ready to serve or work. Opens no connection yet. May be called again with
    other settings. Raises InvalidSettings."""
    chosen = configured or settings.current()
    settings.use(chosen)
    metrics.take()  # a process begins at nothing
    logs.configure(chosen.log_level)
    error_reports.start(chosen)
    tracing.start(chosen)
    failpoints.arm(chosen.fp, chosen.fp_n)
    wallclock.follow(chosen.gateway_clock_file if chosen.gateway_testing else None)
    base.connect(chosen.database_url, chosen.database_connections)
    load(chosen)
    return chosen

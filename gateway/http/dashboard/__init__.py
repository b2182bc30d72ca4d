"""/admin/queues: the board on which operators see the queues and steer them."""

from gateway.http.dashboard import charts, cron, events, jobs, letters, overview, steering
from gateway.http.dashboard.group import blueprint

PAGES = (charts, cron, events, jobs, letters, overview, steering)  # each adds its routes
__all__ = ["blueprint"]

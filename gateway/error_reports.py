"""Faults told to Sentry, for an installation that has the extra `sentry` and names a SENTRY_DSN.

A report is built anew from what is known to be harmless: types, places in the code and ids. What an
exception says, locals, requests, breadcrumbs and whatever else the library collects stays here.
"""

from collections.abc import Mapping
from typing import Any

import structlog

from gateway import redaction
from gateway.domain.errors import GatewayError
from gateway.settings import Settings

SECONDS = 2.0  # that a process which ends waits for its last reports
_IDS = ("request_id", "queue", "kind", "job", "job_id", "message_id", "notification_id", "trace_id")
_KEPT = ("event_id", "timestamp", "level", "platform", "release", "environment", "sdk", "tags")
_FRAME = ("filename", "abs_path", "function", "module", "lineno", "in_app")
_dsn: str | None = None


def start(configured: Settings) -> None:
    """Tell faults from now on, or no more, as these settings say."""
    global _dsn
    if configured.sentry_dsn == _dsn:
        return
    stop()
    if configured.sentry_dsn is None:
        return
    import sentry_sdk

    sentry_sdk.init(
        dsn=configured.sentry_dsn,
        before_send=scrub,  # type: ignore[arg-type] # it types its events; we don't
        default_integrations=False,  # nothing is told but by `report`
        auto_enabling_integrations=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        server_name="",
        shutdown_timeout=SECONDS,
    )
    _dsn = configured.sentry_dsn


def stop() -> None:
    """Send what is left and tell nothing more."""
    global _dsn
    if _dsn is not None:
        import sentry_sdk

        sentry_sdk.get_client().close(timeout=SECONDS)
        sentry_sdk.get_global_scope().set_client(None)
    _dsn = None


def report(fault: BaseException, **ids: Any) -> None:
    """Tell of a fault that nobody foresaw, with the ids of the log lines around it and these. One
    of ours (GatewayError) is an answer and not told. Never raises."""
    if _dsn is None or isinstance(fault, GatewayError):
        return
    import sentry_sdk

    known = {**structlog.contextvars.get_contextvars(), **ids}
    tags = {name: str(redaction.value(name, known[name])) for name in _IDS if known.get(name)}
    with sentry_sdk.new_scope() as scope:
        scope.set_tags(tags)
        scope.capture_exception(fault)


def scrub(event: Mapping[str, Any], hint: object) -> dict[str, Any]:
    """A report with nothing in it but what is listed here."""
    kept = {name: event[name] for name in _KEPT if name in event}
    values = event.get("exception", {}).get("values", [])
    kept["exception"] = {"values": [_bare(one) for one in values]}
    return kept


def _bare(fault: Mapping[str, Any]) -> dict[str, Any]:
    """Type and places of one exception of a chain."""
    bare = {name: fault[name] for name in ("type", "module") if fault.get(name)}
    how = fault.get("mechanism") or {}
    bare["mechanism"] = {
        name: how[name] for name in ("type", "handled", "exception_id", "parent_id") if name in how
    }
    frames = (fault.get("stacktrace") or {}).get("frames", [])
    bare["stacktrace"] = {
        "frames": [{name: one[name] for name in _FRAME if name in one} for one in frames]
    }
    return bare

"""/admin/queues/charts: the last hour and the last day, as lines and as figures."""

from typing import Any

from flask import Response, request

from gateway import wallclock
from gateway.domain.errors import NotFound
from gateway.domain.outcomes import FailureClass
from gateway.http import staff_words
from gateway.http.answers import send
from gateway.http.dashboard.group import blueprint, one_of, operator
from gateway.http.staff_answers import page
from gateway.http.staff_pages import staff
from gateway.models.charts import AVERAGE, DELIVERED, GIVEN_UP, JOBS, NOTIFICATIONS, WORST, Span
from gateway.usecases import board

LINES: dict[str, tuple[str, ...]] = {
    "throughput": (NOTIFICATIONS, JOBS),
    "delivery": tuple(str(state) for state in DELIVERED),
    "lateness": (WORST, AVERAGE),
    "failures": (*map(str, FailureClass), GIVEN_UP),
}
TITLES = {
    "throughput": "Throughput: what came to its end",
    "delivery": "Delivery: how what was to be sent ended",
    "lateness": "Lateness: seconds to the first attempt",
    "failures": "Failures: attempts and jobs",
}


@blueprint.get("/charts")
@staff(organization=False)
def charts() -> Response:
    """All charts of a span; with JavaScript they are drawn, the figures stand there anyway."""
    name = _span_name()
    span = board.span(name, wallclock.now())
    return page(
        "dashboard_charts.html",
        span=name, spans=board.SPANS, titles=TITLES,
        charts={chart: _lines(chart, span) for chart in LINES}, moments=span.begins(),
        zone=staff_words.zone(),
    )  # fmt: skip


@blueprint.get("/charts/<name>.json")
@staff(background=True, organization=False)
def chart(name: str) -> Response:
    """One chart: the beginning of each step in seconds since 1970, and each line's values."""
    if name not in LINES:
        raise NotFound
    span = board.span(_span_name(), wallclock.now())
    at = [int(moment.timestamp()) for moment in span.begins()]
    return send(200, {"step": span.step, "at": at, "lines": _lines(name, span)})


def _span_name() -> str:
    asked = request.args.get("span", "hour")
    one_of({"span": asked}, "span", board.SPANS)
    return asked


def _lines(name: str, span: Span) -> dict[str, list[float]]:
    points: Any = board.chart(name, operator().reach, span)
    return {
        line: [points.get((step, line), 0) for step in range(span.count)] for line in LINES[name]
    }

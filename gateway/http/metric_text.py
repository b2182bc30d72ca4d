"""The text of /metrics, in Prometheus's format."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway import metrics
from gateway.http import metric_values
from gateway.http.metric_catalogue import (
    ALWAYS,
    COUNTED,
    COUNTER,
    GAUGES,
    OF_BROKER,
    Family,
    Labels,
)
from gateway.http.metric_values import Values
from gateway.metrics import Series
from gateway.usecases.figures import Figures
from tasks.broker_figures import BrokerFigures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
HOLDS = ("breaker", "paused")


def text(
    figures: Figures | None,
    totals: Mapping[Series, float] | None,
    broker: BrokerFigures,
    providers: Iterable[str],
) -> bytes:
    """Every family that is known. Without the database (None) what it knows is left out rather
    than shown as nothing, and so it is with the broker: a gap says that nobody could look."""
    names = sorted(providers)
    families = list(_standing(figures, broker))
    if figures is not None and totals is not None:
        families += [*_of_work(figures, names), *_counted(totals, names)]
    registry = CollectorRegistry()
    registry.register(_Look(families))
    return generate_latest(registry)


class _Look(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """What was seen."""
        return self._families


def _standing(figures: Figures | None, broker: BrokerFigures) -> Iterator[Metric]:
    up: Mapping[str, Values] = {
        "ringback_database_up": {(): figures is not None},
        "ringback_broker_up": {(): broker.up},
    }
    yield from (_gauge(family, up) for family in ALWAYS)
    if broker.up:
        yield from (_gauge(family, metric_values.of_broker(broker)) for family in OF_BROKER)


def _of_work(figures: Figures, providers: list[str]) -> Iterator[Metric]:
    values = metric_values.of_figures(figures)
    held: tuple[Labels, ...] = tuple((name, hold) for name in providers for hold in HOLDS)
    for family in GAUGES:
        yield _gauge(family, values, held if family.name == "ringback_provider_held" else ())


def _counted(totals: Mapping[Series, float], providers: list[str]) -> Iterator[Metric]:
    counted = _by_name(totals)
    for family in COUNTED:
        more = tuple((name,) for name in providers) if family.labels == ("provider",) else ()
        make = _counter if family.type == COUNTER else _histogram
        yield make(family, counted.get(family.kept_as, {}), (*family.known, *more))


def _gauge(family: Family, values: Mapping[str, Values], more: tuple[Labels, ...] = ()) -> Metric:
    made = GaugeMetricFamily(family.name, family.text, labels=family.labels)
    found: dict[Labels, float | None] = dict.fromkeys((*family.known, *more), 0.0)
    for labels, value in (found | dict(values[family.name])).items():
        if value is not None:
            made.add_metric(labels, float(value))
    return made


def _by_name(totals: Mapping[Series, float]) -> dict[str, dict[Labels, float]]:
    found: dict[str, dict[Labels, float]] = {}
    for (name, *labels), value in totals.items():
        found.setdefault(name, {})[tuple(labels)] = value
    return found


def _counter(family: Family, counted: dict[Labels, float], known: Iterable[Labels]) -> Metric:
    made = CounterMetricFamily(family.name, family.text, labels=family.labels)
    for labels, value in (dict.fromkeys(known, 0.0) | counted).items():
        made.add_metric(labels, value)
    return made


def _histogram(family: Family, counted: dict[Labels, float], known: Iterable[Labels]) -> Metric:
    made = HistogramMetricFamily(family.name, family.text, labels=family.labels)
    bounds = [*map(metrics.bucket, metrics.BUCKETS[family.kept_as]), metrics.BEYOND]
    for labels in dict.fromkeys((*known, *(labels[:-1] for labels in counted))):
        so_far, buckets = 0.0, []
        for bound in bounds:
            so_far += counted.get((*labels, bound), 0.0)
            buckets.append((bound, so_far))
        made.add_metric(labels, buckets, counted.get((*labels, metrics.SUM), 0.0))
    return made

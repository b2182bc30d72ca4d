"""What a monitoring system sees, read by the library that Prometheus publishes."""

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from gateway.http import metrics
from tests.http.stage import Api


class Scrape:
    """The text of one scrape, and its values by name and labels."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families: list[Metric] = list(text_string_to_metric_families(text))
        self.values = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in self.families
            for sample in family.samples
        }
        samples = [sample for family in self.families for sample in family.samples]
        assert len(samples) == len(self.values), "a series is there twice"

    @property
    def names(self) -> set[str]:
        """The names of all series."""
        return {name for name, _ in self.values}

    def of(self, name: str, **labels: str) -> float:
        """A series that must be there."""
        return self.values[name, tuple(sorted(labels.items()))]

    def sum(self, name: str, **labels: str) -> float:
        """Of all series of this name with these labels among theirs."""
        wanted = set(labels.items())
        return sum(value for (one, of), value in self.values.items()
                   if one == name and wanted <= set(of))  # fmt: skip


def look_anew(api: Api) -> None:
    """Have the next one who asks see how it stands now, and not some seconds ago."""
    metrics.look_anew(api.app)


def scrape(api: Api, **headers: str) -> Scrape:
    """How it stands now."""
    look_anew(api)
    answer = api.with_key(None).get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Scrape(answer.text)

"""Alerts, their receivers and the dashboard: whole, and about figures that there are."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.http.metric_catalogue import ALWAYS, COUNTED, COUNTER, GAUGES, HISTOGRAM, OF_BROKER
from tests.architecture.documents import headings, read, table_rows
from tests.architecture.sources import ROOT
from tests.http.conftest import api, app, new_api  # noqa: F401 - fixtures
from tests.http.scrape import scrape
from tests.http.stage import Api

FOLDER = ROOT / "docs" / "operations"
FAMILIES = (*ALWAYS, *COUNTED, *GAUGES, *OF_BROKER)
SEVERITIES = {"critical", "warning"}
_NAME = re.compile(r"\bringback_[a-z_]+\b")
_MATCHED = re.compile(r"(ringback_[a-z_]+)\{([^}]*)\}")
_BY = re.compile(r"\b(?:by|on) ?\(([a-z_, ]*)\)")


def loaded(name: str) -> Any:
    """A YAML file of the folder."""
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def rules() -> list[dict[str, Any]]:
    """All alert rules."""
    return [rule for group in loaded("alerts.yml")["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """All panels of the dashboard."""
    found: list[dict[str, Any]] = json.loads((FOLDER / "grafana.json").read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Every query of the rules and of the dashboard, with where it stands."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


@pytest.mark.row("E6")
def test_every_figure_that_an_alert_or_a_panel_names_is_on_metrics(api: Api) -> None:  # noqa: F811
    seen = scrape(api)
    optional = {"ringback_database_connections", "ringback_database_connections_max"}  # PostgreSQL
    asked = list(expressions())
    assert len(asked) > 50
    for where, query in asked:
        names = set(_NAME.findall(query))
        assert names, where
        assert names <= seen.names | optional, where


@pytest.mark.row("E6")
def test_every_label_that_a_query_asks_for_is_one_that_the_figure_has(api: Api) -> None:  # noqa: F811
    scrape(api)
    labels: dict[str, set[str]] = {}
    for family in FAMILIES:
        for name in (family.name, f"{family.name}_total", f"{family.name}_bucket"):
            labels.setdefault(name, set()).update(family.labels)
    known = {("state", word) for word in ("waiting", "active", "delayed", "failed", "stalled")}
    known |= {("status", "sent"), ("hold", "breaker"), ("hold", "paused")}
    for where, query in expressions():
        for name, matchers in _MATCHED.findall(query):
            for label, value in re.findall(r'(\w+)(?:=~|!~|!=|=)"([^"]*)"', matchers):
                assert label in labels[name], where
                if label in ("state", "hold"):
                    assert {(label, word) for word in value.split("|")} <= known, where
        every = {"le"}.union(*(labels.get(name, set()) for name in _NAME.findall(query)))
        for by in _BY.findall(query):
            assert {label.strip() for label in by.split(",") if label.strip()} <= every, where


@pytest.mark.row("E6")
def test_the_rules_have_their_figures_and_say_what_to_do() -> None:
    found = {rule["alert"]: rule for rule in rules()}
    assert len(found) == len(rules())
    told = {name.lower() for name in headings(FOLDER / "alerts.md", 3)}
    for name, rule in found.items():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, name
        assert rule["labels"]["severity"] in SEVERITIES, name
        assert rule["annotations"]["summary"], name
        assert rule["annotations"]["page"] == f"docs/operations/alerts.md#{name.lower()}"
        assert name.lower() in told, f"docs/operations/alerts.md does not explain {name}"
    assert told == {name.lower() for name in found}

    def query(name: str) -> str:
        return str(found[name]["expr"])

    assert query("ReminderFailed") == "sum(increase(ringback_reminders_failed_total[15m])) > 0"
    assert 'ringback_reminders_sent_total{status="sent"}[15m])) == 0' in query("NoReminderSent")
    assert "[15m:1m]) > 0" in query("NoReminderSent")
    assert query("AppointmentsOverdue") == "max(ringback_overdue) > 10"
    assert query("DeadLetters") == "sum by (object) (ringback_dead_letters) > 0"
    assert query("QueueFailing").endswith(">= 100")
    asked = {"QueueDepth", "OldestDue", "BrokerMemory", "BrokerAway", "DatabaseAway",
             "DatabaseSize", "DatabaseConnections", "SignatureFailures"}  # fmt: skip
    assert asked <= set(found)


@pytest.mark.row("E6")
def test_whoever_is_to_be_woken_has_a_receiver_and_no_secret_stands_in_the_file() -> None:
    alertmanager = loaded("alertmanager.yml")
    receivers = {one["name"]: one for one in alertmanager["receivers"]}
    routes = [alertmanager["route"], *alertmanager["route"]["routes"]]
    assert {route["receiver"] for route in routes} == set(receivers) == {"slack", "pagerduty"}
    assert all("api_url_file" in one for one in receivers["slack"]["slack_configs"])
    assert all("routing_key_file" in one for one in receivers["pagerduty"]["pagerduty_configs"])
    names = {rule["alert"] for rule in rules()}
    for inhibit in alertmanager["inhibit_rules"]:
        for matcher in (*inhibit["source_matchers"], *inhibit["target_matchers"]):
            if matcher.startswith("alertname"):
                assert set(matcher.split('"')[1].split("|")) <= names
    prometheus = loaded("prometheus.yml")
    assert prometheus["rule_files"] == ["alerts.yml"]
    [job] = prometheus["scrape_configs"]
    assert (job["metrics_path"], len(job["static_configs"])) == ("/metrics", 1)


def test_the_dashboard_has_every_panel_once_and_each_has_a_query() -> None:
    board = json.loads((FOLDER / "grafana.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, f"{panel['title']} lies over another"
        taken |= cells
    for panel in panels():
        assert panel["targets"]
        assert all(one["datasource"]["uid"] == "${datasource}" for one in panel["targets"])


@pytest.mark.row("B7")
def test_the_page_of_metrics_explains_every_series_with_its_labels() -> None:
    told = {cells[0].strip("`"): cells for cells in table_rows(read("operations/metrics.md"))}
    for family in FAMILIES:
        name = family.name + ("_total" if family.type == COUNTER else "")
        assert name in told, f"docs/operations/metrics.md does not explain {name}"
        kind, labels = told[name][1:3]
        assert kind == family.type, name
        assert re.findall(r"`(\w+)`", labels) == list(family.labels), name
    names = {family.name + ("_total" if family.type == COUNTER else "") for family in FAMILIES}
    assert {name for name in told if name.startswith("ringback_")} == names
    assert any(family.type == HISTOGRAM for family in FAMILIES)


def tool(name: str, package: str) -> str:
    """A checker of Prometheus's, which need not be there."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian's package {package} has it)")
    return found


def run(*command: str, folder: Path = FOLDER) -> None:
    """A command that must succeed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.row("E6")
def test_promtool_takes_the_rules_and_plays_their_figures() -> None:
    promtool = tool("promtool", "prometheus")
    run(promtool, "check", "rules", "alerts.yml")
    run(promtool, "check", "config", "--syntax-only", "prometheus.yml")
    run(promtool, "test", "rules", "alerts_test.yml", folder=Path(__file__).parent)


@pytest.mark.row("E6")
def test_amtool_takes_the_example_for_slack_and_pagerduty() -> None:
    run(tool("amtool", "prometheus-alertmanager"), "check-config", "alertmanager.yml")


def test_promtool_finds_the_scraped_text_well_formed(api: Api) -> None:  # noqa: F811
    promtool = tool("promtool", "prometheus")
    done = subprocess.run([promtool, "check", "metrics"], input=scrape(api).text, text=True,
                          capture_output=True, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr

"""The files that platforms look for. Nothing here can run them: they are read, and compared with
the Procfile, the settings and the routes of today."""

import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from gateway import providers, settings
from gateway.http import create_app
from gateway.http.webhooks import MAX_BYTES
from gateway.settings import Settings
from tests.architecture.nginx import Directive, parse
from tests.architecture.sources import ROOT

NAMES = {name.upper() for name in Settings.__dataclass_fields__}
OF_COMPOSE = {"POSTGRES_PASSWORD", "HTTP_PORT"}
USUAL = Settings(database_url="sqlite:///x", redis_url="redis://x", secret_key="s" * 32)
STOPPING = USUAL.worker_drain_seconds + 7
READERS: dict[str, Callable[[str], Any]] = {
    "yaml": yaml.safe_load, "json": json.loads, "toml": tomllib.loads,
}  # fmt: skip


def procfile() -> dict[str, list[str]]:
    """The command of each process."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: shlex.split(line) for name, _, line in (line.partition(": ") for line in lines)}


def document(name: str) -> dict[str, Any]:
    """One of the files, read by the parser of its format."""
    text = (ROOT / name).read_text(encoding="utf-8")
    found: dict[str, Any] = READERS[name.rpartition(".")[2]](text)
    return found


@pytest.fixture(scope="module")
def paths() -> set[str]:
    """What the web answers to."""
    providers.load(settings.current())
    return {rule.rule for rule in create_app(settings.current()).url_map.iter_rules()}


def compose() -> dict[str, Any]:
    """The services of compose.yaml that run our image, and those that don't."""
    found: dict[str, Any] = document("compose.yaml")["services"]
    return found


@pytest.mark.row("A9")
def test_compose_runs_every_process_of_the_procfile_and_what_it_needs() -> None:
    services = compose()
    assert set(services) == {
        "nginx", "web", "worker", "clock", "sandbox", "migrate", "postgres", "redis",
    }  # fmt: skip
    commands = {"release": services["migrate"]["command"], **{
        name: services[name]["command"] for name in ("web", "worker", "clock")
    }}  # fmt: skip
    assert commands == procfile()


@pytest.mark.row("A9")
def test_compose_starts_in_order_and_looks_after_all_that_stays() -> None:
    for name, service in compose().items():
        if name == "migrate":
            assert service["restart"] == "no"
            assert service["depends_on"] == {"postgres": {"condition": "service_healthy"}}
            continue
        assert service["restart"] == "unless-stopped", name
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert {"interval", "timeout", "retries"} <= set(service["healthcheck"]), name
    for name in ("web", "worker", "clock"):
        needs = compose()[name]["depends_on"]
        assert needs["migrate"]["condition"] == "service_completed_successfully"
        assert float(compose()[name]["stop_grace_period"].rstrip("s")) >= STOPPING
    assert "noeviction" in compose()["redis"]["command"]


@pytest.mark.row("A9")
def test_compose_asks_for_health_where_there_is_some(paths: set[str]) -> None:
    tests = json.dumps([one["healthcheck"]["test"] for name, one in compose().items()
                        if name in ("nginx", "web", "worker", "clock")])  # fmt: skip
    asked = set(re.findall(r"https?://[a-z0-9.]+(?::\d+)?(/[a-z/]+)", tests))
    assert asked
    assert asked <= paths


@pytest.mark.row("A9")
def test_compose_keeps_its_servers_inside() -> None:
    open_ones = [name for name, service in compose().items() if "ports" in service]
    assert open_ones == ["nginx"]


def _variables() -> Iterator[tuple[str, str]]:
    for service in compose().values():
        if service.get("image") == "ringback":
            yield from (("compose.yaml", name) for name in service["environment"])
    for name in re.findall(r"\$\{([A-Z_]+)", (ROOT / "compose.yaml").read_text()):
        if name not in OF_COMPOSE:
            yield "compose.yaml", name
    yield from (("app.json", name) for name in document("app.json")["env"])
    yield from (("fly.toml", name) for name in document("fly.toml")["env"])
    blueprint = document("render.yaml")
    for group in (*blueprint["services"], *blueprint["envVarGroups"]):
        for item in group.get("envVars", ()):
            if "key" in item:
                yield "render.yaml", item["key"]


@pytest.mark.row("D5")
def test_no_file_sets_what_is_no_setting() -> None:
    found = list(_variables())
    assert {file for file, _ in found} == {"compose.yaml", "app.json", "fly.toml", "render.yaml"}
    assert [pair for pair in found if pair[1] not in NAMES] == []


@pytest.mark.row("F6")
def test_heroku_s_file_is_of_its_schema_and_of_the_procfile() -> None:
    manifest = document("app.json")
    assert set(manifest) <= {
        "name", "description", "keywords", "website", "repository", "logo", "success_url",
        "scripts", "env", "formation", "image", "addons", "buildpacks", "environments", "stack",
    }  # fmt: skip
    assert 3 <= len(manifest["name"]) <= 30
    assert len(manifest["description"]) <= 140
    assert set(manifest["formation"]) <= set(procfile()) - {"release"}
    for name, item in manifest["env"].items():
        assert set(item) <= {"description", "value", "required", "generator"}, name
        assert isinstance(item.get("value", ""), str), name
    assert manifest["env"]["SECRET_KEY"]["generator"] == "secret"
    each = int(manifest["env"]["DATABASE_CONNECTIONS"]["value"])
    processes = USUAL.web_processes + USUAL.worker_processes
    assert each * processes + 3 <= 20  # what the smallest plans of its PostgreSQL allow
    assert [each["as"] for each in manifest["addons"]] == ["DATABASE", "REDIS"]


@pytest.mark.row("F6")
def test_render_s_file_refers_to_what_it_declares(paths: set[str]) -> None:
    blueprint = document("render.yaml")
    assert set(blueprint) == {"services", "databases", "envVarGroups"}
    services = {one["name"]: one for one in blueprint["services"]}
    stores = {one["name"] for one in blueprint["databases"]}
    groups = {one["name"] for one in blueprint["envVarGroups"]}
    for service in services.values():
        for item in service.get("envVars", ()):
            source = item.get("fromService") or item.get("fromDatabase") or {}
            if "fromService" in item:
                assert services[source["name"]]["type"] == source["type"]
            elif "fromDatabase" in item:
                assert source["name"] in stores
            elif "fromGroup" in item:
                assert item["fromGroup"] in groups
    web, worker = services["ringback-web"], services["ringback-worker"]
    commands = procfile()
    assert shlex.split(web["startCommand"].replace(".venv/bin/", "")) == commands["web"]
    assert shlex.split(web["preDeployCommand"].replace(".venv/bin/", "")) == commands["release"]
    assert shlex.split(worker["startCommand"].replace(".venv/bin/", "")) == commands["worker"]
    assert web["healthCheckPath"] in paths
    assert worker["maxShutdownDelaySeconds"] >= STOPPING
    assert "PUBLIC_BASE_URL" in {item.get("key") for item in worker["envVars"]}
    assert services["ringback-redis"]["maxmemoryPolicy"] == "noeviction"


@pytest.mark.row("F6")
def test_fly_s_file_has_the_processes_of_the_procfile(paths: set[str]) -> None:
    manifest = document("fly.toml")
    lines = {name: shlex.split(line) for name, line in manifest["processes"].items()}
    lines["release"] = shlex.split(manifest["deploy"]["release_command"])
    assert lines == procfile()
    service = manifest["http_service"]
    assert service["processes"] == ["web"]
    assert str(service["internal_port"]) == manifest["env"]["PORT"]
    assert service["auto_stop_machines"] is False
    assert {check["path"] for check in service["checks"]} <= paths
    assert manifest["kill_timeout"] >= STOPPING
    assert (ROOT / manifest["build"]["dockerfile"]).exists()


def test_railway_s_file_leaves_to_each_service_what_it_runs() -> None:
    manifest = document("railway.json")
    assert set(manifest) == {"$schema", "build", "deploy"}
    assert (ROOT / manifest["build"]["dockerfilePath"]).exists()
    before = [shlex.split(line) for line in manifest["deploy"]["preDeployCommand"]]
    assert before == [procfile()["release"]]
    assert not {"startCommand", "healthcheckPath"} & set(manifest["deploy"])
    assert manifest["deploy"]["drainingSeconds"] >= STOPPING


def test_the_image_holds_what_the_processes_need_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    shown = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines()
             if line.startswith("!")}  # fmt: skip
    copied: set[str] = set()
    for line in lines:
        words = line.split()
        if words[:1] == ["COPY"] and not words[1].startswith("--from"):
            copied |= set(words[1:-1])
    assert copied == shown
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {"gateway", "tasks", "migrations", "wsgi.py", "pyproject.toml", "uv.lock"} <= copied
    assert "USER ringback" in lines
    assert (
        json.loads(next(line for line in lines if line.startswith("CMD "))[4:])
        == (procfile()["web"])
    )
    assert any("uv sync --locked --no-default-groups" in line for line in lines)


def _every(directives: list[Directive], name: str) -> list[Directive]:
    found = [one for one in directives if one.name == name]
    return found + [deep for one in directives for deep in _every(one.inside, name)]


def test_nginx_hands_on_what_was_signed_and_writes_no_address_down() -> None:
    directives = parse((ROOT / "docs/deploying/nginx.conf").read_text(encoding="utf-8"))
    (passed,) = _every(directives, "proxy_pass")
    assert re.fullmatch(r"http://[a-z]+", passed.words[0])  # a path would be put in place of ours
    (upstream,) = _every(directives, "upstream")
    assert passed.words[0] == f"http://{upstream.words[0]}"
    assert _every(directives, "rewrite") == _every(directives, "return")[1:] == []
    assert _every(directives, "access_log")[0].words == ["off"]
    assert _every(directives, "error_log")[0].words == ["stderr", "crit"]
    assert _every(directives, "proxy_next_upstream")[0].words == ["off"]
    most = _every(directives, "client_max_body_size")[0].words[0]
    assert int(most.rstrip("m")) * 1024 * 1024 >= MAX_BYTES
    assert [one.words for one in _every(directives, "location")] == [["=", "/metrics"], ["/"]]

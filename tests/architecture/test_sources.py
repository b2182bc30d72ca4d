"""The rules of the house hold in every file. What each rule catches is shown in test_rules.py."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.architecture import rules
from tests.architecture.sources import ROOT, Source, python_files

CODE = ("gateway", "tasks", "migrations", "wsgi.py")
Rule = Callable[[Source], Iterator[str]]

# Where the clock may be read, besides gateway/wallclock.py, and why.
CLOCK_READERS = {
    "gateway/wallclock.py": "it is the clock",
    "gateway/tracing.py": "spans are in real time, as the library counts it",
    "gateway/models/base.py": "ids carry the real time, so that indexes stay compact in any test",
    "gateway/sandbox/wallclock.py": "the sandbox shares no code with the gateway and has its own",
    "tasks/broker.py": "heartbeats in Redis are written by the queue library in real time",
}
# Where the environment may be touched besides gateway/settings.py: nowhere. What a child process or
# the queue library needs goes through settings.environment() and settings.export().
ENVIRONMENT_READERS = {"gateway/settings.py": "the only reader"}
# Where the core names a carrier: the attribute of a setting that is named after it.
CARRIER_NAMERS = {
    ("gateway/usecases/readiness.py", "twilio_api_base_url"): "a setting: is there a stand-in?",
    ("gateway/usecases/readiness.py", "twilio"): "the value of the setting VOICE_PROVIDER",
}
# The top level, as row F1 of the mission gives it.
TOP = (
    "wsgi.py", "pyproject.toml", "README.md", "Procfile",
    "gateway", "tasks", "migrations", "tests", "docs",
    "uv.lock", "Dockerfile", "compose.yaml", "app.json", "render.yaml", "fly.toml", "railway.json",
)  # fmt: skip
MADE_BY_RUNS = ("var", "__pycache__")  # in .gitignore


def offenses(rule: Rule, *folders: str) -> list[str]:
    """What a rule finds below these folders."""
    return [offense for source in python_files(*folders) for offense in rule(source)]


def unexpected(found: Iterable[str], files: Iterable[str]) -> list[str]:
    """The offenses outside these files."""
    return [offense for offense in found if offense.partition(":")[0] not in set(files)]


@pytest.mark.parametrize("rule", [rules.too_long, rules.long_functions, rules.junk_drawers])
def test_every_file_is_short_and_well_named(rule: Rule) -> None:
    assert offenses(rule, *CODE, "tests") == []


def test_every_module_says_what_it_is_for() -> None:
    assert offenses(rules.undocumented, *CODE, "tests") == []


def test_every_public_name_makes_its_promise() -> None:
    assert offenses(rules.undocumented_names, "gateway", "tasks") == []


@pytest.mark.row("D5")
def test_only_the_settings_read_the_environment() -> None:
    found = offenses(rules.environment_reads, *CODE)
    assert unexpected(found, ENVIRONMENT_READERS) == []


def test_only_the_clock_reads_the_clock() -> None:
    assert unexpected(offenses(rules.clock_reads, *CODE), CLOCK_READERS) == []


@pytest.mark.row("D6")
@pytest.mark.row("A7")
def test_the_core_names_no_carrier() -> None:
    core = [f"gateway/{ring}" for ring in ("http", "usecases", "models", "domain")]
    found = offenses(rules.carrier_names, *core, "tasks")
    split = [(offense.partition(":")[0], offense.rpartition(" ")[2]) for offense in found]
    assert [pair for pair in split if pair not in CARRIER_NAMERS] == []


@pytest.mark.parametrize("readers", [CLOCK_READERS, ENVIRONMENT_READERS])
def test_no_allowance_outlives_its_use(readers: dict[str, str]) -> None:
    rule = rules.clock_reads if readers is CLOCK_READERS else rules.environment_reads
    using = {offense.partition(":")[0] for offense in offenses(rule, *CODE)}
    assert set(readers) == using


def test_nothing_of_ours_is_mocked() -> None:
    assert offenses(rules.mocks, "tests") == []


@pytest.mark.row("F4")
def test_an_actor_is_one_line() -> None:
    files = python_files("tasks/actors")
    assert any(list(source.functions()) for source in files), "no actors were found"
    assert offenses(rules.busy_actors, "tasks") == []


def test_each_migration_goes_both_ways() -> None:
    assert python_files("migrations")
    assert offenses(rules.one_way_migrations, "migrations") == []


@pytest.mark.row("F1")
def test_the_top_level_holds_what_the_card_allows_and_nothing_else() -> None:
    there = {path.name for path in ROOT.iterdir()}
    assert rules.strangers(there, (*TOP, *MADE_BY_RUNS)) == []
    assert set(TOP) <= there


@pytest.mark.row("F1")
def test_the_package_itself_is_empty() -> None:
    assert (ROOT / "gateway/__init__.py").read_text() == ""


@pytest.mark.row("F1")
def test_ringback_is_built_from_what_the_card_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[^a-z0-9-]", item, maxsplit=1)[0] for item in asked}
    parts = {"flask", "gunicorn", "dramatiq", "redis", "peewee", "twilio", "marshmallow", "pytest"}
    assert parts <= names

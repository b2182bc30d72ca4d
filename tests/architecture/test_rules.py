"""Each rule of the house catches what it is for, and lets its opposite pass."""

from collections.abc import Callable, Iterator

import pytest

from tests.architecture import rules
from tests.architecture.sources import Source

BAD: list[tuple[Callable[[Source], Iterator[str]], str, str]] = [
    (rules.too_long, "gateway/x.py", "a = 1\n" * 251),
    (rules.long_functions, "gateway/x.py", "def f():\n" + "    a = 1\n" * 40),
    (rules.junk_drawers, "gateway/utils.py", ""),
    (rules.junk_drawers, "gateway/common/x.py", ""),
    (rules.junk_drawers, "tests/http/test_helpers.py", ""),
    (rules.undocumented, "gateway/x.py", "a = 1\n"),
    (rules.undocumented_names, "gateway/x.py", "def f():\n    return 1\n"),
    (rules.undocumented_names, "gateway/x.py", "class A:\n    'a'\n    def f(self): return 1\n"),
    (rules.environment_reads, "gateway/x.py", "import os\nos.environ['A']\n"),
    (rules.environment_reads, "gateway/x.py", "import os\nos.getenv('A')\n"),
    (rules.environment_reads, "gateway/x.py", "from os import environ\n"),
    (rules.clock_reads, "gateway/x.py", "from datetime import datetime\ndatetime.now()\n"),
    (rules.clock_reads, "gateway/x.py", "import datetime\ndatetime.datetime.utcnow()\n"),
    (rules.clock_reads, "gateway/x.py", "import time\ntime.time()\n"),
    (rules.clock_reads, "gateway/x.py", "from time import time\n"),
    (rules.carrier_names, "gateway/http/x.py", "def from_twilio(): pass\n"),
    (rules.carrier_names, "gateway/http/x.py", "a = 'https://api.twilio.com'\n"),
    (rules.carrier_names, "gateway/http/x.py", "from gateway.providers.voice_api import x\n"),
    (rules.carrier_names, "gateway/http/x.py", "a.sendgrid_key\n"),
    (rules.mocks, "tests/x.py", "from unittest import mock\n"),
    (rules.mocks, "tests/x.py", "import unittest.mock\n"),
    (rules.mocks, "tests/x.py", "from unittest.mock import patch\n"),
    (rules.mocks, "tests/x.py", "def test(monkeypatch): monkeypatch.setattr(a, 'b', 1)\n"),
    (rules.mocks, "tests/x.py", "def test(mocker): pass\n"),
    (
        rules.busy_actors,
        "tasks/actors/x.py",
        "@dramatiq.actor\ndef f(a):\n    if a:\n        g(a)\n",
    ),
    (
        rules.busy_actors,
        "tasks/actors/x.py",
        "@dramatiq.actor(queue_name='x')\ndef f(a):\n    b = 1\n    c = 2\n    g(a, b, c)\n",
    ),
    (rules.one_way_migrations, "migrations/0002_x.py", "def up(migrator, db): pass\n"),
]

GOOD: list[tuple[Callable[[Source], Iterator[str]], str, str]] = [
    (rules.too_long, "gateway/x.py", "a = 1\n" * 250),
    (rules.too_long, "migrations/0001_x.py", "a = 1\n" * 900),
    (rules.long_functions, "gateway/x.py", "def f():\n" + "    a = 1\n" * 39),
    (rules.junk_drawers, "gateway/http/bookings.py", ""),
    (rules.undocumented, "gateway/__init__.py", ""),
    (rules.undocumented_names, "gateway/x.py", "def _f():\n    return 1\n"),
    (rules.environment_reads, "gateway/x.py", "import os\nos.kill(1, 2)\n"),
    (rules.clock_reads, "gateway/x.py", "import time\ntime.monotonic()\n"),
    (rules.carrier_names, "gateway/http/x.py", '"""As Twilio does."""\n# Twilio again\n'),
    (rules.mocks, "tests/x.py", "def test(monkeypatch): monkeypatch.setenv('PORT', '1')\n"),
    (
        rules.busy_actors,
        "tasks/actors/x.py",
        "@dramatiq.actor(queue_name='x')\ndef f(a):\n    '''F.'''\n    b = 1\n    g(a, b)\n",
    ),
    (rules.one_way_migrations, "migrations/0002_x.py", "def up(m, d): ...\ndef down(m, d): ...\n"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_a_rule_catches_what_it_is_for(
    rule: Callable[[Source], Iterator[str]], path: str, text: str
) -> None:
    found = list(rule(Source(path, text)))
    assert found
    assert all(offense.startswith(path) for offense in found)


@pytest.mark.parametrize(("rule", "path", "text"), GOOD)
def test_a_rule_lets_the_opposite_pass(
    rule: Callable[[Source], Iterator[str]], path: str, text: str
) -> None:
    assert list(rule(Source(path, text))) == []


def test_a_stranger_in_the_top_level_is_noticed() -> None:
    assert rules.strangers(["gateway", "scripts", ".ci"], ["gateway"]) == ["scripts"]

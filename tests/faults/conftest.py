"""A stack whose workers and clocks are processes of their own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartStack
from tests.faults.crew import QUICK, Crew, environment
from tests.stack import Stack


@dataclass
class Scene:
    """Web and sandbox of this process, and the crew beside them."""

    stack: Stack
    crew: Crew


SetScene = Callable[..., Scene]


@pytest.fixture
def set_scene(start_stack: StartStack, database_url: str, tmp_path: Path) -> Iterator[SetScene]:
    """Sets scenes with short leases and look-ups, in which nothing works or ticks yet."""
    crews: list[Crew] = []

    def start(**settings: Any) -> Scene:
        stack = start_stack(parts=(), **(QUICK | settings))
        crews.append(Crew(environment(stack, database_url), tmp_path / "crew.log"))
        return Scene(stack, crews[-1])

    yield start
    for crew in crews:
        crew.close()
        print((tmp_path / "crew.log").read_text()[-8000:])


@pytest.fixture
def scene(set_scene: SetScene) -> Scene:
    """A scene as it is."""
    return set_scene()

"""What several tests of carriers share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers.play import Play, playing


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """The sandbox, and the place that it calls back to."""
    with playing(tmp_path) as play:
        yield play

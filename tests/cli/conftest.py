"""What several tests of the command line start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis that only the processes of this test use."""
    with servers.start_redis(tmp_path / "redis-server") as server:
        yield server.url

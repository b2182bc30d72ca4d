"""The option that adds a seed, and what is left of the runs of this process."""

from collections.abc import Iterator

import pytest

from tests import servers
from tests.simulation import ground


@pytest.fixture(scope="session", autouse=True)
def _one_template() -> Iterator[None]:
    yield
    ground.forget_template()


@pytest.fixture
def postgres_run(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated PostgreSQL database for one run."""
    server: servers.PostgresServer = request.getfixturevalue("postgres")
    url = server.create_database(request.getfixturevalue("postgres_template"))
    yield url
    server.drop_database(url)

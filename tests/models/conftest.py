"""A configured database with one organization, and a connection for the test's own thread."""

from collections.abc import Callable, Iterator

import pytest

from gateway.models import base
from tests.conftest import Account, Configure


@pytest.fixture
def organization(configure: Configure, open_account: Callable[[str], Account]) -> Iterator[str]:
    """The id of an organization; the thread of the test is connected."""
    configure(LOG_LEVEL="ERROR")
    account = open_account("Practice")
    with base.connection():
        yield account.organization_id

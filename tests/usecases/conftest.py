"""Web and sandbox over HTTP, no worker and no clock: the tests move time and work by hand."""

from collections.abc import Iterator

import pytest

from gateway.models import base
from tests.conftest import StartStack
from tests.usecases.desk import Desk


@pytest.fixture
def desk(start_stack: StartStack) -> Iterator[Desk]:
    """A desk in test mode; the thread of the test is connected."""
    stack = start_stack(parts=())
    with base.connection():
        yield Desk(stack)

"""A desk beside a made-up crew, for tests that tick by hand."""

from collections.abc import Iterator

import pytest

from gateway.models import base
from tests import servers
from tests.conftest import StartStack
from tests.tasks.crew import heard
from tests.usecases.desk import Desk


@pytest.fixture
def desk(start_stack: StartStack, redis_server: servers.RedisServer) -> Iterator[Desk]:
    """Web and sandbox, and workers with a hundred threads that were heard of just now."""
    from tasks import workload  # importing it connects the broker

    workload.mark()  # nothing of what another test sent is known any more
    stack = start_stack(parts=())
    heard(redis_server, 100)
    with base.connection():
        yield Desk(stack)

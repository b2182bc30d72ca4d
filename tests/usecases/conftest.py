"""Web and sandbox over HTTP, no worker and no clock: the tests move time and work by hand."""

import contextlib
import itertools
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from gateway.models import base
from tests import webapp
from tests.conftest import Account, Configure, StartStack
from tests.hours import nights_are_quiet
from tests.stack import PATIENT
from tests.usecases.campaigns import Campaign
from tests.usecases.cashier import Cashier
from tests.usecases.crowd import Crowd, Opening
from tests.usecases.desk import Desk
from tests.usecases.reports import Reports
from tests.usecases.talk import SETTINGS, Talk


@pytest.fixture
def desk(patient_desk: Desk) -> Desk:
    """A desk in test mode; the thread of the test is connected."""
    return patient_desk


@pytest.fixture
def reporting(start_stack: StartStack) -> Iterator[Callable[..., Reports]]:
    """A desk whose carriers report what the test says: `reporting(WHATSAPP_PROVIDER="meta")`."""
    with contextlib.ExitStack() as connected:

        def begin(silent: bool = True, **settings: str) -> Reports:
            stack = start_stack(parts=(), **(PATIENT | settings))
            connected.enter_context(base.connection())
            return Reports(Desk(stack), silent=silent)

        yield begin


@pytest.fixture
def patient_desk(start_stack: StartStack) -> Iterator[Desk]:
    """A desk whose carriers may take their time: a busy machine is no timeout."""
    hangs = {"hang_seconds": 1.0}  # which ends without an answer
    stack = start_stack(parts=(), sandbox=hangs, **PATIENT)
    with base.connection():
        yield Desk(stack)


@pytest.fixture
def campaign(patient_desk: Desk) -> Campaign:
    """A desk from which sequences are run, at any hour of the day."""
    return Campaign(patient_desk)


@pytest.fixture
def cashier(reporting: Callable[..., Reports]) -> Cashier:
    """A desk with an unpaid invoice, of an organization that keeps the usual hours."""
    reports = reporting()
    nights_are_quiet()
    return Cashier(reports.desk)


@pytest.fixture
def app(configure: Configure) -> Iterator[Flask]:
    """The web application alone, with a carrier that is not there; the test's thread is
    connected."""
    built = webapp.under(configure(**SETTINGS))
    with base.connection():
        yield built


@pytest.fixture
def crowd(configure: Configure, open_account: Callable[[str], Account]) -> Iterator[Opening]:
    """Opens organizations whose rows come to the gate; the test's thread is connected."""
    names = itertools.count(1)
    configure(SANDBOX_URL="http://127.0.0.1:9", LOG_LEVEL="ERROR")
    with base.connection():
        yield lambda: Crowd(open_account(f"Practice {next(names)}").organization_id)


@pytest.fixture
def talk(app: Flask, open_account: Callable[[str], Account]) -> Talk:
    """An organization in test mode, and a person who answers it."""
    return Talk(app, open_account("Practice"))

"""A key pressed in a call while the desk cancels the appointment: nobody waits in a circle."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from gateway.http import create_app
from gateway.models import base
from gateway.models.booking import Booking
from gateway.usecases import bookings
from tests.conftest import Account, Configure
from tests.usecases.talk import SETTINGS, Talk
from tests.usecases.test_lock_order import connected, waiting
from tests.waiting import until


@pytest.fixture
def app(configure: Configure) -> Iterator[Flask]:
    built = create_app(configure(**SETTINGS, DATABASE_CONNECTIONS="10"))
    with base.connection():
        yield built


@pytest.mark.parametrize("key", ["1", "3"])
def test_a_key_and_a_cancel_at_one_moment_take_turns(
    app: Flask, open_account: Callable[[str], Account], key: str
) -> None:
    if base.dialect() == "sqlite":
        pytest.skip("it has one lock for everything")
    talk = Talk(app, open_account("Practice"))
    booking = talk.book()
    call = talk.called(booking)
    taken, go_on = threading.Event(), threading.Event()

    def cancel() -> None:
        with base.atomic():
            Booking.take_turn(booking.organization_id, booking.mode, booking.id)
            taken.set()
            go_on.wait(20)
            bookings.cancel(talk.caller, booking.id, talk.now)

    with ThreadPoolExecutor(2) as pool:
        canceling = pool.submit(connected, cancel)
        assert taken.wait(20)
        pressing = pool.submit(connected, lambda: talk.presses(call, key))
        until(waiting(1), "the key waits for the booking")
        go_on.set()
        canceling.result(20)
        pressing.result(20)
    assert talk.booking(booking).state == "canceled"
    assert type(call).get_by_id(call.id).digits == key

"""A person who is erased at every point of a send: nothing leaves after the answer that should not,
and nothing of them is left."""

import pytest

from gateway import wallclock
from gateway.models import base
from gateway.usecases import erasure
from tests import traces
from tests.client import Api
from tests.faults.conftest import SetScene
from tests.faults.races import CANCELED, CANCELED_AND_KILLED, MORTAL, PATIENT, RINGING, Race
from tests.faults.test_cancel_races import book


def erase(api: Api, booking: str) -> int:
    """Erase whoever booked; the status of the answer."""
    contact = api.take("GET", f"/bookings/{booking}")["contact"]["id"]
    return api.ask("DELETE", f"/contacts/{contact}").status_code


def nothing_is_left(race: Race) -> None:
    """No number that was called is kept anywhere, once what had to wait is done."""
    api = race.scene.stack.api
    with base.connection():
        for booking in api.take("GET", "/bookings")["data"]:
            erasure.finish(booking["contact"]["id"], wallclock.now())
    numbers = {f"202555{n:04d}" for n in range(400, 500)}
    assert traces.found(traces.kept_in_database(), numbers) == {}


@pytest.mark.row("B5")
def test_an_erasure_at_every_point_of_a_send_has_one_right_end(set_scene: SetScene) -> None:
    race = Race(set_scene(sandbox=RINGING, **PATIENT), book)
    assert {point: race.at(point, erase) for point in CANCELED} == CANCELED
    nothing_is_left(race)


@pytest.mark.row("B5")
def test_an_erasure_at_every_point_of_a_send_whose_worker_then_dies_has_one_right_end(
    set_scene: SetScene,
) -> None:
    race = Race(set_scene(sandbox=RINGING, **MORTAL), book)
    found = {point: race.at(point, erase, kill=True) for point in CANCELED_AND_KILLED}
    assert found == CANCELED_AND_KILLED
    nothing_is_left(race)

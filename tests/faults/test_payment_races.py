"""A payment, a dispute and an opt-out that land at every point of a reminder's way out."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.client import Api
from tests.faults.conftest import Scene, SetScene
from tests.faults.races import CANCELED, CANCELED_AND_KILLED, MORTAL, PATIENT, RINGING, Act, Race

OVERDUE = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
# By itself it would be reminded of much later.
STAGES = [{"days_overdue": 30, "channels": ["voice"], "template": "dunning"}]
OPTED_OUT = {
    "worker.before_claim_commit": (201, 0, "suppressed"),
    **{point: (201, placed, "canceled") for point, (_, placed, _) in CANCELED.items()
       if point not in ("worker.before_claim_commit", "worker.after_result_commit")},
    "worker.after_result_commit": (201, 1, "sending"),
}  # fmt: skip


def remind(scene: Scene, phone: str) -> tuple[str, str]:
    """An unpaid invoice, and a reminder of it asked for now; the ids of both."""
    api = scene.stack.api
    wanted = {"policy": {"quiet_hours": None, "dunning": {"stages": STAGES}}}
    assert api.ask("PATCH", "/organization", json=wanted).status_code == 200
    body = {
        "contact": {"phone": phone, "name": "Ada"}, "amount": "120.00", "currency": "EUR",
        "due_on": OVERDUE, "payment_link": "https://pay.example.com/117",
    }  # fmt: skip
    made = api.ask("POST", "/invoices", json=body)
    assert made.status_code == 201, made.text
    invoice = str(made.json()["id"])
    asked = api.ask("POST", f"/invoices/{invoice}/remind")
    assert asked.status_code == 202, asked.text
    return invoice, str(asked.json()["id"])


def pay(api: Api, invoice: str) -> int:
    """Record a payment in full: 200 when that left nothing to settle, else 202, as elsewhere."""
    paid = api.ask("POST", f"/invoices/{invoice}/payments", json={"amount": "120"})
    assert paid.status_code == 201, paid.text
    after = paid.json()["invoice"]
    assert after["state"] == "recovered"
    return 200 if after["settled"] else 202


def dispute(api: Api, invoice: str) -> int:
    """Mark it as disputed; the status of the answer."""
    return api.ask("POST", f"/invoices/{invoice}/dispute").status_code


def opt_out(api: Api, invoice: str) -> int:
    """Record that the contact wants no calls about it; the status of the answer."""
    contact = api.take("GET", f"/invoices/{invoice}")["contact"]["id"]
    said = {"channel": "voice", "purpose": "dunning", "granted": False, "source": "desk"}
    return api.ask("POST", f"/contacts/{contact}/consent", json=said).status_code


@pytest.mark.row("C3")
@pytest.mark.parametrize("act", [pay, dispute], ids=lambda act: str(act.__name__))
def test_a_payment_or_a_dispute_at_every_point_of_a_reminder_has_one_right_end(
    set_scene: SetScene, act: Act
) -> None:
    race = Race(set_scene(sandbox=RINGING, **PATIENT), remind)
    assert {point: race.at(point, act) for point in CANCELED} == CANCELED


@pytest.mark.row("C3")
def test_a_payment_at_every_point_of_a_reminder_whose_worker_then_dies_has_one_right_end(
    set_scene: SetScene,
) -> None:
    race = Race(set_scene(sandbox=RINGING, **MORTAL), remind)
    found = {point: race.at(point, pay, kill=True) for point in CANCELED_AND_KILLED}
    assert found == CANCELED_AND_KILLED


@pytest.mark.row("C3")
def test_an_opt_out_at_every_point_of_a_reminder_has_one_right_end(set_scene: SetScene) -> None:
    race = Race(set_scene(sandbox=RINGING, **PATIENT), remind)
    assert {point: race.at(point, opt_out) for point in OPTED_OUT} == OPTED_OUT

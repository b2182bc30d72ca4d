"""A person is erased: whatever was kept about them anywhere, nothing personal is left of it."""

from typing import Any

import pytest
import requests
from twilio.request_validator import RequestValidator

from gateway import wallclock
from gateway.models import base
from gateway.models.consent import Consent
from gateway.usecases import erasure, people
from tests import traces
from tests.conftest import StartStack
from tests.journeys.appointments import FREE, SLOW, soon
from tests.servers import RedisServer
from tests.stack import Stack, special
from tests.waiting import until

NUMBER, MAIL = special("0108"), "zyx.canary@example.com"
NAME, WORDS, SAID = "Zyxwv Quorblatt", "wubbalubba", "snickerdoodle"
TRACES = {
    *traces.of_number(NUMBER),
    MAIL,
    MAIL.replace("@", "%40"),
    "Zyxwv",
    "Quorblatt",
    WORDS,
    SAID,
}
PERSON = {"external_id": "c-quorblatt", "name": NAME, "phone": NUMBER, "email": MAIL}


class Life:
    """Everything that can be kept about a person, made over HTTP."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.api = stack, stack.api

    def live(self) -> str:
        """The id of the contact."""
        stack, api = self.stack, self.api
        booked = api.take(
            "POST", "/bookings", headers={"Idempotency-Key": "bk-1"}, json=self._booking()
        )
        self.booking, who = booked["id"], booked["contact"]["id"]
        for reminder in booked["reminders"][:3]:
            stack.outcome(reminder["id"], 40)
        body = {
            "to": NUMBER,
            "channel": "sms",
            "text": f"{NAME}, {WORDS}!",
            "metadata": {"n": NAME},
        }
        asked = api.take("POST", "/messages", json=body, headers={"Idempotency-Key": "m-1"})
        stack.outcome(asked["id"], 40)
        call = api.call(NUMBER, say=f"{NAME}, {SAID}!")
        stack.outcome(call["id"], 40)
        until(lambda: api.calls(q=SAID), "the transcript", 30)
        until(
            lambda: api.take("GET", "/messages", params={"direction": "inbound"})["data"],
            "an answer",
        )
        self._further()
        said = {"channel": "whatsapp", "granted": False, "source": f"{NAME}'s sister"}
        api.take("POST", f"/contacts/{who}/consent", json=said)
        self._stray()
        return str(who)

    def _booking(self) -> dict[str, Any]:
        words = {"voice": {"say": f"{NAME}, {SAID}"}}
        told = {"text": f"{NAME}, {WORDS}"}
        rules = [
            {"kind": "before", "minutes": 60, "channel": one, **words.get(one, told)}
            for one in ("voice", "sms", "email")
        ]
        later = {"kind": "before", "minutes": 5, "channel": "sms", "template": "reminder"}
        nudge = {"kind": "nudge", "minutes": 59, "channel": "sms", "to": "staff"}
        return {
            "external_id": "bk-1", "starts_at": soon(minutes=60, seconds=1), "contact": PERSON,
            "service": {"id": "cut", "name": "Haircut"}, "metadata": {"note": NAME},
            "policy": FREE,
            "staff": {"id": "m-3", "name": "Eve", "phone": special("0141")},
            "reminders": [*rules, later, nudge],
        }  # fmt: skip

    def _further(self) -> None:
        """A place on the waitlist, a sequence, an invoice."""
        wait: dict[str, Any] = {"contact": PERSON, "service": {"id": "cut", "name": "Haircut"}}
        wait |= {"from": soon(days=3), "to": soon(days=9)}
        waits = self.api.take("POST", "/waitlist", json=wait)["id"]
        step = {"after_minutes": 60, "channels": ["sms"], "text": "{name} {x_word}"}
        course = {"name": "Welcome", "steps": [step], "leave_on": ["booked"]}
        made = self.api.take("POST", "/sequences", json=course)
        told = {"contact": PERSON, "variables": {"x_word": f"{WORDS} {NAME}"}}
        enrolled = self.api.take("POST", f"/sequences/{made['id']}/enrolments", json=told)["id"]
        owed = {
            "external_id": "iv-1", "contact": PERSON, "amount": "120.00", "currency": "EUR",
            "due_on": "2026-01-01", "payment_link": f"https://pay.example.com/{WORDS}",
            "metadata": {"note": NAME},
        }  # fmt: skip
        invoice = self.api.take("POST", "/invoices", json=owed)["id"]
        part = {"amount": "20.00", "external_id": "pm-1"}
        self.api.take("POST", f"/invoices/{invoice}/payments", json=part)
        self.further = [f"/waitlist/{waits}", f"/enrolments/{enrolled}", f"/invoices/{invoice}"]

    def ends(self) -> list[tuple[str, str | None]]:
        """State and reason of what else there was of the person."""
        shown = [self.api.take("GET", path) for path in self.further]
        return [(one["state"], one.get("reason")) for one in shown]

    def _stray(self) -> None:
        """An event that belongs to nobody and names the person."""
        shared = self.stack.settings.sandbox_credentials
        url = f"{self.stack.web.url}/webhooks/twilio/voice"
        form = {
            "CallSid": "CA" + "9" * 32, "AccountSid": shared["account_sid"], "To": NUMBER,
            "CallStatus": "completed", "From": "+15005550006",
        }  # fmt: skip
        signed = RequestValidator(shared["auth_token"]).compute_signature(url, form)
        headers = {"X-Twilio-Signature": signed}
        assert requests.post(url, data=form, headers=headers, timeout=10).ok
        parked = "/admin/parked-events"
        until(lambda: self.api.take("GET", parked)["data"], "an event that nobody knows")


@pytest.mark.row("A6")
@pytest.mark.row("B5")
def test_nothing_of_an_erased_person_is_left_anywhere(
    start_stack: StartStack, redis_server: RedisServer, capfd: pytest.CaptureFixture[str]
) -> None:
    stack = start_stack(sandbox={}, LOG_LEVEL="DEBUG", **SLOW)
    life = Life(stack)
    stack.sandbox.fault("replies", text=f"{WORDS} STOP {NAME}", next=1)
    who = life.live()
    before = traces.found(traces.kept_in_database(), TRACES)
    assert {
        "contact",
        "booking",
        "notification",
        "call_log",
        "message_log",
        "transcript",
        "transcript_segment",
        "provider_event",
        "consent",
        "idempotency_record",
        "enrolment",
        "invoice",
    } <= set(before)

    answer = stack.api.ask("DELETE", f"/contacts/{who}")
    assert answer.status_code in (200, 202)
    until(lambda: stack.api.ask("DELETE", f"/contacts/{who}").status_code == 200, "rest", 30)
    with base.connection():
        erasure.finish(who, wallclock.now())

    assert traces.found(traces.kept_in_database(), TRACES) == {}
    assert life.ends() == [("revoked", None), ("excluded", "erased"), ("excluded", "erased")]
    client = redis_server.client()
    written = "".join(capfd.readouterr())
    elsewhere = {"redis": traces.kept_in_redis(client), "log": written, "answer": answer.text}
    assert traces.found(elsewhere, TRACES) == {}
    with base.connection():
        assert Consent.withdrawn(
            stack.account.organization_id, "test", "whatsapp", "all", people.address_hash(NUMBER)
        )

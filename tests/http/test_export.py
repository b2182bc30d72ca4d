"""GET /api/v1/contacts/{id}/export: everything that is kept about a person."""

import json

from gateway.models import base
from gateway.models.records import AuditEntry
from tests.http import seed
from tests.http.stage import OTHER_PHONE, PHONE, Api

CONTACTS = "/api/v1/contacts"
ADA = {"phone": PHONE, "name": "Ada", "email": "ada@example.com", "external_id": "c-77"}
STOP = {"channel": "sms", "granted": False, "source": "Ada's sister told us"}


def test_everything_about_a_person_can_be_taken_out_and_is_noted(
    api: Api,
) -> None:
    booked = api.book(contact=ADA, external_id="bk-1", metadata={"note": "likes tea"})
    ada = f"{CONTACTS}/{booked['contact']['id']}"
    call = seed.call(api, booking_id=booked["id"], text="Hello Ada", digits="1")
    seed.transcript(call, "yes this is ada")
    seed.event(call, "completed", seconds=1)
    out = seed.message(api, text="Hello Ada")
    seed.message(api, text="Hello Eve", to_address=OTHER_PHONE)
    api.post(f"{ada}/consent", STOP)
    answer = api.get(f"{ada}/export")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    data = json.loads(answer.text)
    assert [row["phone"] for row in data["contacts"]] == [PHONE]
    assert [row["metadata"] for row in data["bookings"]] == [{"note": "likes tea"}]
    assert [row["state"] for row in data["notifications"]] == ["scheduled"]
    assert [(row["id"], row["to_address"]) for row in data["calls"]] == [(call, PHONE)]
    assert [(row["id"], row["text"]) for row in data["messages"]] == [(out, "Hello Ada")]
    assert [row["text"] for row in data["transcripts"]] == ["yes this is ada"]
    assert [row["text"] for row in data["utterances"]] == ["yes this is ada"]
    assert [row["status"] for row in data["events"]] == ["completed"]
    assert [row["source"] for row in data["consent"]] == [STOP["source"]]
    assert not any(
        "hash" in name
        for rows in data.values()
        for row in rows
        if isinstance(row, dict)
        for name in row
    )
    with base.connection():
        assert [row.action for row in AuditEntry.select()] == ["export-contact"]
    assert api.delete(ada).status_code == 200
    assert api.get(f"{ada}/export").status_code == 404

"""Invoices over HTTP: shapes, faults, idempotency, and what each call does."""

from typing import Any

import pytest

from tests.http.stage import EVENTS, OTHER_PHONE, PHONE, Api, fields_at_fault

INVOICES = "/api/v1/invoices"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"amount": ...}, "amount"),
    ({"amount": "120,00"}, "amount"),
    ({"amount": "120.001"}, "amount"),
    ({"amount": "-1"}, "amount"),
    ({"amount": "0"}, "amount"),
    ({"amount": True}, "amount"),
    ({"amount": 0.1 + 0.2}, "amount"),
    ({"amount": "9" * 13}, "amount"),
    ({"amount": "100.50", "currency": "JPY"}, "amount"),
    ({"currency": "XYZ"}, "currency"),
    ({"currency": "DEM"}, "currency"),
    ({"currency": "eur"}, "currency"),
    ({"due_on": "2026-02-30"}, "due_on"),
    ({"due_on": "10.01.2026"}, "due_on"),
    ({"due_on": 20260110}, "due_on"),
    ({"payment_link": "http://pay.example.com/1"}, "payment_link"),
    ({"payment_link": "https://"}, "payment_link"),
    ({"payment_link": "https://ada:secret@pay.example.com/1"}, "payment_link"),
    ({"payment_link": "https://pay.example.com/a b"}, "payment_link"),
    ({"payment_link": "javascript:alert(1)"}, "payment_link"),
    ({"payment_link": "https://pay.example.com:99999/"}, "payment_link"),
    ({"payment_link": ...}, "payment_link"),
    ({"contact": {"name": "Ada"}}, "contact.phone"),
    ({"contact": ...}, "contact"),
    ({"dunning": {"maximum": 0}}, "dunning.maximum"),
    ({"dunning": {"at": "25:00"}}, "dunning.at"),
    ({"dunning": {"stages": []}}, "dunning.stages"),
    (
        {"dunning": {"stages": [{"days_overdue": 0, "channels": ["sms"], "template": "a"}]}},
        "dunning.stages.0.days_overdue",
    ),
    (
        {"dunning": {"stages": [{"days_overdue": 1, "channels": ["fax"], "template": "a"}]}},
        "dunning.stages.0.channels.0.channel",
    ),
    ({"price": "1"}, "price"),
]


def invoice(**changes: Any) -> dict[str, Any]:
    """The body of an invoice that is taken as it is; a change to `...` leaves the field out."""
    body = {
        "external_id": "inv-1",
        "contact": {"phone": PHONE, "name": "Ada"},
        "amount": "120.00",
        "currency": "EUR",
        "due_on": "2026-01-10",
        "payment_link": "https://pay.example.com/117?token=a",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}


def made(api: Api, **changes: Any) -> dict[str, Any]:
    answer = api.post(INVOICES, invoice(**changes))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json or {}
    return found


@pytest.mark.row("C3")
def test_an_invoice_is_made_once(api: Api) -> None:
    first = made(api)
    assert (first["state"], first["amount"], first["open"]) == ("scheduled", "120.00", "120.00")
    assert first["days_overdue"] > 0
    again = api.post(INVOICES, invoice())
    assert (again.status_code, again.json) == (200, first)
    assert api.post(INVOICES, invoice(amount="120.01")).status_code == 409
    assert api.post(INVOICES, invoice(external_id=...)).status_code == 201


@pytest.mark.row("C3")
def test_what_can_not_be_is_refused_with_the_name_of_its_field(
    api: Api, subtests: pytest.Subtests
) -> None:
    for changes, field in REFUSED:
        with subtests.test(str(changes)):
            answer = api.post(INVOICES, invoice(**changes))
            assert (answer.status_code, fields_at_fault(answer)) == (422, [field])
    assert api.read(INVOICES)["data"] == []


@pytest.mark.row("C3")
def test_a_sum_is_exact_and_has_the_digits_of_its_currency(api: Api) -> None:
    for number, (amount, currency, shown) in enumerate(
        [
            ("0.1", "EUR", "0.10"), (0.3, "EUR", "0.30"), (5, "EUR", "5.00"),
            ("1200", "JPY", "1200"), ("1.234", "KWD", "1.234"),
            ("999999999999.99", "EUR", "999999999999.99"),
            (999999999999.99, "EUR", "999999999999.99"),
        ]
    ):  # fmt: skip
        found = made(api, external_id=f"i-{number}", amount=amount, currency=currency)
        assert found["amount"] == shown
        paid = api.post(f"{INVOICES}/{found['id']}/payments", {"amount": amount})
        assert paid.json is not None
        assert (paid.json["invoice"]["open"], paid.json["invoice"]["state"]) == (
            "0" if currency == "JPY" else "0.000" if currency == "KWD" else "0.00", "recovered",
        )  # fmt: skip


@pytest.mark.row("C3")
def test_a_payment_is_recorded_once_and_a_full_one_recovers(api: Api) -> None:
    path = f"{INVOICES}/{made(api)['id']}"
    part = {"amount": "20", "external_id": "tr-1", "paid_at": "2026-02-01T10:00:00+01:00"}
    first = api.post(f"{path}/payments", part)
    again = api.post(f"{path}/payments", part)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json is not None
    assert again.json is not None
    assert first.json["id"] == again.json["id"]
    assert first.json["invoice"]["settled"] is True
    assert api.post(f"{path}/payments", part | {"amount": "21"}).status_code == 409
    shown = api.read(path)
    assert (shown["paid"], shown["open"]) == ("20.00", "100.00")
    assert api.post(f"{path}/payments", {"amount": "130"}).status_code == 201
    shown = api.read(path)
    assert (shown["state"], shown["reason"], shown["open"]) == ("recovered", "paid", "0.00")
    assert [one["amount"] for one in shown["payments"]] == ["20.00", "130.00"]
    assert shown["next_reminder"] == {"at": None, "days_overdue": None, "because": "paid"}
    assert api.patch(path, {"amount": "300"}).status_code == 409
    assert api.post(f"{path}/dispute", None).status_code == 409
    late = api.post(f"{path}/payments", {"amount": "1", "paid_at": "2100-01-01T00:00:00Z"})
    assert fields_at_fault(late) == ["paid_at"]
    assert fields_at_fault(api.post(f"{path}/payments", {"amount": "1.001"})) == ["amount"]


@pytest.mark.row("C3")
def test_an_idempotency_key_records_one_payment(api: Api) -> None:
    path = f"{INVOICES}/{made(api)['id']}/payments"
    key = {"Idempotency-Key": "k-1"}
    first, again = (api.post(path, {"amount": "20"}, headers=key) for _ in range(2))
    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert api.read(path.removesuffix("/payments"))["paid"] == "20.00"


@pytest.mark.row("C3")
def test_dispute_pause_cancel_and_write_off_say_where_the_invoice_stands(api: Api) -> None:
    path = f"{INVOICES}/{made(api)['id']}"
    for _ in range(2):
        disputed = api.post(f"{path}/dispute", None)
        assert disputed.status_code == 200
        assert disputed.json is not None
        assert (disputed.json["state"], disputed.json["reason"]) == ("excluded", "disputed")
    refused = api.post(f"{path}/remind", None)
    assert refused.status_code == 409
    assert refused.json is not None
    assert refused.json["reason"] == "disputed"
    assert (api.delete(f"{path}/dispute").json or {})["state"] == "scheduled"
    assert (api.patch(path, {"paused": True}).json or {})["state"] == "paused"
    assert api.patch(path, {"paused": False, "version": 1}).status_code == 409
    assert (api.patch(path, {"paused": False}).json or {})["state"] == "scheduled"
    never = api.patch(path, {"dunning": None}).json or {}
    assert (never["state"], never["reason"], never["dunning"]) == ("exhausted", "stages", None)
    assert (api.patch(path, {"dunning": {}}).json or {})["state"] == "scheduled"
    off = api.post(f"{path}/write-off", None)
    assert (off.json or {})["reason"] == "written_off"
    assert api.delete(path).status_code == 409
    other = f"{INVOICES}/{made(api, external_id='inv-2')['id']}"
    assert [api.delete(other).status_code for _ in range(2)] == [200, 200]
    assert api.read(other)["reason"] == "canceled"
    assert api.post(f"{other}/payments", {"amount": "120"}).status_code == 201
    assert api.read(other)["state"] == "recovered"


@pytest.mark.row("C3")
def test_a_reminder_on_demand_is_a_notification_or_a_reason(api: Api) -> None:
    body = {"policy": {"quiet_hours": None}}
    assert api.patch("/api/v1/organization", body).status_code == 200
    path = f"{INVOICES}/{made(api)['id']}"
    asked = api.post(f"{path}/remind", None)
    assert asked.status_code == 202, asked.text
    assert asked.json is not None
    assert (asked.json["kind"], asked.json["stage"]) == ("dunning", 15)
    refused = api.post(f"{path}/remind", None)
    assert (refused.status_code, (refused.json or {})["reason"]) == (409, "under_way")
    shown = api.read(path)
    assert [one["id"] for one in shown["reminders"]] == [asked.json["id"]]
    assert shown["next_reminder"]["because"] == "under_way"
    early = made(api, external_id="inv-2", due_on="2999-01-01")
    refused = api.post(f"{INVOICES}/{early['id']}/remind", None)
    assert (refused.json or {})["reason"] == "not_due"
    assert "pay.example.com" not in api.get(EVENTS).text


@pytest.mark.row("C3")
def test_who_said_stop_to_dunning_is_not_reminded_on_demand_either(api: Api) -> None:
    api.patch("/api/v1/organization", {"policy": {"quiet_hours": None}})
    found = made(api)
    said = {"channel": "sms", "purpose": "dunning", "granted": False, "source": "desk"}
    assert api.post(f"/api/v1/contacts/{found['contact']['id']}/consent", said).status_code == 201
    refused = api.post(f"{INVOICES}/{found['id']}/remind", None)
    assert refused.status_code == 409
    assert (refused.json or {})["reason"] in ("opted_out", "invalid_address")
    assert api.read(f"{INVOICES}/{found['id']}")["reminders"] == []


@pytest.mark.row("C3")
def test_the_list_is_filtered_and_paged(api: Api) -> None:
    rows = [
        made(api, external_id=f"i-{n}", due_on=f"2026-01-1{n}", contact={"phone": phone})
        for n, phone in enumerate((PHONE, OTHER_PHONE, PHONE))
    ]
    ids = [row["id"] for row in reversed(rows)]
    assert [row["id"] for row in api.read(INVOICES)["data"]] == ids
    first = api.read(INVOICES, limit=2)
    second = api.read(INVOICES, limit=2, cursor=first["next_cursor"])
    assert [row["id"] for row in first["data"] + second["data"]] == ids
    for query, found in [
        ({"phone": OTHER_PHONE}, [1]), ({"external_id": "i-2"}, [2]), ({"state": "paused"}, []),
        ({"from": "2026-01-11", "to": "2026-01-12"}, [1]), ({"to": "2026-01-11"}, [0]),
        ({"contact_id": rows[1]["contact"]["id"]}, [1]),
    ]:  # fmt: skip
        shown = [row["external_id"] for row in api.read(INVOICES, **query)["data"]]
        assert shown == [f"i-{n}" for n in found]
    assert api.get(f"{INVOICES}?from=2026-02-01&to=2026-01-01").status_code == 422

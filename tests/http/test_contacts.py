"""/api/v1/contacts: people who are reached, and what they agreed to."""

from collections.abc import Callable

import pytest

from gateway.models import base
from gateway.models.consent import Consent
from gateway.models.feed import FeedEntry
from gateway.usecases import people
from tests.http.stage import OTHER_PHONE, PHONE, Api, fields_at_fault

CONTACTS = "/api/v1/contacts"
STOP = {"channel": "sms", "granted": False, "source": "told us by telephone"}


@pytest.fixture
def ada(api: Api) -> str:
    """The path of a contact with a phone and without an e-mail address."""
    made = api.book(contact={"phone": PHONE, "name": "Ada", "external_id": "c-77"})
    return f"{CONTACTS}/{made['contact']['id']}"


def test_a_contact_is_shown_with_its_addresses(api: Api, ada: str) -> None:
    shown = api.read(ada)
    assert (shown["name"], shown["phone"], shown["email"]) == ("Ada", PHONE, None)
    assert (shown["role"], shown["external_id"], shown["opted_out"]) == ("contact", "c-77", [])


def test_a_contact_of_somebody_else_or_of_the_other_mode_is_not_there(
    api: Api, new_api: Callable[[str], Api], ada: str
) -> None:
    for other in (new_api("Another salon"), api.with_key(api.account.live_key)):
        assert other.get(ada).status_code == 404
        assert other.get(f"{ada}/consent").status_code == 404
        assert other.patch(ada, {"name": "Eve"}).status_code == 404
        assert other.post(f"{ada}/consent", STOP).status_code == 404
    assert api.read(ada)["name"] == "Ada"


def test_a_change_of_number_is_where_the_next_call_goes(api: Api, ada: str) -> None:
    changed = api.patch(ada, {"phone": OTHER_PHONE, "email": "ada@example.com", "name": None})
    assert changed.status_code == 200
    shown = api.read(ada)
    assert (shown["phone"], shown["email"], shown["name"]) == (OTHER_PHONE, "ada@example.com", None)
    assert [row["contact"]["phone"] for row in api.read("/api/v1/bookings")["data"]] == [
        OTHER_PHONE
    ]
    assert len(api.read("/api/v1/bookings", phone=OTHER_PHONE)["data"]) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"phone": None}, "phone"), ({"phone": "12"}, "phone"), ({"locale": None}, "locale"),
     ({"time_zone": "Mars"}, "time_zone"), ({"role": "staff"}, "role"), ({"email": "x"}, "email")],
)  # fmt: skip
def test_a_change_that_can_not_be_changes_nothing(
    api: Api, ada: str, changes: dict[str, object], field: str
) -> None:
    answer = api.patch(ada, {"name": "Eve", **changes})
    assert (answer.status_code, fields_at_fault(answer)) == (422, [field])
    assert api.read(ada)["name"] == "Ada"


def test_a_stop_is_kept_for_ever_and_the_latest_statement_counts(api: Api, ada: str) -> None:
    assert api.post(f"{ada}/consent", STOP).status_code == 201
    assert api.read(ada)["opted_out"] == ["sms"]
    again = api.post(f"{ada}/consent", STOP | {"granted": True, "source": "signed a form"})
    assert again.status_code == 201
    assert api.read(ada)["opted_out"] == []
    told = api.read(f"{ada}/consent")["data"]
    assert [(one["granted"], one["source"], one["purpose"]) for one in told] == [
        (True, "signed a form", "all"), (False, "told us by telephone", "all"),
    ]  # fmt: skip
    with base.connection():
        types = [row.type for row in FeedEntry.select().where(FeedEntry.object == "consent")]
    assert types == ["consent.withdrawn", "consent.granted"]


def test_one_purpose_is_stopped_alone(api: Api, ada: str) -> None:
    assert api.post(f"{ada}/consent", STOP | {"purpose": "nurture"}).status_code == 201
    assert api.read(ada)["opted_out"] == []
    who = (api.account.organization_id, "test", "sms")
    with base.connection():
        hashed = people.address_hash(PHONE)
        assert Consent.withdrawn(*who, "nurture", hashed)
        assert not Consent.withdrawn(*who, "reminder", hashed)


def test_consent_belongs_to_the_address_it_was_given_for(api: Api, ada: str) -> None:
    api.post(f"{ada}/consent", STOP)
    api.patch(ada, {"phone": OTHER_PHONE})
    assert api.read(ada)["opted_out"] == []
    assert api.read(f"{ada}/consent")["data"] == []
    api.patch(ada, {"phone": PHONE})
    assert api.read(ada)["opted_out"] == ["sms"]


def test_history_comes_page_by_page_and_filtered(api: Api, ada: str) -> None:
    for channel in ("sms", "voice", "whatsapp"):
        assert api.post(f"{ada}/consent", STOP | {"channel": channel}).status_code == 201
    first = api.read(f"{ada}/consent", limit=2)
    rest = api.read(f"{ada}/consent", limit=2, cursor=first["next_cursor"])
    channels = [one["channel"] for one in (*first["data"], *rest["data"])]
    assert (channels, rest["next_cursor"]) == (["whatsapp", "voice", "sms"], None)
    assert len(api.read(f"{ada}/consent", channel="voice")["data"]) == 1


def test_the_same_request_with_a_key_is_one_statement(api: Api, ada: str) -> None:
    headers = {"Idempotency-Key": "stop-1"}
    first = api.post(f"{ada}/consent", STOP, headers=headers)
    again = api.post(f"{ada}/consent", STOP, headers=headers)
    assert first.json == again.json
    assert len(api.read(f"{ada}/consent")["data"]) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"granted": 1}, "granted"), ({"granted": "false"}, "granted"),
     ({"channel": "fax"}, "channel"), ({"channel": "email"}, "channel"),
     ({"purpose": "timer"}, "purpose"), ({"source": ""}, "source"),
     ({"at": "2026-01-01T00:00:00Z"}, "at")],
)  # fmt: skip
def test_a_statement_that_can_not_be_is_refused(
    api: Api, ada: str, changes: dict[str, object], field: str
) -> None:
    answer = api.post(f"{ada}/consent", STOP | changes)
    assert (answer.status_code, fields_at_fault(answer)) == (422, [field])
    assert api.read(f"{ada}/consent")["data"] == []

"""What an organization wants of dunning, as a part of its policy."""

import pytest

from tests.http.stage import Api, fields_at_fault
from tests.http.test_invoices import INVOICES, invoice, made


@pytest.mark.row("C3")
def test_an_organizations_dunning_is_part_of_its_policy(api: Api) -> None:
    stages = [{"days_overdue": 3, "channels": ["email"], "template": "dunning"}]
    policy = {"dunning": {"stages": stages, "minimum_days_between": 5, "at": "08:30"}}
    answer = api.patch("/api/v1/organization", {"policy": policy})
    assert answer.status_code == 200
    shown = api.read(f"{INVOICES}/{made(api, due_on='2999-01-01')['id']}")
    assert shown["next_reminder"] == {
        "at": "2999-01-04T07:30:00Z", "days_overdue": 3, "because": "stage",
    }  # fmt: skip
    assert shown["dunning_in_force"]["maximum"] == 5
    wrong = {"dunning": {"minimum_days_between": 0}}
    answer = api.patch("/api/v1/organization", {"policy": wrong})
    assert fields_at_fault(answer) == ["policy.dunning.minimum_days_between"]


@pytest.mark.row("C3")
def test_a_stage_needs_a_template_that_an_invoice_can_fill_in(api: Api) -> None:
    wording = {"name": "late", "channel": "sms", "locale": "en", "body": "Since {time}: {x_room}."}
    assert api.post("/api/v1/templates", wording).status_code == 201
    for template in ("no_such", "late", "reminder"):
        stages = [{"days_overdue": 1, "channels": ["sms"], "template": template}]
        policy = {"dunning": {"stages": stages}}
        answer = api.patch("/api/v1/organization", {"policy": policy})
        assert fields_at_fault(answer) == ["policy.dunning.stages.0.template"]
        answer = api.post(INVOICES, invoice(dunning={"stages": stages}))
        assert fields_at_fault(answer) == ["dunning.stages.0.template"]
    assert api.read(INVOICES)["data"] == []
    assert "dunning" not in api.read("/api/v1/organization")["policy"]

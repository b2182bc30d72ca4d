"""What a search of /console found, saved for a spreadsheet."""

import csv
import io
from collections.abc import Callable
from typing import Any

from gateway.models import base
from gateway.models.attempts import table_with
from tests.http import seed
from tests.http.staff_stage import Browser, ledger
from tests.http.stage import PHONE, Api

SignedIn = Callable[..., Browser]


def exported(browser: Browser, **fields: str) -> list[dict[str, Any]]:
    """The rows of the file."""
    browser.see("/console")
    answer = browser.post("/console/export", **fields)
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_search_can_be_saved_and_a_spreadsheet_runs_nothing_of_it(
    api: Api, signed_in: SignedIn
) -> None:
    seed.call(api, state="busy", provider_status="busy")
    evil = seed.message(api)
    with base.connection():
        table = table_with(evil)
        table.update(external_id='=HYPERLINK("x")').where(table.id == evil).execute()

    rows = exported(signed_in("viewer"), state="arrived")

    assert [row["id"] for row in rows] == [evil]
    assert rows[0]["external_id"] == '\'=HYPERLINK("x")'
    assert rows[0]["number"].strip("'") == "+49•••78"
    assert ledger() == []


def test_numbers_are_saved_only_by_who_may_see_them_and_with_an_entry(
    api: Api, signed_in: SignedIn
) -> None:
    ours = seed.call(api)
    viewer = signed_in("viewer")
    viewer.see("/console")
    assert viewer.post("/console/export", numbers="yes", reason="test").status_code == 403

    support = signed_in("support")
    assert exported(support, numbers="yes", reason="test")[0]["number"] == f"'{PHONE}"
    entry = ledger()[-1]
    assert (entry.action, entry.objects, entry.reason) == ("export-numbers", [ours], "test")
    support.see("/console")
    assert support.post("/console/export", numbers="yes").status_code == 422

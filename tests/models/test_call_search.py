"""Finding calls by what was said in them: the same ones, however many there are."""

from datetime import timedelta

import pytest

from gateway.models import base, call_search
from gateway.models.base import new_id
from gateway.models.call_log import CallLog
from gateway.models.organization import Organization
from gateway.models.transcript import Transcript
from tests import statements
from tests.databases import ON_POSTGRESQL
from tests.rows import NOW, call, notification

CALLS = 300
LIMIT = 5


def spoken(organization_id: str, texts: list[str]) -> list[str]:
    """A call a second with each of these texts, the newest first; their ids."""
    first = call(notification(organization_id), created_at=NOW)
    ids = [first.id, *(new_id("cl") for _ in texts[1:])]
    copies = [
        {**first.__data__, "id": id_, "open_key": None, "attempt": number + 1, "external_id": None,
         "created_at": NOW - timedelta(seconds=number)}
        for number, id_ in enumerate(ids)
    ]  # fmt: skip
    CallLog.insert_many(copies[1:]).execute()
    said = [
        {"organization": organization_id, "call": id_, "source_id": "TR", "text": text,
         "words": text, "received_at": NOW}
        for id_, text in zip(ids, texts, strict=True)
    ]  # fmt: skip
    Transcript.insert_many(said).execute()
    base.db.execute_sql("ANALYZE")
    return ids


def pages(organization_id: str, words: str) -> list[str]:
    """The ids of all that is found, page by page."""
    found: list[str] = []
    before = None
    while True:
        filters = {"q": words}
        page = call_search.find(organization_id, "test", filters, LIMIT, before)
        found += [row.id for row in page]
        if len(page) < LIMIT:
            return found
        before = page[-1].created_at, page[-1].id


@pytest.mark.row("F7")
def test_what_was_said_in_few_calls_or_in_most_is_found_page_by_page(organization: str) -> None:
    texts = [
        f"see you on monday {'lunch' * (n % 10 == 0)} {'fire' * (n == 250)}" for n in range(CALLS)
    ]
    ids = spoken(organization, texts)
    for word, every in (("monday", 1), ("lunch", 10), ("see monday", 1)):
        assert pages(organization, word) == ids[::every], word
    assert pages(organization, "fire") == [ids[250]]
    assert pages(organization, "tuesday") == []


@pytest.mark.row("F7")
def test_what_others_say_in_most_calls_and_we_in_few_is_found(organization: str) -> None:
    other = Organization.add("Other", "UTC", [], NOW)
    assert other is not None
    spoken(other.id, ["see you on monday"] * CALLS)
    ids = spoken(organization, [*["hello"] * 40, *["monday"] * 3])
    assert pages(organization, "monday") == ids[40:]


@ON_POSTGRESQL
def test_of_what_was_said_in_most_calls_only_the_newest_are_looked_through(
    organization: str,
) -> None:
    spoken(organization, ["see you on monday"] * CALLS)
    with statements.heard() as sent:
        found = call_search.find(organization, "test", {"q": "monday"}, LIMIT, None)
    plan = base.db.execute_sql(f"EXPLAIN ANALYZE {sent[-1].sql}", sent[-1].values).fetchall()
    looked = next(row[0] for row in plan if "SubPlan" not in row[0] and "transcript" in row[0])
    assert len(found) == LIMIT
    assert f"loops={LIMIT}" in looked, plan

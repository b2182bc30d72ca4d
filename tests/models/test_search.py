"""Searching transcripts: both databases find the same calls for the same words."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.models import base
from gateway.models.call_log import CallLog
from gateway.models.organization import Organization
from gateway.models.transcript import Transcript, searchable
from tests import servers
from tests.rows import NOW, call, notification

WORDS = [
    "hello", "Hello", "HÉLLO", "héllo", "he\u0301llo", "straße", "STRASSE", "Straẞe", "İstanbul",
    "istanbul", "don't", "don’t", "dont", "e-mail", "email", "e", "mail", "10:30", "10", "1030",
    "3.14", "v2", "snake_case", "snake", "case", "naïve", "naive", "Ωmega", "ωmega", "ΣΑΣ", "σας",
    "日本語", "日本", "テスト", "नमस्ते", "שלום", "مرحبا", "😀", "ok😀ok", "ﬁne", "fine", "²", "½",
    "\U0001f469\u200d\U0001f467", "①", "a", "the", "not", "and", "or", "NEAR", "*", '"', "'", "''",
    "(", ":", "-", "&", "|", "!", "<->", "\\", "%", "_", "\u200b", "x\u00ady", "x y", "ǅ", "ß",
]  # fmt: skip
# Providers' texts lose their NULs and lone surrogates when they are read.
strange = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6)
texts = st.lists(st.sampled_from(WORDS) | strange, min_size=1, max_size=6).map(" ".join)


def test_a_text_is_searched_by_its_lower_case_words() -> None:
    assert searchable("Don't be late: 10:30, Straße_5!") == "don t be late 10 30 straße 5"
    assert searchable("  …  😀 ") == ""
    assert searchable("ＦＵＬＬ ﬁne") == "full fine"


@given(texts)
def test_a_searchable_text_is_its_own_searchable_text(text: str) -> None:
    assert searchable(searchable(text)) == searchable(text)


@pytest.fixture(scope="module")
def both(
    postgres: servers.PostgresServer, postgres_template: str, sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, str]]:  # fmt: skip
    """The URLs of two migrated databases, one of each kind."""
    path = tmp_path_factory.mktemp("search") / "ringback.db"
    path.write_bytes(sqlite_template.read_bytes())
    url = postgres.create_database(postgres_template)
    yield f"sqlite:///{path}", url
    postgres.drop_database(url)


def _found(url: str, said: list[str], query: str) -> list[int]:
    """Which of the texts are found, by position, in one database and rolled back."""
    database = base.connect(url)
    with base.connection(), base.db.atomic() as transaction:
        organization = Organization.add("Practice", "UTC", [], NOW)
        assert organization is not None
        calls = []
        for number, text in enumerate(said):
            attempt = call(notification(organization.id), attempt=number + 1)
            Transcript.hold(attempt, "TR1", text, NOW)
            calls.append(attempt.id)
        hits = {row.id for row in CallLog.select().where(Transcript.saying(query))}
        transaction.rollback()
    database.close_all()  # type: ignore[attr-defined]
    return [number for number, id_ in enumerate(calls) if id_ in hits]


@pytest.mark.row("F7")
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=40,
)
@given(said=st.lists(texts, min_size=1, max_size=4), query=texts)
def test_both_databases_find_the_same_calls(
    both: tuple[str, str], said: list[str], query: str
) -> None:
    wanted = set(searchable(query).split())
    if not wanted:
        return
    expected = [n for n, text in enumerate(said) if wanted <= set(searchable(text).split())]
    assert _found(both[0], said, query) == expected
    assert _found(both[1], said, query) == expected


@pytest.mark.row("F7")
def test_every_word_is_found_in_the_text_that_has_it(both: tuple[str, str]) -> None:
    text = " ".join(WORDS)
    for url in both:
        for word in filter(searchable, WORDS):
            assert _found(url, [text], word) == [0], word


@pytest.mark.row("F7")
def test_only_the_newest_wording_of_a_transcript_is_found(organization: str) -> None:
    attempt = call(notification(organization))
    Transcript.hold(attempt, "TR1", "Thank you", NOW)
    Transcript.hold(attempt, "TR1", "Thank you", NOW)
    Transcript.hold(attempt, "TR1", "No thanks", NOW)
    found = [
        CallLog.select().where(Transcript.saying(word)).count() for word in ("thank", "thanks")
    ]
    assert found == [0, 1]
    kept = Transcript.select().order_by(Transcript.revision)
    assert [(row.revision, row.current) for row in kept] == [(1, False), (2, True)]

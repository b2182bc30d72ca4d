"""Days, times, sums and spans as each language writes them: golden tables."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import localized
from gateway.domain.localized import canonical, formats, languages

pytestmark = pytest.mark.row("A8")
BERLIN = "Europe/Berlin"
START = datetime(2026, 12, 1, 13, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tag", "weekday", "day", "clock", "price"),
    [
        ("en", "Tuesday", "1 December", "14:30", "€1,245.00"),
        ("en-US", "Tuesday", "December 1", "2:30 PM", "€1,245.00"),
        ("de", "Dienstag", "1. Dezember", "14:30", "1.245,00 €"),
        ("de-AT", "Dienstag", "1. Dezember", "14:30", "€ 1.245,00"),
        ("de-CH", "Dienstag", "1. Dezember", "14:30", "EUR 1'245.00"),
        ("fr", "mardi", "1 décembre", "14:30", "1 245,00 €"),
        ("es", "martes", "1 de diciembre", "14:30", "1.245,00 €"),
        ("pl", "wtorek", "1 grudnia", "14:30", "1 245,00 €"),
        ("pt-BR", "terça-feira", "1 de dezembro", "14:30", "€ 1.245,00"),
        ("ja", "火曜日", "12月1日", "14:30", "€1,245.00"),
    ],
)
def test_a_day_a_time_and_a_sum_in_many_languages(
    tag: str, weekday: str, day: str, clock: str, price: str
) -> None:
    locale, today = formats(tag, tag), date(2026, 11, 22)

    assert localized.weekday(date(2026, 12, 1), locale) == weekday
    assert localized.day(date(2026, 12, 1), today, locale) == day
    assert localized.time(START, BERLIN, locale) == clock
    assert localized.money("1245.00 EUR", locale) == price


def test_a_day_is_that_of_the_persons_zone() -> None:
    late = datetime(2026, 12, 1, 23, 30, tzinfo=UTC)
    english = formats("en", "en")

    assert localized.time(late, "Pacific/Apia", english) == "12:30"
    assert localized.moment(late, START, BERLIN, english) == "2 December, 00:30"
    assert localized.moment(late, START, "America/New_York", english) == "18:30"


def test_a_day_far_away_has_its_year() -> None:
    today, english = date(2026, 12, 1), formats("en", "en")

    assert localized.day(date(2027, 9, 1), today, english) == "1 September"
    assert localized.day(date(2027, 12, 1), today, english) == "1 December 2027"
    assert localized.day(date(2025, 12, 1), today, formats("de", "de")) == "1. Dezember 2025"
    assert localized.day(date(2027, 1, 5), today, formats("de-AT", "de")) == "5. Jänner"


@pytest.mark.parametrize(
    ("ahead", "en", "de", "fr", "es", "pl", "ja"),
    [
        (timedelta(days=2), "in 2 days", "in 2 Tagen", "dans 2 jours", "dentro de 2 días",
         "za 2 dni", "2 日後"),
        (timedelta(hours=24, seconds=-90), "in 1 day", "in 1 Tag", "dans 1 jour",
         "dentro de 1 día", "za 1 dzień", "1 日後"),
        (timedelta(hours=3), "in 3 hours", "in 3 Stunden", "dans 3 heures", "dentro de 3 horas",
         "za 3 godziny", "3 時間後"),
        (timedelta(hours=3, seconds=-8), "in 3 hours", "in 3 Stunden", "dans 3 heures",
         "dentro de 3 horas", "za 3 godziny", "3 時間後"),
        (timedelta(hours=3, minutes=5), "in 3 hours 5 minutes", "in 3 Stunden 5 Minuten",
         "dans 3 heures 5 minutes", "dentro de 3 horas 5 minutos", "za 3 godziny 5 minut",
         "3 時間 5 分後"),
        (timedelta(hours=1, minutes=30), "in 1 hour 30 minutes", "in 1 Stunde 30 Minuten",
         "dans 1 heure 30 minutes", "dentro de 1 hora 30 minutos", "za 1 godzinę 30 minut",
         "1 時間 30 分後"),
        (timedelta(minutes=30, seconds=-5), "in 30 minutes", "in 30 Minuten", "dans 30 minutes",
         "dentro de 30 minutos", "za 30 minut", "30 分後"),
        (timedelta(seconds=1), "in 1 minute", "in 1 Minute", "dans 1 minute",
         "dentro de 1 minuto", "za 1 minutę", "1 分後"),
        (timedelta(seconds=-59), "now", "jetzt", "maintenant", "ahora", "teraz", "1 分前"),
        (timedelta(minutes=-10), "10 minutes ago", "vor 10 Minuten", "il y a 10 minutes",
         "hace 10 minutos", "10 minut temu", "10 分前"),
    ],
)  # fmt: skip
def test_how_long_until_the_start(
    ahead: timedelta, en: str, de: str, fr: str, es: str, pl: str, ja: str
) -> None:
    said = [
        localized.time_until(START, START - ahead, BERLIN, formats(tag, tag))
        for tag in ("en", "de", "fr", "es", "pl", "ja")
    ]

    assert said == [en, de, fr, es, pl, ja]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-11-29T23:30:00+01:00", "in 2 days"),  # 39 hours, over two midnights
        ("2026-11-30T00:30:00+01:00", "in 1 day"),  # 38 hours, over one
        ("2026-11-30T14:30:00+01:00", "in 1 day"),
        ("2026-11-30T14:40:00+01:00", "in 23 hours 50 minutes"),
    ],
)
def test_days_are_counted_by_the_calendar(now: str, said: str) -> None:
    at = datetime.fromisoformat(now)

    assert localized.time_until(START, at, BERLIN, formats("en", "en")) == said


def test_hours_are_those_that_pass_when_clocks_change() -> None:
    # Berlin, 25 October 2026: 02:30 exists twice, so 10:00 is ten hours after 01:00.
    start = datetime.fromisoformat("2026-10-25T10:00:00+01:00")
    now = datetime.fromisoformat("2026-10-25T01:00:00+02:00")

    assert localized.time_until(start, now, BERLIN, formats("en", "en")) == "in 10 hours"


@given(
    st.integers(-3 * 86400, 40 * 86400),
    st.sampled_from(["en", "de", "fr", "es", "pl", "ja", "ar", "he", "tr", "fi", "uk", "zh-Hant"]),
)
def test_a_span_is_always_said_and_never_with_a_costly_space(seconds: int, tag: str) -> None:
    now = START - timedelta(seconds=seconds)
    said = localized.time_until(START, now, BERLIN, formats(tag, tag))

    assert said.strip() == said != ""
    assert not set("\u00a0\u202f\u2009") & set(said)


@pytest.mark.parametrize(
    ("minutes", "en", "pl"),
    [(45, "45 minutes", "45 minut"), (60, "1 hour", "1 godzina"), (1, "1 minute", "1 minuta"),
     (90, "1 hour 30 minutes", "1 godzina 30 minut"), (1500, "25 hours", "25 godzin")],
)  # fmt: skip
def test_how_long_it_takes(minutes: int, en: str, pl: str) -> None:
    assert localized.duration(minutes, formats("en", "en")) == en
    assert localized.duration(minutes, formats("pl", "pl")) == pl


@pytest.mark.parametrize(
    ("given_", "shown"),
    [("45 EUR", "€45.00"), ("EUR 45.5", "€45.50"), ("1200 JPY", "JP¥1,200"), ("45.00EUR", "€45.00"),
     ("from 45 EUR", "from 45 EUR"), ("45 QQQ", "45 QQQ"), ("free", "free"), ("-5 EUR", "-€5.00"),
     ("٤٥ EUR", "٤٥ EUR")],
)  # fmt: skip
def test_a_sum_that_can_be_read_is_written_as_usual_and_other_words_stay(
    given_: str, shown: str
) -> None:
    assert localized.money(given_, formats("en", "en")) == shown


def test_a_language_falls_back_step_by_step_to_english() -> None:
    assert languages("de-AT", "fr") == ["de-at", "de", "fr", "en"]
    assert languages("zh-Hant-TW") == ["zh-hant-tw", "zh-hant", "zh", "en"]
    assert languages(None, "en") == ["en"]


def test_figures_follow_the_persons_region_only_within_the_templates_language() -> None:
    assert str(formats("de-AT", "de")) == "de_AT"
    assert str(formats("de-AT", "en")) == "en_GB"
    assert str(formats("en-US", "en")) == "en_US"
    assert str(formats("de-XX", "de")) == "de"
    assert str(formats("nonsense", "fr")) == "fr"
    assert str(formats(None, "en")) == "en_GB"


def test_a_tag_is_kept_as_it_is_usually_written() -> None:
    assert canonical("PT-br") == "pt-BR"
    assert canonical("zh-hant-tw") == "zh-Hant-TW"
    assert canonical("es-419") == "es-419"
    assert canonical("xx") is None

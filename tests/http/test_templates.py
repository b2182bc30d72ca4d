"""Templates over HTTP: saved, versioned, listed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.http.stage import Api, fields_at_fault

pytestmark = pytest.mark.row("A8")
TEMPLATES = "/api/v1/templates"
PREVIEW = f"{TEMPLATES}/preview"


def wanted(**changes: Any) -> dict[str, Any]:
    return {"name": "reminder", "locale": "en", "body": "See you on {date}.", **changes}


def save(api: Api, **changes: Any) -> dict[str, Any]:
    answer = api.post(TEMPLATES, wanted(**changes))
    assert answer.status_code in (200, 201), answer.text
    assert answer.json is not None
    return dict(answer.json)


def test_a_template_is_kept_as_version_1(api: Api) -> None:
    answer = api.post(
        TEMPLATES,
        wanted(channel="any", subject="{weekday}", content_id="HX" + "0" * 32,
               content_variables=["name", "date", "x_room"], locale="de-at"),
    )  # fmt: skip

    assert answer.status_code == 201
    assert answer.json is not None
    made = dict(answer.json)
    assert made.pop("id").startswith("tp_")
    assert made.pop("created_at").endswith("Z")
    assert made == {
        "name": "reminder", "channel": "any", "locale": "de-AT", "version": 1, "built_in": False,
        "subject": "{weekday}", "body": "See you on {date}.",
        "placeholders": ["weekday", "date", "name", "x_room"], "content_id": "HX" + "0" * 32,
        "content_variables": ["name", "date", "x_room"],
    }  # fmt: skip


def test_a_changed_text_is_the_next_version_and_the_same_again_is_none(api: Api) -> None:
    first = save(api)
    again = api.post(TEMPLATES, wanted())
    other = save(api, body="Until {date}!")
    back = save(api)

    assert (again.status_code, again.json) == (200, first)
    assert (other["version"], back["version"]) == (2, 3)
    assert save(api, channel="voice")["version"] == 1
    assert save(api, locale="de")["version"] == 1
    assert save(api, subject="Soon")["version"] == 4


def test_an_idempotency_key_saves_once(api: Api) -> None:
    key = {"Idempotency-Key": "a-template"}
    first = api.post(TEMPLATES, wanted(), headers=key)
    save(api, body="Until {date}!")
    again = api.post(TEMPLATES, wanted(), headers=key)

    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert api.post(TEMPLATES, wanted(body="Else"), headers=key).status_code == 422
    assert len(api.read(f"{TEMPLATES}/reminder/versions", locale="en", channel="any")["data"]) == 3


def test_writers_at_the_same_moment_get_versions_of_their_own(api: Api) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: save(api, body=f"Text {n}"), range(8)))

    assert sorted(one["version"] for one in made) == list(range(1, 9))


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"body": "Hello {nmae}"}, "body", "{nmae} is not a placeholder: did you mean {name}"),
    ({"subject": "{naem}"}, "subject", "{name}"),
    ({"body": "{name.__class__}"}, "body", "{name}"),
    ({"body": "{name"}, "body", "doubled"),
    ({"body": "{name!r:>5}"}, "body", "{name}"),
    ({"content_id": "HX1", "content_variables": ["nmae"]}, "content_variables", "{name}"),
    ({"content_variables": ["name"]}, "content_variables", "content_id"),
    ({"content_id": "HX 1"}, "content_id", "carrier"),
    ({"content_id": "HX1", "channel": "sms"}, "content_id", "WhatsApp"),
    ({"subject": "Hi", "channel": "sms"}, "subject", "e-mail"),
    ({"name": "Reminder 1"}, "name", "lower-case"),
    ({"name": "a" * 121}, "name", "120"),
    ({"locale": "xx"}, "locale", "language"),
    ({"locale": "it", "body": "{greeting}"}, "body", "en, de, fr, es, pl"),
    ({"channel": "fax"}, "channel", "Must be one of"),
    ({"body": "a" * 1601}, "body", "1600"),
    ({"body": "a" * 1601, "channel": "sms"}, "body", "1600"),
    ({"body": "a" * 3001, "channel": "voice"}, "body", "3000"),
    ({"body": "a\u202eb"}, "body", "invisible"),
    ({"body": "  "}, "body", "empty"),
    ({"subject": "a\nb"}, "subject", "control"),
    ({"subject": "a" * 201}, "subject", "200"),
    ({"colour": "red"}, "colour", "Unknown"),
]


def test_what_could_never_be_sent_is_refused_where_it_is_saved(
    api: Api, subtests: pytest.Subtests
) -> None:
    for changes, field, says in REFUSED:
        with subtests.test(field, says=says):
            answer = api.post(TEMPLATES, wanted(**changes))

            assert answer.status_code == 422
            assert fields_at_fault(answer) == [field]
            assert says in answer.text
    assert api.read(TEMPLATES)["data"] == []


def test_a_long_text_is_fine_where_the_channel_takes_it(api: Api) -> None:
    assert save(api, channel="email", body="a" * 20_000)["version"] == 1
    assert save(api, channel="sms", body="a" * 1600 + "{name}")["version"] == 1


def test_the_list_shows_the_newest_of_each_page_by_page(api: Api) -> None:
    for body in ("One {date}", "Two {date}"):
        for locale in ("en", "de", "fr"):
            save(api, body=body, locale=locale)
    first = api.read(TEMPLATES, limit=2)
    second = api.read(TEMPLATES, limit=2, cursor=first["next_cursor"])
    rows = [*first["data"], *second["data"]]

    assert [(one["locale"], one["version"]) for one in rows] == [("fr", 2), ("de", 2), ("en", 2)]
    assert second["next_cursor"] is None
    assert [one["locale"] for one in api.read(TEMPLATES, locale="DE")["data"]] == ["de"]
    assert api.read(TEMPLATES, name="reminder", channel="sms")["data"] == []
    assert api.get(f"{TEMPLATES}?limit=2&cursor={first['next_cursor']}x").status_code == 400


def test_what_is_built_in_is_listed_when_asked_for(api: Api) -> None:
    save(api)
    listed: list[dict[str, Any]] = []
    cursor = None
    while True:
        more: dict[str, str] = {"cursor": cursor} if cursor else {}
        page = api.read(TEMPLATES, built_in="true", limit=20, **more)
        listed += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert all(one["built_in"] and one["version"] == 0 and one["id"] is None for one in listed)
    keys = {(one["name"], one["channel"], one["locale"]) for one in listed}
    assert len(keys) == len(listed) > 60
    assert ("reminder", "voice", "pl") in keys
    german = api.read(TEMPLATES, built_in="true", name="help", locale="de", channel="any")["data"]
    assert [one["name"] for one in german] == ["help"]


def test_versions_go_back_to_what_is_built_in(api: Api) -> None:
    save(api)
    save(api, body="Until {date}!")
    shown = api.read(f"{TEMPLATES}/reminder/versions", locale="en", channel="any")["data"]

    assert [(one["version"], one["built_in"]) for one in shown] == [
        (2, False), (1, False), (0, True),
    ]  # fmt: skip
    paged: list[dict[str, Any]] = []
    cursor = None
    for _ in range(3):
        more: dict[str, str] = {"cursor": cursor} if cursor else {}
        page = api.read(
            f"{TEMPLATES}/reminder/versions", locale="en", channel="any", limit=1, **more
        )
        paged, cursor = [*paged, *page["data"]], page["next_cursor"]
    assert (paged, cursor) == (shown, None)
    assert api.get(f"{TEMPLATES}/nothing/versions").status_code == 404
    assert api.get(f"{TEMPLATES}/No%20Name/versions").status_code == 404
    assert api.read(f"{TEMPLATES}/help/versions", channel="email")["data"] == []


def test_another_organization_has_templates_of_its_own(
    api: Api, new_api: Callable[[str], Api]
) -> None:
    other = new_api("Another salon")
    save(api, name="welcome", body="Ours alone {x_a}")
    save(api, body="Ours alone {x_a}")

    assert other.read(TEMPLATES)["data"] == []
    assert other.get(f"{TEMPLATES}/welcome/versions").status_code == 404
    assert all(one["built_in"] for one in other.read(f"{TEMPLATES}/reminder/versions")["data"])
    none = other.post(PREVIEW, {"name": "welcome", "channel": "sms"})
    assert (none.status_code, fields_at_fault(none)) == (422, ["name"])
    ours = other.post(PREVIEW, {"name": "reminder", "channel": "sms"})
    assert (ours.status_code, ours.json and ours.json["version"]) == (200, 0)
    assert save(other)["version"] == 1
    cursor = api.read(TEMPLATES, limit=1)["next_cursor"]
    assert other.get(f"{TEMPLATES}?limit=1&cursor={cursor}").status_code == 400


def test_both_modes_share_the_templates(api: Api) -> None:
    made = save(api)

    assert api.with_key(api.account.live_key).read(TEMPLATES)["data"] == [made]

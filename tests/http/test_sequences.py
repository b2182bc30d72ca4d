"""Nurture campaigns over HTTP."""

from typing import Any

import pytest

from tests.http.stage import PHONE, Api, fields_at_fault

pytestmark = pytest.mark.row("C2")
SEQUENCES, ENROLMENTS = "/api/v1/sequences", "/api/v1/enrolments"
STEP: dict[str, Any] = {"after_minutes": 60, "channels": ["sms"], "text": "See you soon."}


def steps(*minutes: int) -> list[dict[str, Any]]:
    return [{**STEP, "after_minutes": one} for one in minutes]


def made(api: Api, **changes: Any) -> dict[str, Any]:
    answer = api.post(SEQUENCES, {"name": "Welcome", "steps": steps(60, 120), **changes})
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    return dict(answer.json)


def enrolled(api: Api, sequence: dict[str, Any], **person: Any) -> dict[str, Any]:
    who = {"contact": {"phone": PHONE, "name": "Ada", **person}}
    answer = api.post(f"{SEQUENCES}/{sequence['id']}/enrolments", who)
    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    return dict(answer.json)


def test_a_sequence_is_kept_as_version_1_and_can_be_read(api: Api) -> None:
    plan = [{"channel": "whatsapp", "unless": "read", "within_minutes": 30}, {"channel": "sms"}]
    sequence = made(api, steps=[{"after_minutes": 0, "channels": plan, "text": "Hello."}])
    (step,) = sequence["steps"]
    assert step["id"].startswith("st_")
    assert step["channels"] == [plan[0], {"channel": "sms", "unless": None, "within_minutes": None}]
    assert (sequence["version"], sequence["paused"], sequence["archived"]) == (1, False, False)
    assert sequence["leave_on"] == ["booked", "opted_out", "replied"]
    assert sequence["enrolments"] == dict.fromkeys(
        ("scheduled", "active", "paused", "finished", "exhausted", "excluded"), 0
    )
    assert api.read(f"{SEQUENCES}/{sequence['id']}") == sequence
    listed = api.read(SEQUENCES)["data"]
    assert [one["id"] for one in listed] == [sequence["id"]]


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"steps": []}, "steps", "between 1 and 50"),
    ({"steps": steps(*range(51))}, "steps", "between 1 and 50"),
    ({"name": " "}, "name", "empty"),
    ({"leave_on": ["bored"]}, "leave_on.0", "Must be one of"),
    ({"colour": "red"}, "colour", "Unknown"),
    ({"steps": [{**STEP, "after_minutes": -1}]}, "steps.0.after_minutes", "0"),
    ({"steps": [{**STEP, "after_minutes": 1.5}]}, "steps.0.after_minutes", "whole"),
    ({"steps": [{**STEP, "after_minutes": True}]}, "steps.0.after_minutes", "whole"),
    ({"steps": [{**STEP, "channels": ["fax"]}]}, "steps.0.channels.0.channel", "one of"),
    ({"steps": [{**STEP, "channels": []}]}, "steps.0.channels", "1 to 5"),
    ({"steps": [{**STEP, "channels": ["voice"]}]}, "steps.0.text", "say"),
    ({"steps": [{**STEP, "subject": "Hi"}]}, "steps.0.subject", "e-mail"),
    ({"steps": [{**STEP, "id": "st_1"}]}, "steps.0.id", "Unknown"),
    ({"steps": [{**STEP, "text": ...}]}, "steps.0.template", "required"),
    ({"steps": [{**STEP, "variables": {"x_a": "1"}}]}, "steps.0.variables", "template"),
    ({"steps": [{**STEP, "text": ..., "template": "nowhere"}]}, "steps.0.template", "no template"),
    (
        {"steps": [{**STEP, "text": ..., "template": "reminder", "variables": {"nmae": "x"}}]},
        "steps.0.variables", "{name}",
    ),
]  # fmt: skip


def test_what_can_not_be_is_refused_with_the_field_at_fault(
    api: Api, subtests: pytest.Subtests
) -> None:
    for changes, field, says in REFUSED:
        with subtests.test(field, says=says):
            body = {"name": "Welcome", "steps": steps(60), **changes}
            body["steps"] = [
                {name: value for name, value in step.items() if value is not ...}
                for step in body["steps"]
            ]
            answer = api.post(SEQUENCES, body)

            assert answer.status_code == 422, answer.text
            assert fields_at_fault(answer) == [field]
            assert says in answer.text
    assert api.read(SEQUENCES)["data"] == []


def test_somebody_is_enrolled_once_and_their_progress_can_be_read(api: Api) -> None:
    sequence = made(api, steps=steps(0, 120))
    one = enrolled(api, sequence, external_id="c-1")
    first, second = [step["id"] for step in sequence["steps"]]
    assert [(step["id"], step["progress"]) for step in one["steps"]] == [
        (first, "done"), (second, "next"),
    ]  # fmt: skip
    told = one["steps"][0]["notification"]
    assert (told["kind"], told["channel"], told["state"]) == ("sequence", "sms", "scheduled")
    assert one["contact"]["external_id"] == "c-1"
    assert one["next"]["step_id"] == second
    assert one["next"]["at"] > one["enrolled_at"]
    again = api.post(
        f"{SEQUENCES}/{sequence['id']}/enrolments",
        {"contact": {"id": one["contact"]["id"]}, "variables": {"x_a": "ignored"}},
    )
    assert (again.status_code, again.json) == (200, one)
    assert api.read(f"{SEQUENCES}/{sequence['id']}")["enrolments"]["active"] == 1


def test_an_idempotency_key_enrols_once(api: Api) -> None:
    sequence, key = made(api), {"Idempotency-Key": "enrol-c-1"}
    path, body = f"{SEQUENCES}/{sequence['id']}/enrolments", {"contact": {"phone": PHONE}}
    first, again = (api.post(path, body, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code, again.json) == (201, 201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_people_who_can_not_be_enrolled_are_refused(api: Api, subtests: pytest.Subtests) -> None:
    sequence = made(
        api, steps=[{"after_minutes": 0, "channels": ["email"], "template": "reminder"}]
    )
    path = f"{SEQUENCES}/{sequence['id']}/enrolments"
    refused: list[tuple[dict[str, Any], str]] = [
        ({}, "contact"),
        ({"contact": {}}, "contact.phone"),
        ({"contact": {"phone": "12"}}, "contact.phone"),
        ({"contact": {"phone": PHONE, "id": "ct_1"}}, "contact.id"),
        ({"contact": {"phone": PHONE}}, "contact.email"),
        ({"contact": {"email": "ada@example.com"}}, "variables"),
        ({"contact": {"email": "ada@example.com"}, "variables": {"nmae": "x"}}, "variables"),
        ({"contact": {"email": "ada@example.com"}, "variables": []}, "variables"),
    ]
    for body, field in refused:
        with subtests.test(field, body=str(body)):
            answer = api.post(path, body)
            assert (answer.status_code, fields_at_fault(answer)) == (422, [field]), answer.text
    assert api.read(path)["data"] == []
    assert api.post(path, {"contact": {"id": "ct_nobody"}}).status_code == 404


@pytest.mark.parametrize("base", [ENROLMENTS, f"{SEQUENCES}/enrolments"])
def test_one_person_is_paused_resumed_and_stopped(api: Api, base: str) -> None:
    one = f"{base}/{enrolled(api, made(api))['id']}"
    for act, state in (("pause", "paused"), ("resume", "scheduled"), ("stop", "excluded")):
        for _ in range(2):
            answer = api.ask("POST", f"{one}/{act}")
            assert answer.json is not None
            assert (answer.status_code, answer.json["state"]) == (200, state)
    assert api.read(one)["reason"] == "stopped"
    for act in ("pause", "resume"):
        assert api.ask("POST", f"{one}/{act}").status_code == 409


def test_a_whole_sequence_or_a_segment_is_paused_resumed_and_stopped(api: Api) -> None:
    sequence = made(api)
    path = f"{SEQUENCES}/{sequence['id']}"
    ids = [enrolled(api, sequence, external_id=f"c-{n}")["id"] for n in range(3)]
    some = {"external_ids": ["c-0", "c-1"]}

    def act(what: str, body: Any = None) -> dict[str, Any]:
        sent = {} if body is None else {"json": body}
        answer = api.ask("POST", f"{path}/{what}", **sent)
        assert answer.status_code == 200, answer.text
        assert answer.json is not None
        return dict(answer.json)

    assert act("pause")["sequence"]["paused"] is True
    assert api.read(f"{ENROLMENTS}/{ids[0]}")["next"]["at"] is None
    assert act("resume", {})["sequence"]["paused"] is False
    paused = act("pause", some)
    assert (paused["changed"], paused["remaining"]) == (2, 0)
    assert paused["sequence"]["enrolments"]["paused"] == 2
    assert act("resume", {"states": ["paused"]})["changed"] == 2
    assert act("stop", some)["sequence"]["enrolments"]["excluded"] == 2
    assert act("stop")["changed"] is None
    for body, field in (
        ({"contacts": []}, "contacts"), ({"states": ["bored"]}, "states.0"), ({"all": True}, "all"),
    ):  # fmt: skip
        assert fields_at_fault(api.post(f"{path}/stop", body)) == [field]


def test_a_sequence_is_changed_by_naming_its_steps(api: Api) -> None:
    sequence = made(api)
    path, (first, second) = f"{SEQUENCES}/{sequence['id']}", sequence["steps"]
    wanted = [{**STEP, "id": second["id"]}, {**STEP, "id": None, "after_minutes": 5}]
    changed = api.patch(path, {"version": 1, "name": "Hello", "steps": wanted})
    assert (changed.status_code, changed.json["version"]) == (200, 2)  # type: ignore[index]
    kept = api.read(path)
    assert (kept["name"], [step["after_minutes"] for step in kept["steps"]]) == ("Hello", [60, 5])
    assert kept["steps"][0]["id"] == second["id"]
    assert kept["steps"][1]["id"] not in (first["id"], second["id"])
    refused: list[tuple[dict[str, Any], int, list[str]]] = [
        ({"version": 1, "name": "X"}, 409, []),
        ({"version": 2}, 422, ["body"]),
        ({"steps": steps(1)}, 422, ["steps.0.id"]),
        ({"steps": [{**STEP, "id": first["id"]}]}, 422, ["steps.0.id"]),
        ({"steps": [wanted[0], wanted[0]]}, 422, ["steps"]),
        ({"steps": []}, 422, ["steps"]),
    ]
    for body, status, fields in refused:
        answer = api.patch(path, body)
        assert answer.status_code == status, answer.text
        if status == 422 and fields != ["body"]:
            assert fields_at_fault(answer) == fields


def test_an_archived_sequence_is_read_and_not_used(api: Api) -> None:
    sequence = made(api)
    path = f"{SEQUENCES}/{sequence['id']}"
    for _ in range(2):
        answer = api.delete(path)
        assert (answer.status_code, answer.json["archived"]) == (200, True)  # type: ignore[index]
    assert api.read(path)["archived"] is True
    assert api.read(SEQUENCES)["data"] == []
    assert [one["id"] for one in api.read(SEQUENCES, archived="true")["data"]] == [sequence["id"]]
    assert api.post(f"{path}/enrolments", {"contact": {"phone": PHONE}}).status_code == 409
    assert api.post(f"{path}/pause", {}).status_code == 409
    assert api.patch(path, {"name": "X"}).status_code == 409


def test_people_are_listed_page_by_page_and_filtered(api: Api) -> None:
    sequence, other = made(api), made(api)
    ids = [enrolled(api, sequence, external_id=f"c-{n}")["id"] for n in range(3)]
    alone = enrolled(api, other, external_id="c-0")
    api.ask("POST", f"{ENROLMENTS}/{ids[0]}/pause")
    path = f"{SEQUENCES}/{sequence['id']}/enrolments"
    first = api.read(path, limit=2)
    second = api.read(path, limit=2, cursor=first["next_cursor"])
    assert [one["id"] for one in (*first["data"], *second["data"])] == ids[::-1]
    assert [one["id"] for one in api.read(path, state="paused")["data"]] == [ids[0]]
    contact = {"contact_id": alone["contact"]["id"]}
    assert [one["id"] for one in api.read(ENROLMENTS, **contact)["data"]] == [alone["id"], ids[0]]
    both = {**contact, "sequence_id": other["id"]}
    assert [one["id"] for one in api.read(ENROLMENTS, **both)["data"]] == [alone["id"]]
    assert api.get(f"{ENROLMENTS}?state=bored").status_code == 422

"""Many claims that come to the gate together fare as if each had come alone."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gateway.models.attempts import of_notifications
from gateway.models.hold import Hold, kind_scope
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.usecases import gate_batches
from tests.usecases.crowd import HOUR, LEASE, NOW, Crowd, Opening, account_scope, feed

POLICIES = st.fixed_dictionaries(
    {"quiet_hours": st.sampled_from([None, {"from": "09:30", "to": "10:30", "action": "defer"}])},
    optional={
        "caps": st.sampled_from([{}, {"day": 1}, {"day": 2}]),
        "gap_seconds": st.sampled_from([0, 600]),
    },
)
FATES: dict[str, dict[str, Any]] = {
    "plain": {}, "canceled": {"cancel_requested_at": NOW}, "wordless": {"wording": {}},
    "expired": {"expires_at": NOW}, "early": {"due_at": NOW + HOUR},
}  # fmt: skip
ONE = st.fixed_dictionaries(
    {
        "person": st.integers(0, 4),
        "channel": st.sampled_from(["voice", "sms", "whatsapp", "email"]),
        "kind": st.sampled_from(["call", "before", "every"]),
        "about": st.sampled_from(["nothing", "booking", "moved", "canceled", "template"]),
        "fate": st.sampled_from(["plain"] * 5 + ["canceled", "expired", "early", "wordless"]),
    }
)


def _fill(crowd: Crowd, wanted: list[dict[str, Any]], stopped: set[int], called: set[int]) -> None:
    """Rows as they are wanted, of five people of whom some stopped all text messages, and some were
    called lately."""
    people = [crowd.person() for _ in range(5)]
    for number in called:
        crowd.called(people[number])
    for number in sorted(stopped):
        crowd.stops(people[number], "sms")
    for one in wanted:
        person, more = people[one["person"]], dict[str, Any]()
        if one["about"] != "nothing":
            state = "canceled" if one["about"] == "canceled" else "booked"
            version = 2 if one["about"] == "moved" else 1
            booking = crowd.booking(person, state=state, schedule_version=version)
            more = {"booking": booking.id, "purpose": "reminder", "subject_type": "booking"}
            more["subject_id"] = booking.id
        if one["about"] == "template":
            more["wording"] = {}
        crowd.adds(person, one["channel"], kind=one["kind"], **(more | FATES[one["fate"]]))


def _ends(crowd: Crowd) -> list[tuple[Any, ...]]:
    """How the rows stand, with their attempts, and what the feed says."""
    found, name = [], Organization.get_by_id(crowd.organization).name
    for id_ in crowd.rows:
        row = Notification.get_by_id(id_)
        made = of_notifications([id_])
        waits = row.next_attempt_at
        soon = waits is not None and row.slot_at == NOW  # when its line may be free
        attempts = [
            (one.state, str(one.text).replace(name, "We"), one.template, one.provider, one.attempt)
            for one in made
        ]
        found.append(
            (
                row.state, row.reason, row.failure_class, "soon" if soon else waits, row.slot_at,
                bool(row.held_by), row.lease_until, row.tries, row.claim, row.finished_at, attempts,
                feed([id_]), feed([one.id for one in made]),
            )
        )  # fmt: skip
    return found


@pytest.mark.row("A2")
def test_any_mixture_fares_together_as_one_by_one(crowd: Opening) -> None:
    some = st.sets(st.integers(0, 4))
    holds = st.sampled_from([None, "kind", "provider"])

    @given(st.lists(ONE, min_size=1, max_size=10), POLICIES, some, some, holds)
    @hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def alike(
        wanted: list[dict[str, Any]], policy: dict[str, Any], stopped: set[int], called: set[int],
        held: str | None,
    ) -> None:  # fmt: skip
        alone, together = crowd(), crowd()
        for one in (alone, together):
            one.obeys(**policy)
            _fill(one, wanted, stopped, called)
        scopes = {"kind": kind_scope("reminder"), "provider": account_scope()}
        if held:
            Hold.put(scopes[held], "test", NOW)
        opened = {len(alone.alone()), len(together.together())}
        assert len(opened) == 1
        assert _ends(together) == _ends(alone)
        Hold.delete().execute()

    alike()


@pytest.mark.row("C9")
def test_the_second_for_a_person_is_counted_after_the_first(crowd: Opening) -> None:
    mine = crowd()
    mine.obeys(quiet_hours=None, caps={"day": 1})
    person = mine.person()
    for channel in ("sms", "email", "voice"):
        mine.adds(person, channel, kind="before")
    opened, left = gate_batches.open_together(mine.claims, NOW, LEASE)
    assert [one.notification.id for one in opened] == mine.rows[:1]
    assert [id_ for id_, _ in left] == mine.rows[1:]
    assert mine.alone() == []
    states = [(row.state, row.reason) for row in map(Notification.get_by_id, mine.rows)]
    assert states == [("sending", None)] + [("suppressed", "frequency_cap")] * 2


@pytest.mark.row("A2")
def test_claims_of_several_organizations_come_together(crowd: Opening) -> None:
    strict, free, held = many = [crowd() for _ in range(3)]
    strict.obeys(quiet_hours={"from": "09:30", "to": "10:30"}, strict=True)
    Hold.put(kind_scope("request", held.organization), "test", NOW)
    for one in many:
        for channel in ("voice", "sms", "whatsapp", "email"):
            one.adds(one.person(), channel)
    mixed = [
        claim for claims in zip(*(one.claims for one in many), strict=True) for claim in claims
    ]
    opened, left = gate_batches.open_together(mixed, NOW, LEASE)
    assert (left, [one.notification.id for one in opened]) == ([], free.rows)
    assert {one.attempt.organization_id for one in opened} == {free.organization}
    found = [{Notification.get_by_id(id_).reason for id_ in one.rows} for one in many]
    assert found == [{"quiet_hours"}, {None}, {None}]
    scope = kind_scope("request", held.organization)
    assert {Notification.get_by_id(id_).held_by for id_ in held.rows} == {scope}

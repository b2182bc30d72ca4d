"""Which step of a sequence is next, and when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import channel_plan, lifecycle, sequences
from gateway.domain.lifecycle import EnrolmentState as E
from gateway.domain.sequences import Step, next_step, progress

pytestmark = pytest.mark.row("C2")
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SMS = channel_plan.read(["sms"])


def steps(ids: str, minutes: int = 60) -> list[Step]:
    """A step for each letter."""
    return [Step(id_, minutes, SMS, text=f"This is {id_}.") for id_ in ids]


def following(ids: str, done: str) -> str | None:
    found = next_step(steps(ids), list(done))
    return found.id if found else None


@pytest.mark.parametrize(
    ("ids", "done", "expected"),
    [
        ("abc", "", "a"),
        ("abc", "a", "b"),
        ("abc", "abc", None),
        ("bc", "a", "b"),  # taken out after it was done
        ("axbc", "a", "x"),  # put in ahead
        ("xab", "a", "b"),  # put in before a done one: not made up for
        ("bca", "a", None),  # the done one was moved to the end
        ("xyz", "ab", "x"),  # all of them replaced
        ("acb", "ab", None),
        ("", "a", None),
    ],
)
def test_the_next_step_is_the_one_after_the_last_that_was_done(
    ids: str, done: str, expected: str | None
) -> None:
    assert following(ids, done) == expected


@given(
    st.lists(st.sampled_from("abcdefgh"), unique=True),
    st.lists(st.sampled_from("abcdefgh"), unique=True),
)
def test_no_step_comes_twice_and_none_after_one_that_stands_behind_it(
    listed: list[str], done: list[str]
) -> None:
    while (step := next_step(steps("".join(listed)), done)) is not None:
        assert step.id not in done
        assert not set(listed[listed.index(step.id) :]) & set(done)
        done = [*done, step.id]
    assert not listed or listed[-1] in done


def test_progress_tells_every_step_once_in_order() -> None:
    found = progress(steps("xbyc"), ["a", "b"], over=False)
    assert {id_: str(where) for id_, where in found.items()} == {
        "a": "done", "x": "skipped", "b": "done", "y": "next", "c": "ahead",
    }  # fmt: skip
    assert list(found) == ["a", "x", "b", "y", "c"]
    over = progress(steps("bc"), ["b"], over=True)
    assert [str(where) for where in over.values()] == ["done", "unused"]


def test_a_step_is_due_its_minutes_after_the_one_before_left() -> None:
    (step,) = steps("a", 90)
    assert step.due_at(NOW) == NOW + timedelta(minutes=90)


def test_a_step_comes_back_from_where_it_is_kept_as_it_was() -> None:
    plan = channel_plan.read(["whatsapp", "sms"])
    step = Step("a", 5, plan, template="welcome", variables={"x_gift": "mug"})
    assert Step.from_json(step.to_json()) == step


def test_a_persons_values_come_before_the_steps_own() -> None:
    step = Step("a", 0, SMS, template="welcome", variables={"x_gift": "mug", "link": "a.example"})
    assert step.wording({"x_gift": "cup"}) == {
        "template": "welcome", "variables": {"x_gift": "cup", "link": "a.example"},
    }  # fmt: skip
    assert Step("b", 0, SMS, text="Hello").wording({"x_gift": "cup"}) == {"text": "Hello"}


def test_an_end_is_looked_for_less_and_less_often_and_a_step_not_before_it_can_be_due() -> None:
    look = sequences.look_again
    assert look(None, NOW, NOW) == NOW + timedelta(minutes=1)
    assert look(None, NOW - timedelta(hours=2), NOW) == NOW + timedelta(hours=1)
    assert look(None, NOW - timedelta(days=9), NOW) == NOW + timedelta(hours=6)
    (soon,), (later,) = steps("a", 0), steps("b", 60)
    assert look(soon, NOW, NOW) == NOW + timedelta(minutes=1)
    assert look(later, NOW, NOW) == NOW + timedelta(hours=1)


def test_an_enrolment_that_has_ended_never_begins_again() -> None:
    over = {state for state in E if not lifecycle.ENROLMENT_MOVES[state]}
    assert over == {E.FINISHED, E.EXHAUSTED, E.EXCLUDED}
    assert E.EXHAUSTED not in lifecycle.ENROLMENT_MOVES[E.PAUSED]

"""Channel plans: what is a plan, and when the next channel is not needed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import channel_plan
from gateway.domain.channel_plan import CHANNELS, UNLESS, Plan, Step, satisfied
from gateway.domain.errors import Invalid
from gateway.domain.lifecycle import AttemptState, CallState, MessageState

C, M = CallState, MessageState

READS: dict[str, tuple[list[Any], Plan]] = {
    "one channel": (["sms"], (Step("sms"),)),
    "an hour for the first, and nothing to wait for after the last": (
        ["whatsapp", "sms"], (Step("whatsapp", "delivered", 60), Step("sms"))),
    "what is written counts": (
        [{"channel": "whatsapp", "unless": "read", "within_minutes": 30},
         {"channel": "voice", "unless": "answered"}, "sms"],
        (Step("whatsapp", "read", 30), Step("voice", "answered", 60), Step("sms"))),
    "minutes alone are for the delivery": (
        [{"channel": "email", "within_minutes": 5}, {"channel": "voice"}],
        (Step("email", "delivered", 5), Step("voice"))),
    "the last may wait as well": (
        [{"channel": "voice", "unless": "answered"}], (Step("voice", "answered", 60),)),
    "a step that leaves null is as if it left it out": (
        [{"channel": "sms", "unless": None, "within_minutes": None}], (Step("sms"),)),
}  # fmt: skip

WRONG: list[tuple[Any, str]] = [
    ([], "channels"),
    ("sms", "channels"),
    ({"channel": "sms"}, "channels"),
    (["sms", "voice", "email", "whatsapp", "sms", "voice"], "channels"),
    (["sms", "sms"], "channels.1.channel"),
    (["fax"], "channels.0.channel"),
    ([7], "channels.0"),
    ([{"unless": "read"}], "channels.0"),
    ([{"channel": "sms", "within": 5}], "channels.0"),
    ([{"channel": ["sms"]}], "channels.0.channel"),
    ([{"channel": "sms", "unless": "read"}, "voice"], "channels.0.unless"),
    ([{"channel": "voice", "unless": "read"}, "sms"], "channels.0.unless"),
    ([{"channel": "whatsapp", "unless": "answered"}, "sms"], "channels.0.unless"),
    ([{"channel": "email", "unless": "answered"}], "channels.0.unless"),
    ([{"channel": "sms", "unless": "failed"}, "voice"], "channels.0.unless"),
    ([{"channel": "sms", "unless": []}, "voice"], "channels.0.unless"),
    ([{"channel": "sms", "within_minutes": 0}, "voice"], "channels.0.within_minutes"),
    ([{"channel": "sms", "within_minutes": True}, "voice"], "channels.0.within_minutes"),
    ([{"channel": "sms", "within_minutes": 10_081}, "voice"], "channels.0.within_minutes"),
    ([{"channel": "sms", "within_minutes": "5"}, "voice"], "channels.0.within_minutes"),
]

DONE: list[tuple[str, AttemptState, str | None, set[str]]] = [
    ("whatsapp", M.SENDING, None, set()),
    ("whatsapp", M.SENT, None, set()),
    ("whatsapp", M.DELIVERED, None, {"delivered"}),
    ("whatsapp", M.READ, None, {"delivered", "read"}),
    ("whatsapp", M.UNDELIVERED, None, set()),
    ("sms", M.DELIVERED, None, {"delivered"}),
    ("sms", M.UNKNOWN, None, set()),
    ("email", M.READ, None, {"delivered", "read"}),
    ("voice", C.RINGING, None, set()),
    ("voice", C.IN_PROGRESS, None, {"delivered", "answered"}),
    ("voice", C.COMPLETED, None, {"delivered", "answered"}),
    ("voice", C.COMPLETED, "human", {"delivered", "answered"}),
    ("voice", C.COMPLETED, "unknown", {"delivered", "answered"}),
    ("voice", C.COMPLETED, "machine_start", {"delivered"}),
    ("voice", C.COMPLETED, "machine_end_beep", {"delivered"}),
    ("voice", C.IN_PROGRESS, "fax", {"delivered"}),
    ("voice", C.NO_ANSWER, None, set()),
    ("voice", C.CANCELED, None, set()),
]


@pytest.mark.parametrize(("items", "plan"), READS.values(), ids=READS)
def test_a_plan_is_read_as_it_is_meant(items: list[Any], plan: Plan) -> None:
    assert channel_plan.read(items) == plan


@pytest.mark.parametrize(("items", "field"), WRONG)
def test_a_plan_that_can_not_be_is_refused_by_name(items: Any, field: str) -> None:
    with pytest.raises(Invalid) as fault:
        channel_plan.read(items)
    assert fault.value.field == field


def test_only_the_last_step_waits_for_nothing() -> None:
    with pytest.raises(Invalid) as fault:
        channel_plan.check((Step("sms"), Step("voice")), "reminders.2.channels")
    assert fault.value.field == "reminders.2.channels.0.unless"
    with pytest.raises(Invalid):
        channel_plan.check((Step("sms", within_minutes=5),))


@pytest.mark.parametrize(("channel", "state", "answered_by", "true"), DONE)
def test_what_a_carrier_reports_makes_the_next_channel_needless(
    channel: str, state: AttemptState, answered_by: str | None, true: set[str]
) -> None:
    found = {word for word in UNLESS if satisfied(Step(channel, word, 5), state, answered_by)}
    assert found == true


@pytest.mark.parametrize("state", [*CallState, *MessageState])
def test_a_step_that_waits_for_nothing_has_what_it_waits_for(state: AttemptState) -> None:
    assert satisfied(Step("sms"), state)


steps = st.one_of(
    st.builds(Step, st.sampled_from(CHANNELS), st.just("delivered"), st.integers(1, 10_080)),
    st.builds(Step, st.sampled_from(["whatsapp", "email"]), st.just("read"), st.integers(1, 60)),
    st.builds(Step, st.just("voice"), st.just("answered"), st.integers(1, 60)),
)
plans = st.lists(steps, min_size=1, max_size=4, unique_by=lambda step: step.channel).flatmap(
    lambda made: st.sampled_from([tuple(made), (*made[:-1], Step(made[-1].channel))])
)


@given(plans)
def test_a_plan_survives_being_kept_and_being_read_again(plan: Plan) -> None:
    kept = channel_plan.to_json(plan)
    assert channel_plan.from_json(kept) == plan
    assert channel_plan.read(kept) == plan


@given(plans, plans)
def test_steps_that_differ_have_different_keys(one: Plan, other: Plan) -> None:
    assert ([step.key for step in one] == [step.key for step in other]) == (one == other)


def test_the_plan_that_a_notification_has_kept_so_far_is_one_step() -> None:
    assert channel_plan.from_json([{"channel": "voice"}]) == (Step("voice"),)
    assert channel_plan.to_json((Step("voice"),)) == [{"channel": "voice"}]

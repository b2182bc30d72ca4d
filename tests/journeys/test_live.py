"""Live mode, against a stand-in at TWILIO_API_BASE_URL, beside test mode on the sandbox."""

import pytest

from tests.client import ANSWERED
from tests.conftest import StartStack
from tests.databases import ON_POSTGRESQL
from tests.stack import special

pytestmark = ON_POSTGRESQL

ACCOUNT, TOKEN = "AC" + "a" * 32, "the live token"


@pytest.mark.row("D5")
def test_a_live_key_calls_through_the_configured_account(start_stack: StartStack) -> None:
    from tests.stack import Sandbox, Served

    served = Served()
    stack = start_stack(
        parts=(),
        TWILIO_ACCOUNT_SID=ACCOUNT,
        TWILIO_AUTH_TOKEN=TOKEN,
        TWILIO_FROM_NUMBER="+12125550199",
        TWILIO_API_BASE_URL=served.url,
    )
    stand_in = Sandbox(
        served, stack.settings, stack.folder / "live.jsonl", account_sid=ACCOUNT, auth_token=TOKEN
    )
    try:
        stack.start_worker()
        stack.start_clock()
        live, test = stack.live.call(ANSWERED), stack.api.call(special("0141"))
        assert [stack.outcome(made["id"]) for made in (live, test)] == ["reached", "reached"]
        (called,) = stack.live.calls()
        assert (called["from"], called["state"]) == ("+12125550199", "completed")
        assert [line["to"] for line in stand_in.placed()] == [ANSWERED]
        assert [line["to"] for line in stack.sandbox.placed()] == [special("0141")]
        assert [call["to"] for call in stack.api.calls()] == [special("0141")]
    finally:
        stack.stop_clock()
        stack.stop_worker()
        stand_in.close()


@pytest.mark.row("D5")
def test_a_live_key_without_a_provider_is_refused_and_books_nothing(
    start_stack: StartStack,
) -> None:
    stack = start_stack(parts=())
    answer = stack.live.ask("POST", "/calls", json={"to": ANSWERED, "say": "Hello."})
    assert (answer.status_code, answer.headers["Content-Type"]) == (409, "application/problem+json")
    assert stack.live.calls() == []
    assert stack.sandbox.look("requests") == []

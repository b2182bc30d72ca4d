"""Traces: what belongs together stays together, whatever goes wrong, and off there is nothing."""

import json
import re
import time
from collections.abc import Iterator

import pytest
import requests

from gateway import tracing
from gateway.models import base, origins
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.settings import Settings
from tests import servers
from tests.collectors import Inbox, Span, listening
from tests.conftest import SECRET_KEY, StartStack
from tests.simulator import Sandbox
from tests.stack import PATIENT, Stack

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
pytestmark = pytest.mark.row("C5")
CLIENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
# All that a span may tell.
FACTS = {
    "http.request.method", "http.route", "http.response.status_code", "server.address",
    "messaging.destination.name", "error.type", "ringback.request_id", "ringback.job_id",
    "ringback.kind", "ringback.attempt_id", "ringback.provider",
}  # fmt: skip


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A collector; this process traces no more when the test is over."""
    with listening() as found:
        yield found
        tracing.stop()


def _spans(inbox: Inbox) -> list[Span]:
    tracing.stop()
    return inbox.spans()


def _trace_of(notification_id: str) -> str:
    with base.connection():
        return str(Notification.get_by_id(notification_id).traceparent).split("-")[1]


@ON_SQLITE
def test_a_client_s_own_trace_goes_on(start_stack: StartStack, inbox: Inbox) -> None:
    stack = start_stack(OTEL_EXPORTER_OTLP_ENDPOINT=inbox.url, **PATIENT)
    api = stack.api
    api.session.headers["traceparent"] = CLIENT
    made = api.call()
    stack.outcome(made["id"])
    assert _trace_of(made["id"]) == CLIENT.split("-")[1]
    stack.close()
    mine = [span for span in _spans(inbox) if span.trace == CLIENT.split("-")[1]]
    ways = {"POST /api/v1/calls", "process place_call", "process apply_event"}
    assert ways | {"POST /webhooks/<path:path>"} <= {span.name for span in mine}
    assert (
        next(one for one in mine if one.name == "POST /api/v1/calls").parent == "b7ad6b7169203331"
    )


@ON_SQLITE
def test_a_trace_that_can_t_be_read_is_none(start_stack: StartStack, inbox: Inbox) -> None:
    stack = start_stack(parts=(), OTEL_EXPORTER_OTLP_ENDPOINT=inbox.url)
    api = stack.api
    for sent in ("Zyxwv", f"{CLIENT}-more", CLIENT.replace("0af7", "+120"), "00-0-0-00", ""):
        api.session.headers["traceparent"] = sent
        assert re.fullmatch("[0-9a-f]{32}", _trace_of(api.call()["id"]))


@ON_SQLITE
def test_further_tries_and_what_the_clock_finds_stay_in_the_trace(
    start_stack: StartStack, inbox: Inbox, redis_server: servers.RedisServer
) -> None:
    traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": inbox.url}
    stack = start_stack(parts=(), RETRY_VOICE_SECONDS="0.1", **traced, **PATIENT)
    _fault(stack.sandbox, "error_503")
    made = stack.api.call()
    # Its message is lost, so that the clock has to find it; and then again after the refusal.
    redis_server.client().flushall()
    stack.start_worker()
    stack.start_clock()
    stack.outcome(made["id"])
    stack.close()
    spans = _spans(inbox)
    mine = [span for span in spans if span.trace == _trace_of(made["id"])]
    placed = [span for span in mine if span.name == "process place_call"]
    assert [span.failed for span in placed] == [True, False]
    assert [span.facts.get("error.type") for span in mine if span.name == "place voice"] == [
        "not_sent", None
    ]  # fmt: skip
    sent = [span.facts.get("http.response.status_code") for span in mine if span.kind == 3]
    assert sent[:2] == [503, 201]


def _fault(sandbox: Sandbox, behaviour: str) -> None:
    fault = {"behaviour": behaviour, "next": 1}
    requests.post(f"{sandbox.url}/sandbox/faults", json=fault, timeout=10).raise_for_status()


@ON_SQLITE
def test_an_event_is_known_by_its_address_or_by_the_carrier_s_id(
    start_stack: StartStack, inbox: Inbox
) -> None:
    stack = start_stack(OTEL_EXPORTER_OTLP_ENDPOINT=inbox.url, **PATIENT)
    made = stack.api.call()
    stack.outcome(made["id"])
    stack.close()
    trace = _trace_of(made["id"])
    tracing.start(stack.settings)  # its worker ended, and the traces of its process with it
    with base.connection():
        (call,) = CallLog.select()
        ids = [event.id for event in ProviderEvent.select()]
        by_address = origins.of(ids)
        ProviderEvent.update(attempt_hint=None).execute()
        by_name = origins.of(ids)
        ProviderEvent.update(external_id="somebody-elses").execute()
        assert origins.of(ids) == {}
        assert origins.of([call.id, "bk_unknown"]) == {call.id: by_name[ids[0]]}
    assert by_address == by_name
    assert by_name.keys() == set(ids)
    assert {one.split("-")[1] for one in by_name.values()} == {trace}


@ON_SQLITE
def test_spans_tell_ids_and_nothing_else(start_stack: StartStack, inbox: Inbox) -> None:
    stack = start_stack(OTEL_EXPORTER_OTLP_ENDPOINT=inbox.url, **PATIENT)
    made = stack.api.call("+12025550123", say="CANARY-wubbalubba")
    stack.outcome(made["id"])
    requests.post(f"{stack.web.url}/webhooks/twilio/voice?To=%2B12025550123", timeout=10)
    requests.request("ZYXWV", f"{stack.web.url}/+12025550123/wubbalubba", timeout=10)
    with pytest.raises(ValueError), tracing.span("broken"):
        raise ValueError("CANARY-wubbalubba")
    stack.close()
    spans = _spans(inbox)
    assert next(one for one in spans if one.name == "broken").facts == {"error.type": "ValueError"}
    assert {name for span in spans for name in span.facts} <= FACTS
    assert [span for span in spans if span.events] == []  # which would tell an exception's text
    everything = inbox.everything()
    assert [word for word in (b"202555", b"wubbalubba", b"ZYXWV") if word in everything] == []
    assert {span.name for span in spans if span.kind == 2} >= {"- -"}


@ON_SQLITE
def test_without_a_collector_everything_goes_on(start_stack: StartStack) -> None:
    stack = start_stack(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert stack.outcome(stack.api.call()["id"]) == "reached"
    stack.close()
    began = time.monotonic()
    tracing.stop()
    assert time.monotonic() - began < 3


def test_a_process_that_is_told_twice_traces_once(inbox: Inbox) -> None:
    base_settings = {"DATABASE_URL": "sqlite:///x.db", "REDIS_URL": "redis://x"}
    on = {**base_settings, "SECRET_KEY": SECRET_KEY, "OTEL_EXPORTER_OTLP_ENDPOINT": inbox.url}
    for _ in range(2):
        tracing.start(Settings.from_env(on))
    with tracing.span("outer"), tracing.span("inner", root=False):
        assert tracing.here() is not None
    with tracing.span("nothing", root=False):
        assert tracing.here() is None
    assert [span.name for span in _spans(inbox)] == ["inner", "outer"]
    assert not tracing.on()


@ON_SQLITE
def test_off_no_row_message_or_request_knows_of_traces(
    start_stack: StartStack, redis_server: servers.RedisServer
) -> None:
    stack: Stack = start_stack(parts=())
    api = stack.api
    api.session.headers["traceparent"] = CLIENT
    made = api.call()
    kept: dict[bytes, bytes] = redis_server.client().hgetall("ringback:voice.msgs")  # type: ignore[assignment]
    (message,) = kept.values()
    assert json.loads(message)["args"][0] == made["id"]
    assert "traceparent" not in message.decode()
    with base.connection():
        assert Notification.get_by_id(made["id"]).traceparent is None
        assert origins.of([made["id"]]) == {}
    with tracing.span("nothing", job_id="nt_1"):
        assert tracing.here() is None
    assert tracing.span("a") is tracing.span("b")

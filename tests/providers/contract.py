"""What every voice carrier has to do, whoever it is: one suite, run for each of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gateway.domain.lifecycle import CallState
from gateway.domain.outcomes import FailureClass, Reason
from gateway.domain.provider import (
    Callback,
    EventKind,
    Forbidden,
    Malformed,
    Placement,
    Result,
    Unreadable,
)
from tests.providers import breaking
from tests.providers.kits import ATTEMPT, FROM, NOW, Kit, request, settings
from tests.providers.stand_in import Act, StandIn, answering

SANDBOX = settings(sandbox_url="http://127.0.0.1:1")


def placed(kit: Kit, act: Act, **changes: Any) -> tuple[Placement, StandIn]:
    """Place one call in test mode at a carrier that behaves like this."""
    with StandIn(act) as carrier:
        provider = kit.make(settings(sandbox_url=carrier.url))
        return provider.place(request(provider, **changes)), carrier


class Contract:
    """Inherit and set `kit`."""

    kit: Kit

    @pytest.mark.row("D2")
    def test_an_accepted_call_is_known_by_the_carriers_id(self) -> None:
        placement, carrier = placed(self.kit, answering(201, self.kit.accepted))
        assert placement == Placement(Result.ACCEPTED, self.kit.external_id, "queued")
        (seen,) = carrier.requests
        assert (seen.method, ATTEMPT.encode() in seen.body) == ("POST", True)
        assert seen.headers["authorization"]

    @pytest.mark.parametrize(
        ("status", "result"),
        [
            (301, Result.UNKNOWN),
            (307, Result.UNKNOWN),
            (400, Result.REJECTED),
            (401, Result.NOT_SENT),
            (403, Result.NOT_SENT),
            (404, Result.NOT_SENT),
            (408, Result.UNKNOWN),
            (409, Result.UNKNOWN),
            (422, Result.REJECTED),
            (429, Result.NOT_SENT),
            (500, Result.UNKNOWN),
            (502, Result.UNKNOWN),
            (503, Result.UNKNOWN),
            (504, Result.UNKNOWN),
            (999, Result.UNKNOWN),
        ],
    )
    @pytest.mark.parametrize("body", [b"", b"<html>sorry</html>", b"[]"])
    def test_an_http_status_decides_what_is_known(
        self, status: int, result: Result, body: bytes
    ) -> None:
        placement, carrier = placed(self.kit, answering(status, body))
        assert placement.result is result
        assert placement.failure is not None
        assert placement.external_id is None
        assert len(carrier.requests) == 1

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>created</html>",
            b"[]",
            b"{}",
            b"null",
            b'"CA"',
            b'{"sid": null, "call_id": null}',
            b'{"sid": 7.5, "call_id": 7.5}',
            b'{"sid": true, "call_id": true}',
            b'{"sid": {}, "call_id": []}',
            b'{"sid": "", "call_id": ""}',
            b'{"sid": "CA12", "call_id": "' + b"7" * 201 + b'"}',
            b"[" * 100_000,
            b"\xff\xfe",
        ],
    )
    def test_a_created_call_without_a_usable_id_is_unknown(self, body: bytes) -> None:
        assert placed(self.kit, answering(201, body))[0].result is Result.UNKNOWN

    @pytest.mark.parametrize("act", breaking.UNCLEAR, ids=lambda act: act.__name__)
    def test_an_unclear_answer_is_unknown_and_nothing_is_repeated(self, act: Act) -> None:
        placement, carrier = placed(self.kit, act)
        assert placement.result is Result.UNKNOWN
        assert carrier.connections == 1

    def test_an_unreachable_carrier_was_not_asked(self) -> None:
        with StandIn(answering(201)) as carrier:
            url = carrier.url
        provider = self.kit.make(settings(sandbox_url=url))
        placement = provider.place(request(provider))
        assert placement.result is Result.NOT_SENT
        assert placement.failure is not None
        assert placement.failure.failure_class is FailureClass.TEMPORARY

    def test_a_throttled_call_names_the_carriers_wish(self) -> None:
        placement, _ = placed(self.kit, answering(429, {}, {"Retry-After": "7"}))
        assert (placement.result, placement.retry_after) == (Result.NOT_SENT, 7.0)
        assert placement.failure is not None
        assert placement.failure.reason is Reason.THROTTLED

    def test_refused_credentials_are_a_matter_of_configuration(self) -> None:
        placement, _ = placed(self.kit, answering(401, {"code": 20003}))
        assert placement.failure is not None
        assert placement.failure.reason is Reason.CONFIGURATION
        assert placement.failure.failure_class is FailureClass.TECHNICAL

    def test_an_unknown_account_asks_nobody(self) -> None:
        placement, carrier = placed(self.kit, answering(201), account="somebody else")
        assert placement.result is Result.NOT_SENT
        assert carrier.connections == 0

    @pytest.mark.parametrize("say", ["", "  ", "\x00"])
    def test_an_empty_text_is_refused_without_asking(self, say: str) -> None:
        placement, carrier = placed(self.kit, answering(201), say=say)
        assert placement.result is Result.REJECTED
        assert carrier.connections == 0

    def test_modes_never_mix(self) -> None:
        live = self.kit.make(settings(**self.kit.live))
        assert live.account("live") is not None
        assert (live.account("test"), live.sender("test")) == (None, None)
        test = self.kit.make(SANDBOX)
        assert (test.account("live"), test.sender("live")) == (None, None)
        assert test.sender("test") == FROM
        both = self.kit.make(settings(sandbox_url="http://127.0.0.1:1", **self.kit.live))
        assert both.account("live") != both.account("test")

    def test_every_route_is_under_one_path_and_acknowledges(self) -> None:
        for route in self.kit.make(SANDBOX).routes:
            assert route.content_types
            assert route.acknowledgement.status in (200, 204)

    def test_an_authentic_callback_names_attempt_call_and_account(self) -> None:
        provider = self.kit.make(SANDBOX)
        callback = self.kit.callback(SANDBOX)
        verified = provider.verify(callback, NOW)
        event = provider.parse(callback, verified)
        assert verified.accounts == (provider.account("test"),)
        assert (event.account, event.attempt_id) == (provider.account("test"), ATTEMPT)
        assert (event.external_id, event.kind) == (self.kit.external_id, EventKind.CALL_STATUS)
        assert (event.state, event.provider_status) == (CallState.RINGING, "ringing")

    @pytest.mark.row("F3")
    def test_both_secrets_are_taken_while_one_replaces_the_other(self) -> None:
        configured = settings(**self.kit.live)
        provider = self.kit.make(configured)
        current = self.kit.callback(configured, secret=self.kit.current_secret)
        previous = self.kit.callback(configured, secret=self.kit.previous_secret)
        assert provider.verify(current, NOW).key == "current"
        assert provider.verify(previous, NOW).key == "previous"
        assert provider.verify(previous, NOW).accounts == (provider.account("live"),)
        assert provider.parse(previous, provider.verify(previous, NOW)).account

    @pytest.mark.row("F3")
    def test_the_sandboxs_secret_counts_only_where_there_is_a_sandbox(self) -> None:
        callback = self.kit.callback(SANDBOX)
        with pytest.raises(Forbidden):
            self.kit.make(settings(**self.kit.live)).verify(callback, NOW)
        with pytest.raises(Forbidden):
            self.kit.make(settings()).verify(callback, NOW)

    @pytest.mark.row("F3")
    def test_a_callback_that_was_changed_is_forbidden(self) -> None:
        provider, good = self.kit.make(SANDBOX), self.kit.callback(SANDBOX)
        for name in good.headers:
            if name != "content-type":
                without = {k: v for k, v in good.headers.items() if k != name}
                doubled = {**good.headers, name: f"{good.headers[name]}, {good.headers[name]}"}
                for headers in (without, doubled, {**good.headers, name: "é"}):
                    with pytest.raises(Forbidden):
                        provider.verify(_with(good, headers=headers), NOW)
        with pytest.raises(Forbidden):
            provider.verify(_with(good, body=good.body + b"&a=b "), NOW)

    @pytest.mark.row("F3")
    def test_whatever_is_sent_is_verified_or_forbidden_and_nothing_else(self) -> None:
        provider, good = self.kit.make(SANDBOX), self.kit.callback(SANDBOX)
        names = st.sampled_from([*good.headers, "x-twilio-webhooks-signature-settings"])
        texts = st.text(max_size=80) | st.sampled_from([*good.headers.values()])

        @given(st.dictionaries(names, texts), st.binary(max_size=200), st.text(max_size=80))
        @hypothesis_settings(max_examples=150, deadline=None)
        def never_another_error(headers: dict[str, str], body: bytes, url: str) -> None:
            with pytest.raises(Forbidden):
                provider.verify(_with(good, headers=headers, body=body + b"&x=y ", url=url), NOW)

        never_another_error()

    def test_whatever_is_signed_becomes_an_event_or_says_why_not(self) -> None:
        provider, fields = self.kit.make(SANDBOX), self.kit.callback(SANDBOX).body
        bodies = st.binary(max_size=200) | st.builds(
            lambda at, more: fields[:at] + more + fields[at:],
            st.integers(0, len(fields)),
            st.binary(max_size=20),
        )

        @given(bodies)
        @hypothesis_settings(max_examples=200, deadline=None)
        def never_another_error(body: bytes) -> None:
            callback = self.kit.callback(SANDBOX, body)
            verified = provider.verify(callback, NOW)
            try:
                event = provider.parse(callback, verified)
            except (Malformed, Unreadable):
                return
            assert event.external_id
            assert event.dedup_key

        never_another_error()

    @pytest.mark.row("A7")
    def test_a_check_says_in_words_what_is_wrong(self) -> None:
        for act, wrong in (
            (answering(200, {"calls": []}), None),
            (answering(401, {"code": 20003}), "refuses"),
            (answering(503, b"oops"), "503"),
            (breaking.hangs, "can't be reached"),
        ):
            with StandIn(act) as carrier:
                found = self.kit.make(settings(sandbox_url=carrier.url)).check()
                assert found is None if wrong is None else wrong in (found or "")
        assert "not configured" in (self.kit.make(settings()).check() or "")


def _with(callback: Callback, **changes: Any) -> Callback:
    return Callback(**{**callback.__dict__, **changes})

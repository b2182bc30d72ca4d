"""What every carrier has to do, whoever it is: one suite, run for each of them and its channels."""

import logging
from typing import Any

import pytest

from gateway.domain.outcomes import FailureClass, Reason
from gateway.domain.provider import Placement, Result
from tests.providers import breaking
from tests.providers.kits import Kit, settings
from tests.providers.reporting import Reporting
from tests.providers.stand_in import Act, StandIn, answering
from tests.providers.wanted import wanted

SANDBOX = settings(sandbox_url="http://127.0.0.1:1")


def placed(kit: Kit, act: Act, **changes: Any) -> tuple[Placement, StandIn]:
    """Place once in test mode at a carrier that behaves like this."""
    with StandIn(act) as carrier:
        provider = kit.make(settings(sandbox_url=carrier.url))
        return provider.place(wanted(kit, provider, **changes)), carrier


class Contract(Reporting):
    """Inherit and set `kit`."""

    kit: Kit

    @pytest.mark.row("D2")
    def test_what_was_accepted_is_known_by_the_carriers_id(self) -> None:
        placement, carrier = placed(self.kit, self.kit.accepting)
        assert placement == self.kit.taken
        (seen,) = carrier.requests
        attempt = wanted(self.kit, self.kit.make(SANDBOX)).attempt_id
        assert (seen.method, attempt.encode() in seen.body) == ("POST", True)
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
    def test_what_was_created_without_a_usable_id_is_unknown(self, body: bytes) -> None:
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
        placement = provider.place(wanted(self.kit, provider))
        assert placement.result is Result.NOT_SENT
        assert placement.failure is not None
        assert placement.failure.failure_class is FailureClass.TEMPORARY

    def test_throttling_names_the_carriers_wish(self) -> None:
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

    @pytest.mark.parametrize("text", ["", "  ", "\x00"])
    def test_an_empty_text_is_refused_without_asking(self, text: str) -> None:
        placement, carrier = placed(self.kit, answering(201), text=text)
        assert placement.result is Result.REJECTED
        assert carrier.connections == 0

    def test_nothing_personal_is_in_addresses_logs_or_reprs(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        asked = wanted(self.kit, self.kit.make(SANDBOX))
        placement, carrier = placed(self.kit, self.kit.accepting)
        targets = [seen.target for seen in carrier.requests]
        shown = f"{asked!r} {placement!r} {targets} {caplog.text}"
        for personal in (asked.to, asked.to.lstrip("+"), asked.from_, "amanh"):
            assert personal not in shown

    def test_a_channel_that_it_does_not_have_is_not_configured(self) -> None:
        provider = self.kit.make(SANDBOX)
        assert self.kit.channel in provider.channels
        for channel in {"voice", "sms", "whatsapp", "email", "fax"} - provider.channels:
            assert provider.account("test", channel) is None
            assert provider.sender("test", channel) is None

    def test_modes_never_mix(self) -> None:
        channel = self.kit.channel
        live = self.kit.make(settings(**self.kit.live))
        assert live.account("live", channel) is not None
        assert (live.account("test", channel), live.sender("test", channel)) == (None, None)
        test = self.kit.make(SANDBOX)
        assert (test.account("live", channel), test.sender("live", channel)) == (None, None)
        assert test.sender("test", channel) == self.kit.sender
        both = self.kit.make(settings(sandbox_url="http://127.0.0.1:1", **self.kit.live))
        assert both.account("live", channel) != both.account("test", channel)

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

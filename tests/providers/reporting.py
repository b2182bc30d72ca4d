"""What every carrier has to make of callbacks: one suite, run for each. Part of the contract."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gateway.domain.callback import Callback, Forbidden, Malformed, Unreadable
from tests.providers.kits import ATTEMPT, NOW, Kit, settings

SANDBOX = settings(sandbox_url="http://127.0.0.1:1")


class Reporting:
    """Inherit and set `kit`."""

    kit: Kit

    def test_every_route_is_under_one_path_and_acknowledges(self) -> None:
        for route in self.kit.make(SANDBOX).routes:
            assert route.content_types
            assert route.acknowledgement.status in (200, 204)

    def test_an_authentic_callback_names_attempt_id_and_account(self) -> None:
        provider = self.kit.make(SANDBOX)
        callback = self.kit.callback(SANDBOX)
        verified = provider.verify(callback, NOW)
        (event,) = provider.parse(callback, verified)
        account = provider.account("test", self.kit.channel)
        assert verified.accounts == (account,)
        assert (event.account, event.attempt_id) == (account, ATTEMPT)
        assert event.external_id == self.kit.external_id
        assert (event.kind, event.state, event.provider_status) == self.kit.reported

    @pytest.mark.row("F3")
    def test_both_secrets_are_taken_while_one_replaces_the_other(self) -> None:
        configured = settings(**self.kit.live)
        provider = self.kit.make(configured)
        current = self.kit.callback(configured, secret=self.kit.current_secret)
        previous = self.kit.callback(configured, secret=self.kit.previous_secret)
        assert provider.verify(current, NOW).key == "current"
        assert provider.verify(previous, NOW).key == "previous"
        assert provider.verify(previous, NOW).accounts == (
            provider.account("live", self.kit.channel),
        )
        assert provider.parse(previous, provider.verify(previous, NOW))[0].account

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
                events = provider.parse(callback, verified)
            except (Malformed, Unreadable):
                return
            assert events
            assert all(event.dedup_key for event in events)

        never_another_error()


def _with(callback: Callback, **changes: Any) -> Callback:
    return Callback(**{**callback.__dict__, **changes})

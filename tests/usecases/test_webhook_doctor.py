"""The signature doctor: a refused callback stays refused, and its cause is named."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gateway import logs, providers
from gateway.domain.callback import Callback
from gateway.domain.signature_changes import Cause
from gateway.settings import Settings
from gateway.usecases.webhook_doctor import EVERY, LARGEST, QUIET, Watch, examine
from tests.providers.kits import NOW, PUBLIC_URL, twilio_callback
from tests.usecases.refused import (
    CONFIGURED,
    GOOD,
    REFUSED,
    REST,
    SECRETS,
    SIGNATURE,
    TOKEN,
    signed_for,
)


@pytest.fixture(autouse=True)
def _carriers() -> None:
    logs.configure("INFO")
    providers.load(CONFIGURED)


def said(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What the doctor wrote into the log."""
    return [
        record.msg
        for record in caplog.records
        if record.name == "gateway.usecases.webhook_doctor" and isinstance(record.msg, dict)
    ]


@pytest.mark.row("F3")
@pytest.mark.parametrize("name", REFUSED)
def test_the_one_thing_that_differs_is_named(name: str) -> None:
    cause, make = REFUSED[name]
    found = examine(make(), CONFIGURED, NOW)
    assert found is not None
    assert (found.cause, name) == (cause, name)
    assert [secret for secret in SECRETS if secret in found.advice] == []


def test_an_authentic_callback_has_nothing_to_be_explained() -> None:
    assert examine(GOOD, CONFIGURED, NOW) is None


def test_the_address_that_was_signed_is_told_to_who_asks() -> None:
    found = examine(signed_for(f"http://hooks.example.com{REST}"), CONFIGURED, NOW)
    assert found is not None
    assert found.url == f"http://hooks.example.com{REST}"


def test_what_the_sandbox_signs_is_known_where_there_is_no_sandbox() -> None:
    shared = CONFIGURED.sandbox_credentials["auth_token"]
    found = examine(twilio_callback(shared, b"A=1"), CONFIGURED, NOW)
    assert found is not None
    assert "SANDBOX_URL is not set" in found.advice


def test_a_token_that_was_given_with_its_quotes_is_named() -> None:
    quoted = replace(CONFIGURED, twilio_auth_token=f'"{TOKEN}"')
    providers.load(quoted)
    found = examine(GOOD, quoted, NOW)
    assert found is not None
    assert found.cause == Cause.SECRET
    assert "TWILIO_AUTH_TOKEN without the quotes" in found.advice


def test_the_setting_whose_secret_fits_is_named() -> None:
    found = examine(REFUSED["token of another carrier"][1](), CONFIGURED, NOW)
    assert found is not None
    assert "the value of META_APP_SECRET, which" in found.advice


def test_a_further_secret_is_tried_and_called_by_its_name() -> None:
    rotated = twilio_callback("the token after", b"A=1")
    found = examine(rotated, CONFIGURED, NOW, further={"that one": "the token after"})
    assert found is not None
    assert (found.cause, "that one" in found.advice) == (Cause.SECRET, True)


def test_a_large_body_is_not_examined() -> None:
    found = examine(replace(GOOD, body=b"A=" + b"x" * LARGEST), CONFIGURED, NOW)
    assert found is not None
    assert "not examined" in found.advice


@given(
    body=st.binary(max_size=80),
    headers=st.dictionaries(
        st.sampled_from([SIGNATURE, "host", "content-type", "x-original-uri", "x-hub-signature-256",
                         "webhook-timestamp", "x-twilio-email-event-webhook-timestamp"]),
        st.text(max_size=25),
    ),
    path=st.sampled_from(["twilio/voice", "meta/events", "sendgrid/events", "call-status"]),
    rest=st.text(max_size=20),
)  # fmt: skip
@hypothesis_settings(max_examples=150, deadline=None)
def test_what_nobody_signed_never_matches_and_never_breaks_it(
    body: bytes, headers: dict[str, str], path: str, rest: str
) -> None:
    url = f"{PUBLIC_URL}/webhooks/{path}?{rest}"
    found = examine(Callback("POST", path, url, rest, headers, body), CONFIGURED, NOW)
    assert found is not None
    assert found.cause in (Cause.NONE, Cause.NO_SIGNATURE)


@given(
    st.dictionaries(st.text("abcXYZ", min_size=1, max_size=6), st.text("äb +&/", max_size=6),
                    max_size=4),
    st.sampled_from(["http", "port", "host", "prefix", "slash"]),
)  # fmt: skip
@hypothesis_settings(max_examples=60, deadline=None)
def test_an_address_is_told_whatever_the_query_holds(query: dict[str, str], what: str) -> None:
    cause, make = REFUSED[what]
    tail = urlencode({**query, "attempt": "x"})
    original = GOOD.query
    found = make()
    signed = {"http": f"http://hooks.example.com{REST}", "port": f"{PUBLIC_URL}:8443{REST}",
              "host": f"https://www.hooks.example.com{REST}", "prefix": f"{PUBLIC_URL}/api{REST}",
              "slash": f"{PUBLIC_URL}{REST}".replace("?", "/?")}[what]  # fmt: skip
    refused = replace(
        signed_for(signed.replace(original, tail)),
        url=found.url.replace(original, tail), query=tail,
    )  # fmt: skip
    told = examine(refused, CONFIGURED, NOW)
    assert told is not None
    assert told.cause == cause


def test_a_watch_examines_seldom_and_says_each_cause_once_in_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch, forged = Watch(), REFUSED["forged"][1]()
    http, port = REFUSED["http"][1](), REFUSED["port"][1]()
    assert watch.refused(http, CONFIGURED, NOW) is not None
    assert watch.refused(port, CONFIGURED, NOW) is None
    assert watch.refused(REFUSED["old"][1](), CONFIGURED, NOW) is not None
    assert watch.refused(http, CONFIGURED, NOW + EVERY) is None
    assert watch.refused(forged, CONFIGURED, NOW + 2 * EVERY) is not None
    assert watch.refused(http, CONFIGURED, NOW + QUIET) is not None
    assert watch.refused(GOOD, CONFIGURED, NOW + 2 * QUIET) is None
    assert watch.refused(http, CONFIGURED, NOW - timedelta(days=1)) is not None
    lines = said(caplog)
    assert [line["cause"] for line in lines] == ["scheme", "time", "none", "scheme", "scheme"]
    written = json.dumps(lines, default=str)
    assert [secret for secret in (*SECRETS, "at_0123", "12025550100") if secret in written] == []


def test_a_watch_survives_whatever_it_stumbles_over(caplog: pytest.LogCaptureFixture) -> None:
    broken: Settings = replace(CONFIGURED, secret_key=None)  # type: ignore[arg-type]
    assert Watch().refused(REFUSED["forged"][1](), broken, NOW) is None
    assert [line["event"] for line in said(caplog)] == ["webhook not examined"]

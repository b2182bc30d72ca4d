"""The registry: which carriers there are and whose a webhook address is."""

import pytest

from gateway import providers
from tests.providers.kits import settings


def test_carriers_are_found_by_name_address_and_setting() -> None:
    providers.load(settings(voice_provider="voice_api"))
    names = [carrier.name for carrier in providers.all_providers()]
    assert {"twilio", "voice_api"} <= set(names)
    assert len(names) == len(set(names))
    assert providers.get("twilio").name == "twilio"
    assert providers.voice_default().name == "voice_api"
    found = providers.route("twilio/voice")
    assert found is not None
    assert (found[0].name, found[1].acknowledgement.status) == ("twilio", 204)
    found = providers.route("call-status")
    assert found is not None
    assert found[1].acknowledgement.json == {"success": True}


@pytest.mark.parametrize("path", ["", "twilio/", "twilio/voice/", "Twilio/voice", "../x"])
def test_other_addresses_belong_to_nobody(path: str) -> None:
    providers.load(settings())
    assert providers.route(path) is None
    with pytest.raises(LookupError):
        providers.get(path)


def test_other_settings_replace_the_carriers() -> None:
    providers.load(settings())
    assert providers.voice_default().account("test") is None
    providers.load(settings(sandbox_url="http://127.0.0.1:1"))
    assert providers.voice_default().account("test") is not None


def test_every_address_is_declared_once() -> None:
    providers.load(settings())
    paths = [route.path for carrier in providers.all_providers() for route in carrier.routes]
    assert len(paths) == len(set(paths))


@pytest.mark.row("A7")
@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, ("twilio", "twilio", "twilio", "sendgrid")),
        ({"voice_provider": "voice_api"}, ("voice_api", "twilio", "twilio", "sendgrid")),
        ({"whatsapp_provider": "meta"}, ("twilio", "twilio", "meta", "sendgrid")),
        ({"smtp_url": "smtp://h", "email_from": "a@b.c"}, ("twilio", "twilio", "twilio", "smtp")),
        ({"smtp_url": "smtp://h", "email_provider": "sendgrid"}, ("twilio",) * 3 + ("sendgrid",)),
        ({"email_provider": "smtp"}, ("twilio", "twilio", "twilio", "smtp")),
    ],
)
def test_each_channel_has_its_default_carrier(
    chosen: dict[str, str], expected: tuple[str, ...]
) -> None:
    providers.load(settings(**chosen))
    channels = ("voice", "sms", "whatsapp", "email")
    found = tuple(providers.for_channel(channel) for channel in channels)
    assert tuple(carrier.name for carrier in found) == expected
    for carrier, channel in zip(found, channels, strict=True):
        assert channel in carrier.channels
    with pytest.raises(LookupError):
        providers.for_channel("fax")

"""The registry: which carriers there are and whose a webhook address is."""

import pytest

from gateway import providers
from tests.providers.kits import settings


def test_carriers_are_found_by_name_address_and_setting() -> None:
    providers.load(settings(voice_provider="voice_api"))
    names = [carrier.name for carrier in providers.all_providers()]
    assert names == ["twilio", "voice_api"]
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

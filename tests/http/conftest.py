"""The real application on a real database, and organizations that use it."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests import webapp
from tests.conftest import Account, Configure

pytest.register_assert_rewrite("tests.http.stage", "tests.http.staff_stage")

from tests.http.staff_stage import ADA, Browser, hire  # noqa: E402
from tests.http.stage import Api, Description  # noqa: E402

SETTINGS = {
    "SANDBOX_URL": "http://127.0.0.1:9",
    "PUBLIC_BASE_URL": "https://hooks.example.com",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": "the live auth token",
    "TWILIO_FROM_NUMBER": "+15005550006",
    "TWILIO_API_BASE_URL": "http://127.0.0.1:9",
    "VOICE_PROVIDER_API_URL": "http://127.0.0.1:9",
    "VOICE_PROVIDER_API_KEY": "the live api key",
    "VOICE_PROVIDER_WEBHOOK_SECRET": "a bearer secret for callbacks",
}


@pytest.fixture
def app(configure: Configure) -> Flask:
    """The application; no worker runs, so nothing is placed."""
    return webapp.under(configure(**SETTINGS))


@pytest.fixture
def new_api(app: Flask, open_account: Callable[[str], Account]) -> Callable[[str], Api]:
    """Makes an organization and a client that uses its test key."""
    description = Description.of(app.test_client().get("/docs/openapi.json").text)

    def make(name: str) -> Api:
        account = open_account(name)
        return Api(app, account, description, account.test_key)

    return make


@pytest.fixture
def api(new_api: Callable[[str], Api]) -> Api:
    """A client with the test key of an organization in Berlin."""
    return new_api("Salon Berlin")


@pytest.fixture
def browser(app: Flask) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(app)


@pytest.fixture
def signed_in(app: Flask, api: Api) -> Callable[..., Browser]:
    """`signed_in("support")`: a browser of somebody of Salon Berlin with this role, who looks at
    test data (`mode="live"`: at live data); `everywhere=True`: of all organizations, with none
    chosen."""

    def make(
        role: str = "viewer", *, mode: str = "test", everywhere: bool = False, email: str = ""
    ) -> Browser:
        own = None if everywhere else api.account.organization_id
        browser = Browser(app)
        browser.let_in(hire(role, own, email), own, mode)
        return browser

    return make


@pytest.fixture
def ada(app: Flask) -> str:
    """Somebody of all organizations."""
    return hire("admin", None, ADA)

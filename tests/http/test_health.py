"""Health: what is up is told, what is not is told, and nothing else is."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Request, Response
from werkzeug.serving import make_server

from gateway.http import create_app
from gateway.http.answers import moment
from gateway.models.base import connection
from gateway.models.hold import Hold
from gateway.models.sender import Sender
from tests.conftest import Configure
from tests.http.conftest import SETTINGS
from tests.http.stage import BOOKINGS, PHONE, Api, booking
from tests.servers import RedisServer


class VoiceProvider:
    """Answers every knock with one status, and counts them."""

    def __init__(self) -> None:
        self.status, self.knocks = 404, 0
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _answer(self, environ: dict[str, Any], start: Any) -> Sequence[bytes]:
        assert Request(environ).method == "GET"
        self.knocks += 1
        return list(Response(status=self.status)(environ, start))

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def voice_provider() -> Iterator[VoiceProvider]:
    served = VoiceProvider()
    yield served
    served.stop()


def _settings(url: str) -> dict[str, str]:
    return {
        "VOICE_PROVIDER": "voice_api",
        "VOICE_PROVIDER_API_URL": url,
        "VOICE_PROVIDER_API_KEY": "a key",
        "VOICE_PROVIDER_WEBHOOK_SECRET": "a webhook secret",
    }


LIVE = {"mode": "live", "channels": ["voice"], "hold": "none", "since": None, "until": None}


def _absent(name: str) -> dict[str, Any]:
    return {"name": name, "status": "not-configured", "accounts": []}


@pytest.mark.row("D5")
def test_health_is_ok_whatever_else_is_wrong(api: Api, configure: Configure) -> None:
    configure(DATABASE_URL="sqlite:////nowhere/at/all.db")

    answer = api.with_key(None).get("/health")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert api.ask("HEAD", "/health").status_code == 200


def test_ready_means_database_migrations_and_broker(api: Api) -> None:
    answer = api.with_key(None).get("/health/ready")

    assert answer.status_code == 200
    assert answer.json == {
        "status": "ok", "database": "ok", "migrations": "ok", "broker": "ok",
    }  # fmt: skip


def test_without_the_broker_bookings_are_still_taken_and_ready_says_degraded(
    api: Api, redis_server: RedisServer
) -> None:
    redis_server.kill()
    try:
        booked = api.post(BOOKINGS, booking())
        answer = api.get("/health/ready")
    finally:
        redis_server.start()

    assert booked.status_code == 201
    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["status"], answer.json["broker"]) == ("degraded", "unreachable")


@pytest.mark.parametrize(
    ("database", "told"),
    [
        ("sqlite:////nowhere/at/all.db", ("unreachable", "unknown")),
        ("postgresql://nobody@127.0.0.1:1/nothing", ("unreachable", "unknown")),
        ("sqlite:///{folder}/empty.db", ("ok", "pending")),
    ],
    ids=["no file", "no server", "no schema"],
)
def test_ready_is_a_503_without_a_database_that_is_migrated(
    api: Api, configure: Configure, tmp_path: Path, database: str, told: tuple[str, str]
) -> None:
    configure(DATABASE_URL=database.format(folder=tmp_path))

    answer = api.with_key(None).get("/health/ready")

    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["status"] == "unavailable"
    assert (answer.json["database"], answer.json["migrations"]) == told


def test_without_its_database_a_request_is_a_503_to_be_tried_again(
    api: Api, configure: Configure
) -> None:
    configure(DATABASE_URL="postgresql://nobody:secret@127.0.0.1:1/nothing")

    for method in ("GET", "POST"):
        answer = api.ask(method, BOOKINGS, **({"json": booking()} if method == "POST" else {}))

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert "secret" not in answer.text


def test_a_bug_is_a_500_that_tells_nothing_but_its_request_id(
    api: Api, configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(**SETTINGS, GATEWAY_TESTING="1", FP="api.before_commit:raise")
    crashed = api.post(BOOKINGS, booking(), headers={"X-Request-Id": "req-7"})
    configure(**SETTINGS)

    assert crashed.status_code == 500
    assert crashed.json == {
        "type": "urn:ringback:problem:internal-error", "title": "Internal error", "status": 500,
        "detail": "Internal error", "request_id": "req-7",
    }  # fmt: skip
    said = capsys.readouterr().err
    assert "request crashed" in said
    for private in ("failpoint api.before_commit", PHONE, "Ada"):
        assert private not in said
    assert api.booked() == 0


@pytest.mark.row("A7")
def test_each_configured_provider_is_asked_at_most_every_15_seconds(
    configure: Configure, new_api: Callable[[str], Api], voice_provider: VoiceProvider
) -> None:
    api = new_api("Salon")
    app = create_app(configure(**_settings(voice_provider.url)))
    asking = Api(app, api.account, api.description, None)

    answers = [asking.get("/health/providers") for _ in range(5)]

    assert voice_provider.knocks == 1
    assert [answer.status_code for answer in answers] == [200] * 5
    assert answers[0].json == {
        "status": "ok",
        "providers": [
            _absent("twilio"),
            {"name": "voice_api", "status": "ok", "accounts": [LIVE]},
            *map(_absent, ("smtp", "sendgrid", "meta")),
        ],
    }


@pytest.mark.row("A7")
@pytest.mark.parametrize("status", [401, 500])
def test_a_provider_that_refuses_us_makes_its_health_a_503(
    configure: Configure, new_api: Callable[[str], Api], voice_provider: VoiceProvider, status: int
) -> None:
    voice_provider.status = status
    api = new_api("Salon")
    configure(**_settings(voice_provider.url))

    answer = api.with_key(None).get("/health/providers")

    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["status"] == "failing"
    assert "127.0.0.1" not in answer.text


@pytest.mark.row("C7")
@pytest.mark.parametrize("hold", ["breaker", "paused"])
@pytest.mark.parametrize("account", ["voice_api:live", "voice_api:another"])
def test_a_provider_that_answers_while_it_is_held_is_not_well(
    configure: Configure, new_api: Callable[[str], Api], voice_provider: VoiceProvider,
    hold: str, account: str,
) -> None:  # fmt: skip
    api = new_api("Salon")
    configure(**_settings(voice_provider.url))
    since = datetime.now(UTC).replace(microsecond=0)
    until = since + timedelta(minutes=1) if hold == "breaker" else None
    with connection():
        if account == "voice_api:another":
            Sender.create(
                organization=api.account.organization_id, mode="live", channel="voice",
                provider="voice_api", account=account, address="+15005550006", created_at=since,
            )  # fmt: skip
        Hold.create(scope="provider|voice_api|of another day", reason="x", since=since)
        Hold.create(scope=f"provider|voice_api|{account}", reason="x", since=since, until=until)
        Hold.create(scope="queue|voice", reason="by_hand", since=since)

    answer = api.with_key(None).get("/health/providers")

    assert answer.json is not None
    assert (answer.status_code, answer.json["status"]) == (503, "held")
    (told,) = [one for one in answer.json["providers"] if one["name"] == "voice_api"]
    held = {"hold": hold, "since": moment(since), "until": moment(until)}
    if account == "voice_api:live":
        assert told["accounts"] == [LIVE | held]
    else:
        assert told["accounts"] == [LIVE, {"mode": None, "channels": []} | held]
    assert "another" not in answer.text

    with connection():
        Hold.update(until=since).where(Hold.scope.endswith(account)).execute()
    assert api.get("/health/providers").status_code == 200


def test_the_health_of_providers_is_told_without_a_database(
    configure: Configure, new_api: Callable[[str], Api], voice_provider: VoiceProvider
) -> None:
    api = new_api("Salon")
    configure(**_settings(voice_provider.url), DATABASE_URL="sqlite:////nowhere/at/all.db")

    answer = api.with_key(None).get("/health/providers")

    assert answer.status_code == 200
    assert (answer.json or {})["providers"][1]["accounts"] == [LIVE | {"hold": "unknown"}]


def test_without_any_provider_their_health_is_a_503(api: Api, configure: Configure) -> None:
    configure()

    answer = api.with_key(None).get("/health/providers")

    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["status"] == "not-configured"

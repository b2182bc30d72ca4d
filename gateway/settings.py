"""Everything that is configured, read once from the environment into one frozen object.

No other module reads the environment (a test holds this). All mistakes are reported together, by
the variable's name and never by its value.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from gateway import contradictions, kinds, parsing, redis_url, retained


class InvalidSettings(Exception):
    """The environment can't be used. `problems` maps each variable's name to what is wrong."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{name} {why}" for name, why in self.problems.items()))


def _setting(parse: Callable[[str], Any], default: Any = None, *, required: bool = False) -> Any:
    return field(default=default, repr=False, metadata={"parse": parse, "required": required})


def _by_kind(usual: Mapping[str, Any], parse: Callable[[str], Any]) -> Any:
    """Figures by kind of work; those that are given are laid over what is usual."""
    known = {"parse": kinds.each(usual, parse), "required": False}
    return field(default_factory=lambda: usual, repr=False, metadata=known)


_sid = parsing.pattern(r"AC[0-9A-Za-z]{32}", "an account SID: AC and 32 characters")
_phone = parsing.pattern(r"\+[1-9][0-9]{5,14}", "a number in E.164 form: + and digits")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One field a variable: `database_url` is DATABASE_URL. docs/settings.md explains each."""

    database_url: str = _setting(parsing.database_url, required=True)
    redis_url: str = _setting(redis_url.text, required=True)
    redis_ca_file: str | None = _setting(parsing.certificates)
    redis_tls_verify: bool = _setting(parsing.flag, True)
    secret_key: str = _setting(parsing.text(32), required=True)
    public_base_url: str | None = _setting(parsing.public_url)
    render_external_url: str | None = _setting(parsing.public_url)
    port: int = _setting(parsing.integer(1, 65535), 8000)
    log_level: str = _setting(parsing.choice("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
    otel_exporter_otlp_endpoint: str | None = _setting(
        parsing.with_extra("otel", "opentelemetry.exporter", parsing.url("https", "http"))
    )
    sentry_dsn: str | None = _setting(parsing.with_extra("sentry", "sentry_sdk", parsing.dsn))
    metrics_token: str | None = _setting(parsing.text(16))
    health_failed_jobs: int = _setting(parsing.integer(1, 1_000_000), 100)
    database_connections: int = _setting(parsing.integer(1, 200), 20)

    web_processes: int = _setting(parsing.integer(1, 32), 2)
    web_threads: int = _setting(parsing.integer(1, 256), 8)
    proxy_hops: int = _setting(parsing.integer(0, 10), 0)
    staff_idle_seconds: int = _setting(parsing.integer(60, 86400), 1800)
    staff_session_seconds: int = _setting(parsing.integer(300, 604800), 43200)
    worker_processes: int = _setting(parsing.integer(1, 32), 2)
    worker_threads: int = _setting(parsing.integer(1, 256), 8)
    worker_drain_seconds: float = _setting(parsing.number(0.1, 3600), 22.0)
    clock_in_worker: bool = _setting(parsing.flag, True)
    clock_poll_seconds: float = _setting(parsing.number(0.01, 3600), 0.5)

    voice_provider: str = _setting(parsing.choice("twilio", "voice_api"), "twilio")
    provider_deadline_seconds: float = _setting(parsing.number(0.1, 30), 15.0)
    transcribe_calls: bool = _setting(parsing.flag, True)
    twilio_account_sid: str | None = _setting(_sid)
    twilio_auth_token: str | None = _setting(parsing.text())
    twilio_auth_token_previous: str | None = _setting(parsing.text())
    twilio_from_number: str | None = _setting(_phone)
    twilio_whatsapp_from: str | None = _setting(_phone)
    twilio_api_base_url: str | None = _setting(parsing.url("https", "http"))
    voice_provider_api_url: str | None = _setting(parsing.url("https", "http"))
    voice_provider_api_key: str | None = _setting(parsing.text())
    voice_provider_webhook_secret: str | None = _setting(parsing.text(16))
    voice_provider_webhook_secret_previous: str | None = _setting(parsing.text(16))
    voice_provider_from_number: str | None = _setting(_phone)
    email_provider: str | None = _setting(parsing.choice("smtp", "sendgrid"))
    email_from: str | None = _setting(parsing.mailbox)
    smtp_url: str | None = _setting(parsing.smtp_url)
    smtp_ca_file: str | None = _setting(parsing.certificates)
    sendgrid_api_key: str | None = _setting(parsing.text())
    sendgrid_api_base_url: str | None = _setting(parsing.url("https", "http"))
    sendgrid_webhook_public_key: str | None = _setting(parsing.text())
    sendgrid_webhook_public_key_previous: str | None = _setting(parsing.text())
    whatsapp_provider: str = _setting(parsing.choice("twilio", "meta"), "twilio")
    meta_phone_number_id: str | None = _setting(parsing.pattern("[0-9]{5,32}", "digits"))
    meta_from_number: str | None = _setting(_phone)
    meta_access_token: str | None = _setting(parsing.text())
    meta_app_secret: str | None = _setting(parsing.text(16))
    meta_app_secret_previous: str | None = _setting(parsing.text(16))
    meta_verify_token: str | None = _setting(parsing.text(16))
    meta_api_base_url: str | None = _setting(parsing.url("https", "http"))

    sandbox_url: str | None = _setting(parsing.url("http", "https"))
    sandbox_smtp_url: str | None = _setting(parsing.smtp_url)
    sandbox_account_sid: str | None = _setting(_sid)
    sandbox_auth_token: str | None = _setting(parsing.text())
    sandbox_voice_api_key: str | None = _setting(parsing.text())
    sandbox_webhook_secret: str | None = _setting(parsing.text(16))
    sandbox_from_number: str = _setting(_phone, "+15005550006")
    sandbox_email_from: str = _setting(parsing.mailbox, "sandbox@example.com")

    calls_per_second: float | None = _setting(parsing.number(0.001, 10000))
    messages_per_second: float = _setting(parsing.number(0.001, 10000), 1.0)
    kind_priorities: Mapping[str, int] = _by_kind(
        kinds.PRIORITIES, parsing.integer(kinds.FIRST, kinds.LAST)
    )
    kind_concurrency: Mapping[str, int] = _by_kind(kinds.CONCURRENCY, parsing.integer(1, 1000))
    kind_per_minute: Mapping[str, float] = _by_kind(kinds.PER_MINUTE, parsing.number(0, 600_000))
    kind_kept: Mapping[str, kinds.Kept] = _by_kind(kinds.KEPT, kinds.kept)
    retention_days: Mapping[str, int | None] = field(
        default_factory=lambda: retained.DAYS,
        repr=False,
        metadata={"parse": retained.parse, "required": False},
    )
    reminders_enabled: bool = _setting(parsing.flag, True)
    retry_default_seconds: tuple[float, ...] = _setting(
        parsing.seconds_list, (5.0, 25.0, 125.0, 625.0, 3125.0)
    )
    retry_voice_seconds: tuple[float, ...] = _setting(parsing.seconds_list, (1.0, 2.0))
    retry_waitlist_seconds: tuple[float, ...] = _setting(parsing.seconds_list, (1.0, 2.0, 4.0))
    retry_timer_seconds: tuple[float, ...] = _setting(parsing.seconds_list, (1.0, 2.0, 4.0))
    retry_preference_seconds: tuple[float, ...] = _setting(parsing.seconds_list, (5.0, 10.0, 20.0))
    retry_nurture_seconds: tuple[float, ...] = _setting(parsing.seconds_list, (5.0, 25.0))
    retry_dunning_seconds: tuple[float, ...] = _setting(parsing.seconds_list, (5.0, 25.0))
    retry_snapshot_seconds: tuple[float, ...] = _setting(parsing.seconds_list, (5.0, 25.0))
    retry_event_seconds: tuple[float, ...] = _setting(
        parsing.seconds_list, (1.0, 5.0, 25.0, 125.0, 625.0, 3600.0, 21600.0, 86400.0, 172800.0)
    )
    retry_budget_share: float = _setting(parsing.number(0, 1), 0.1)
    retry_budget_per_second: float = _setting(parsing.number(0.01, 1000), 5.0)
    breaker_failures: int = _setting(parsing.integer(1, 1000), 5)
    breaker_pause_seconds: tuple[float, ...] = _setting(
        parsing.seconds_list, (5.0, 10.0, 20.0, 40.0, 60.0)
    )
    credentials_check_seconds: float = _setting(parsing.number(0.1, 3600), 60.0)
    unknown_lookup_seconds: tuple[float, ...] = _setting(
        parsing.seconds_list, (5.0, 30.0, 120.0, 600.0)
    )

    silent_call_lookup_seconds: tuple[float, ...] = _setting(
        parsing.seconds_list, (60.0, 60.0, 180.0, 600.0, 2700.0, 18000.0, 64800.0, 172800.0)
    )

    end_call_seconds: tuple[float, ...] = _setting(
        parsing.seconds_list, (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
    )

    # Real seconds: for a worker to take a claimed row up; for a placement with all its commits.
    claim_lease_seconds: float = _setting(parsing.number(0.1, 3600), 15.0)
    sending_lease_seconds: float = _setting(parsing.number(0.1, 3600), 60.0)

    gateway_testing: bool = _setting(parsing.flag, False)
    gateway_clock_file: str | None = _setting(parsing.text())
    fp: str | None = _setting(parsing.text())
    fp_n: int | None = _setting(parsing.integer(1, 1_000_000))

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read a mapping (the process's environment when none is given). An empty or blank
        variable counts as absent. Raises InvalidSettings with every mistake at once."""
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        problems: dict[str, str] = {}
        for item in fields(cls):
            name = item.name.upper()
            raw = environ.get(name, "").strip()
            if not raw:
                if item.metadata["required"]:
                    problems[name] = "is missing"
                continue
            try:
                values[item.name] = item.metadata["parse"](raw)
            except ValueError as error:
                problems[name] = str(error)
        problems.update(contradictions.between(environ, problems))
        if problems:
            raise InvalidSettings(problems)
        return cls(**values)

    @property
    def public_url(self) -> str:
        """Where providers reach the web process: PUBLIC_BASE_URL, else what the platform says,
        else loopback (which only a provider on this machine can call)."""
        return self.public_base_url or self.render_external_url or f"http://127.0.0.1:{self.port}"

    def derived_secret(self, purpose: str) -> bytes:
        """32 bytes that belong to SECRET_KEY and this purpose alone."""
        return hmac.digest(self.secret_key.encode(), purpose.encode(), hashlib.sha256)

    @property
    def sandbox_credentials(self) -> dict[str, str]:
        """What the gateway and its sandbox share: as configured, else derived from SECRET_KEY."""
        secret = self.derived_secret("sandbox")
        webhook = "whsec_" + base64.b64encode(self.derived_secret("sandbox webhook")).decode()
        return {
            "account_sid": self.sandbox_account_sid or "AC" + secret.hex()[:32],
            "auth_token": self.sandbox_auth_token or secret.hex()[32:],
            "voice_api_key": self.sandbox_voice_api_key or self.derived_secret("sandbox key").hex(),
            "webhook_secret": self.sandbox_webhook_secret or webhook,
            "smtp_user": "ringback",
            "smtp_password": self.derived_secret("sandbox smtp").hex(),
            "sendgrid_api_key": "SG." + self.derived_secret("sandbox sendgrid key").hex(),
            # A private number of the curve P-256, in hex: short enough for any of its points.
            "sendgrid_signing_key": self.derived_secret("sandbox sendgrid webhook").hex()[:62],
            "meta_phone_number_id": "10" + str(int(secret.hex()[:12], 16)).zfill(15),
            "meta_access_token": self.derived_secret("sandbox meta token").hex(),
            "meta_app_secret": self.derived_secret("sandbox meta").hex()[:32],
            "meta_verify_token": self.derived_secret("sandbox meta handshake").hex()[:32],
        }


def environment() -> dict[str, str]:
    """A copy of this process's environment, for a supervisor to hand on to its children."""
    return dict(os.environ)


def export(**variables: str) -> None:
    """Set variables of this process for a library that reads its own; one already set stays."""
    for name, value in variables.items():
        os.environ.setdefault(name, value)


_current: Settings | None = None


def use(settings: Settings) -> None:
    """Make these the settings of this process."""
    global _current
    _current = settings


def current() -> Settings:
    """The settings of this process; read from the environment if nobody set them. Raises
    InvalidSettings."""
    if _current is None:
        use(Settings.from_env())
    assert _current is not None
    return _current

"""Where the generic voice provider is, live and in the sandbox, and the secrets shared with it."""

from dataclasses import dataclass, field

from gateway.settings import InvalidSettings, Settings


@dataclass(frozen=True)
class Account:
    """One address. `secrets` are what its webhooks are proved by, the current one first."""

    name: str
    mode: str
    base_url: str
    key: str = field(repr=False)
    sender: str | None = field(repr=False)
    secrets: tuple[tuple[str, str], ...] = field(repr=False)


def configured(settings: Settings) -> tuple[Account, ...]:
    """Live when VOICE_PROVIDER_API_URL is set, test when SANDBOX_URL is. Raises InvalidSettings
    when both would share a secret, since callbacks could then not be told apart."""
    found: list[Account] = []
    secret = settings.voice_provider_webhook_secret
    if settings.voice_provider_api_url and settings.voice_provider_api_key and secret:
        secrets = [("current", secret)]
        if settings.voice_provider_webhook_secret_previous:
            secrets.append(("previous", settings.voice_provider_webhook_secret_previous))
        found.append(
            Account(
                "voice_api:live",
                "live",
                settings.voice_provider_api_url,
                settings.voice_provider_api_key,
                settings.voice_provider_from_number,
                tuple(secrets),
            )
        )
    if settings.sandbox_url:
        shared = settings.sandbox_credentials
        if any(shared["webhook_secret"] == known for live in found for _, known in live.secrets):
            problem = "must differ from the voice provider's webhook secrets"
            raise InvalidSettings({"SANDBOX_WEBHOOK_SECRET": problem})
        found.append(
            Account(
                "voice_api:test",
                "test",
                f"{settings.sandbox_url}/voice",
                shared["voice_api_key"],
                settings.sandbox_from_number,
                (("current", shared["webhook_secret"]),),
            )
        )
    return tuple(found)

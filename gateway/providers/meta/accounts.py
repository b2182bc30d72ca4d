"""The WhatsApp senders at Meta: the live one and the sandbox's, with the secrets of their apps."""

from dataclasses import dataclass, field

from gateway.settings import InvalidSettings, Settings

_META = "https://graph.facebook.com"


@dataclass(frozen=True)
class Account:
    """One sender. `name` is Meta's id of its number; `secrets` are what the app's webhooks are
    proved by, the current one first; `verify_token` is what the handshake shows."""

    name: str
    mode: str
    base_url: str
    number: str = field(repr=False)
    token: str = field(repr=False)
    secrets: tuple[tuple[str, str], ...] = field(repr=False)
    verify_token: str | None = field(repr=False)


def configured(settings: Settings) -> tuple[Account, ...]:
    """Live when META_PHONE_NUMBER_ID is set with what it needs, test when SANDBOX_URL is. Raises
    InvalidSettings when both have one id or one secret."""
    found: list[Account] = []
    name, number = settings.meta_phone_number_id, settings.meta_from_number
    token, secret = settings.meta_access_token, settings.meta_app_secret
    if name and number and token and secret:
        secrets = [("current", secret)]
        if settings.meta_app_secret_previous:
            secrets.append(("previous", settings.meta_app_secret_previous))
        base, shown = settings.meta_api_base_url or _META, settings.meta_verify_token
        found.append(Account(name, "live", base, number, token, tuple(secrets), shown))
    if settings.sandbox_url:
        shared = settings.sandbox_credentials
        name, secret = shared["meta_phone_number_id"], shared["meta_app_secret"]
        for live in found:
            if live.name == name or secret in dict(live.secrets).values():
                problem = "must differ from what the sandbox has"
                raise InvalidSettings({"META_APP_SECRET": problem})
        found.append(
            Account(
                name,
                "test",
                settings.sandbox_url,
                settings.sandbox_from_number,
                shared["meta_access_token"],
                (("current", secret),),
                shared["meta_verify_token"],
            )
        )
    return tuple(found)

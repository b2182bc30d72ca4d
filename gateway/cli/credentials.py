"""The organization and the keys that `up` makes the first time and finds again afterwards."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import requests

from gateway.cli.data_folder import DataFolder
from gateway.cli.main import Stopped
from gateway.settings import Settings
from gateway.usecases.accounts import SCOPES

_NAME = "Ringback"


@dataclass(frozen=True)
class Credentials:
    """An organization's id and its keys; `live_key` only with a real provider configured."""

    organization: str
    test_key: str
    live_key: str | None = None

    @property
    def key(self) -> str:
        """The one to use first: the live one where there is one."""
        return self.live_key or self.test_key


class Running(Protocol):
    """A stack as far as its credentials are concerned: where its API is, where it keeps things,
    and how to run one of our commands beside it."""

    http: requests.Session
    data: DataFolder

    @property
    def api(self) -> str:
        """The address of its API."""

    def command(self, *command: str) -> list[dict[str, Any]]:
        """Run one command to its end; what it printed as JSON lines."""


def obtain(stack: Running, settings: Settings) -> Credentials:
    """The kept keys if this database still takes them, else new ones, kept from now on. Raises
    Stopped when not even these open the API: then another web process was faster at that port."""
    database = hashlib.sha256(settings.database_url.encode()).hexdigest()
    kept = stack.data.credentials()
    credentials = _known(kept) if kept.get("database") == database else None
    if credentials is None or not _accepted(stack, credentials):
        organization = _organization(stack)
        credentials = Credentials(organization, _key(stack, organization, "test"))
    live = settings.twilio_account_sid or settings.voice_provider_api_url
    if live and not credentials.live_key:
        key = _key(stack, credentials.organization, "live")
        credentials = Credentials(credentials.organization, credentials.test_key, key)
    if not _accepted(stack, credentials):
        raise Stopped(f"{stack.api} is served by another program: choose a port with --port")
    stack.data.keep({"database": database, **asdict(credentials)})
    return credentials if live else Credentials(credentials.organization, credentials.test_key)


def _known(kept: dict[str, Any]) -> Credentials | None:
    try:
        return Credentials(kept["organization"], kept["test_key"], kept.get("live_key"))
    except KeyError:
        return None


def _accepted(stack: Running, credentials: Credentials) -> bool:
    headers = {"Authorization": f"Bearer {credentials.test_key}"}
    try:
        answer = stack.http.get(f"{stack.api}/api/v1/calls?limit=1", headers=headers, timeout=10)
    except requests.RequestException:
        return True  # not a word about the key
    return answer.status_code not in (401, 403)


def _organization(stack: Running) -> str:
    """The id of the organization that `up` works with, made the first time."""
    found = {row["name"]: row["id"] for row in stack.command("orgs", "list", "--json")}
    made = found.get(_NAME) or stack.command("orgs", "create", _NAME, "--json")[0]["id"]
    return str(made)


def _key(stack: Running, organization: str, mode: str) -> str:
    # Whoever runs `up` owns the machine: this key may do everything.
    options = ("--mode", mode, "--name", "up", "--scopes", ",".join(SCOPES), "--json")
    made = stack.command("keys", "create", "--organization", organization, *options)
    secret: str = made[0]["secret"]
    return secret

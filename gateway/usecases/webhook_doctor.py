"""Why a callback was refused: the single change that would have made it authentic.

It is asked after the refusal, and nothing that it finds makes a callback acceptable. What it says
is for operators: causes, hosts and names of settings, never a secret, a signature or a person.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta

import structlog

from gateway import providers
from gateway.domain.callback import Callback, Forbidden, Route
from gateway.domain.provider import Provider, TriesSecrets
from gateway.domain.signature_changes import Cause, changes
from gateway.settings import Settings

log = structlog.get_logger(__name__)

LARGEST = 16 * 1024  # bytes of a body: each change is tried with the whole of it
EVERY = timedelta(seconds=10)  # at most one examination of a provider's callbacks in a process
QUIET = timedelta(minutes=10)  # and one line for each kind of cause
_SECRETS = ("_token", "_secret", "_public_key")


@dataclass(frozen=True)
class Finding:
    """What would have matched, and what to do. `url` is the address that was signed, where that is
    what differs: for whoever asked by hand, since it may name an attempt."""

    cause: Cause
    advice: str
    url: str | None = field(default=None, repr=False)


def examine(
    callback: Callback,
    settings: Settings,
    now: datetime,
    *,
    further: Mapping[str, str] | None = None,
) -> Finding | None:
    """The single change that would have made this callback authentic; None when it is authentic as
    it is. `further` are secrets to try besides those of the settings, by the name to tell.
    Raises LookupError for an address that no provider has."""
    target = providers.route(callback.path)
    if target is None:
        raise LookupError(callback.path)
    provider, route = target
    if _authentic(provider, callback, now):
        return None
    if len(callback.body) > LARGEST:
        return Finding(Cause.NONE, f"bodies of more than {LARGEST} bytes are not examined")
    found = _time(provider, route, callback) or _secret(provider, callback, settings, now, further)
    for change in () if found else changes(callback, route.signature, _addresses(settings)):
        if _authentic(provider, change.callback, now):
            url = change.callback.url if change.callback.url != callback.url else None
            return Finding(change.cause, change.advice, url)
    return found or _nothing(route, callback)


def _authentic(provider: Provider, callback: Callback, now: datetime) -> bool:
    try:
        provider.verify(callback, now)
    except Forbidden:
        return False
    return True


def _time(provider: Provider, route: Route, callback: Callback) -> Finding | None:
    raw = callback.headers.get(route.signed_at, "")
    if not (raw.isascii() and raw.isdecimal() and len(raw) <= 11):
        return None
    try:
        moment = datetime.fromtimestamp(int(raw), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    if not _authentic(provider, callback, moment):
        return None
    when = f"it was signed at {moment:%Y-%m-%d %H:%M:%S} UTC, too long ago or ahead"
    return Finding(Cause.TIME, f"{when}: it was kept on its way, or a clock is wrong (`doctor`)")


def _secret(
    provider: Provider, callback: Callback, settings: Settings, now: datetime,
    further: Mapping[str, str] | None,
) -> Finding | None:  # fmt: skip
    if not isinstance(provider, TriesSecrets):
        return None
    for name, secret in [*_known(settings), *(further or {}).items()]:
        if provider.would_verify(callback, secret, now):
            return Finding(
                Cause.SECRET, f"it was signed with {name}, which is not used for it here"
            )
    return None


def _known(settings: Settings) -> Iterator[tuple[str, str]]:
    """Every secret that this process knows, and what its setting may have been meant to be."""
    for item in fields(settings):
        value = getattr(settings, item.name)
        if isinstance(value, str) and item.name.removesuffix("_previous").endswith(_SECRETS):
            name = item.name.upper()
            yield f"the value of {name}", value
            yield f"the value of {name} without the quotes around it", value.strip(" \"'")
    if settings.sandbox_url is None:
        for secret in settings.sandbox_credentials.values():
            yield "a secret of the sandbox (SANDBOX_URL is not set in this process)", secret


def _addresses(settings: Settings) -> Sequence[str]:
    known = (settings.public_base_url, settings.render_external_url, settings.public_url)
    return [address for address in known if address]


def _nothing(route: Route, callback: Callback) -> Finding:
    if route.signature and not callback.headers.get(route.signature):
        why = "signing is off at the provider, the router in front drops it, or it is forged"
        return Finding(Cause.NO_SIGNATURE, f"it has no {route.signature} header: {why}")
    why = (
        "forged, of another account, signed with a secret that is not known here, or changed twice"
    )
    return Finding(Cause.NONE, f"no single change would do: it is {why}")


class Watch:
    """What a web process does after a refusal: now and then it examines one, and says each kind of
    cause once in a while. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked: dict[tuple[str, ...], datetime] = {}
        self._told: dict[tuple[str, ...], datetime] = {}

    def refused(self, callback: Callback, settings: Settings, now: datetime) -> Finding | None:
        """Examine this refused callback if it is time for one; the finding that was logged, if any.
        Never raises."""
        target = providers.route(callback.path)
        if target is None or not self._turn(self._looked, (target[0].name,), EVERY, now):
            return None
        try:
            found = examine(callback, settings, now)
        except Exception as error:  # noqa: BLE001 - the refusal stands, whatever this stumbles over
            log.error("webhook not examined", path=callback.path, error=type(error).__name__)
            return None
        if found is None or not self._turn(
            self._told, (target[0].name, str(found.cause)), QUIET, now
        ):
            return None
        said = {"provider": target[0].name, "cause": str(found.cause), "advice": found.advice}
        log.warning("webhook would have matched", path=callback.path, **said)
        return found

    def _turn(
        self,
        last: dict[tuple[str, ...], datetime],
        key: tuple[str, ...],
        apart: timedelta,
        now: datetime,
    ) -> bool:
        with self._lock:
            if key in last and timedelta(0) <= now - last[key] < apart:
                return False
            last[key] = now
            return True

"""`doctor webhook`: why a provider's callback was refused, by hand and with more to go by."""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from gateway import providers, wallclock
from gateway.cli import local_stack
from gateway.cli.main import Stopped
from gateway.domain.callback import Callback, Route
from gateway.domain.signature_changes import Cause
from gateway.settings import Settings
from gateway.usecases import webhook_doctor
from gateway.usecases.webhook_doctor import Finding

_MOUNT = "/webhooks/"
_NOTHING = (Cause.NONE, Cause.NO_SIGNATURE)


def run(args: argparse.Namespace) -> int:
    """Say which single change would have made the callback authentic; 0 when it is so already."""
    settings = local_stack.start(args.data)
    found = _examine(_callback(args), args, settings)
    told = {
        "authentic": found is None,
        "cause": str(found.cause) if found else None,
        "advice": found.advice if found else "it is authentic, and would be taken",
        "url": found.url if found else None,
    }
    if args.json:
        print(json.dumps(told))
    else:
        print("  ".join(str(told[name]) for name in ("cause", "advice", "url") if told[name]))
    return 0 if found is None else 1


def _examine(given: Callback, args: argparse.Namespace, settings: Settings) -> Finding | None:
    """First as it is seen here, where PUBLIC_BASE_URL says what the address was; then as it is
    said to have been sent."""
    now, further = args.at or wallclock.now(), _further(args)
    target = urlsplit(given.url)
    query = f"?{given.query}" if "?" in given.url else ""
    hints = {"x-original-uri": target.path + query, "host": target.netloc.rpartition("@")[2]}
    arrived = replace(
        given,
        url=f"{settings.public_url}{_MOUNT}{given.path}{query}",
        headers={**hints, **given.headers},
    )
    found = webhook_doctor.examine(arrived, settings, now, further=further)
    if found is None or found.cause not in _NOTHING:
        return found
    closer = webhook_doctor.examine(given, settings, now, further=further)
    if closer is None:
        advice = "the signature is right for this --url, PUBLIC_BASE_URL and the path are not"
        return Finding(Cause.ADDRESS, advice, given.url)
    return closer


def _callback(args: argparse.Namespace) -> Callback:
    address = args.url.partition("#")[0]
    whole, _, query = address.partition("?")
    _, mount, path = whole.rpartition(_MOUNT)
    target = providers.route(path) if mount else None
    if target is None:
        known = sorted(route.path for one in providers.all_providers() for route in one.routes)
        raise Stopped(f"--url must end with {_MOUNT} and one of: {', '.join(known)}", 2)
    headers = {"content-type": args.content_type or target[1].content_types[0]}
    headers |= _headers(args, target[1])
    return Callback("POST", path, address, query, headers, _content(args.body))


def _headers(args: argparse.Namespace, route: Route) -> Mapping[str, str]:
    found = {}
    for line in args.header:
        name, colon, value = line.partition(":")
        if not colon:
            raise Stopped("--header must be NAME:VALUE", 2)
        found[name.strip().lower()] = value.strip()
    if args.signature is not None:
        found[route.signature] = args.signature
    return found


def _content(file: Path | None) -> bytes:
    if file is None:
        return b""
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError:
        raise Stopped("--body must be a file that can be read", 2) from None


def _further(args: argparse.Namespace) -> Mapping[str, str]:
    if args.secret_file is None:
        return {}
    return {"the secret of --secret-file": _content(args.secret_file).decode("latin-1").strip()}

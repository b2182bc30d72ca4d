"""Organizations and API keys, from the command line."""

import argparse
import json
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import available_timezones

from gateway import wallclock
from gateway.cli import local_stack
from gateway.cli.main import Stopped
from gateway.domain import channel_plan
from gateway.domain.reminders import Rule
from gateway.models.base import connection
from gateway.usecases import accounts, organizations, policies


def run(args: argparse.Namespace) -> int:
    """Do what `orgs ACTION` or `keys ACTION` asks."""
    local_stack.start(args.data)
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "orgs create": _create_organization,
        "orgs list": _list_organizations,
        "orgs set": _set_organization,
        "keys create": _create_key,
        "keys list": _list_keys,
        "keys revoke": _revoke_key,
    }
    with connection():
        return actions[f"{args.command} {args.action}"](args)


def _show(args: argparse.Namespace, row: Mapping[str, Any], line: str) -> None:
    print(json.dumps(row, default=str) if args.json else line)


def _organization(row: Any) -> dict[str, Any]:
    return {"id": row.id, "name": row.name, "time_zone": row.time_zone}


def _key(row: Any) -> dict[str, Any]:
    names = ("id", "name", "mode", "scopes", "created_at", "revoked_at")
    return {name: getattr(row, name) for name in names}


def _create_organization(args: argparse.Namespace) -> int:
    if args.time_zone not in available_timezones():
        raise Stopped("--time-zone must be an IANA name such as Europe/Berlin", 2)
    row = accounts.create_organization(args.name, args.time_zone, wallclock.now())
    _show(args, _organization(row), f"{row.id}  {row.name}")
    return 0


def _list_organizations(args: argparse.Namespace) -> int:
    for row in accounts.organizations():
        _show(args, _organization(row), f"{row.id}  {row.time_zone:<20}  {row.name}")
    return 0


def _set_organization(args: argparse.Namespace) -> int:
    changes: dict[str, Any] = {}
    if args.reminders is not None:
        changes["reminders"] = _rules(args.reminders)
    if args.repeats is not None:
        changes["repeats"] = _json(args.repeats, "--repeats", '{"busy": [300, 900]}')
    if args.policy is not None:
        changes["policy"] = _json(args.policy, "--policy", '{"quiet_hours": null}')
    if args.locale is not None:
        changes["locale"] = args.locale
    if args.rate is not None:
        changes["rate_per_second"] = _rate(args.rate)
    if not changes:
        raise Stopped("nothing to set: one option more is needed, see --help", 2)
    found = find(args.organization)
    organizations.change(found, changes)
    if "policy" in changes:
        policies.changed(found, wallclock.now())
    return 0


def _json(raw: str, option: str, example: str) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        raise Stopped(f"{option} must be JSON: {example}", 2) from None


def _rules(raw: str) -> list[Rule]:
    try:
        return [_rule(item) for item in json.loads(raw)]
    except (ValueError, TypeError):
        raise Stopped('--reminders must be JSON: [{"kind": "before", "minutes": 60}]', 2) from None


def _rule(item: dict[str, Any]) -> Rule:
    if "channels" in item:
        item = {**item, "channels": channel_plan.read(item["channels"])}
    return Rule(**item)


def _rate(raw: str) -> float | None:
    if raw == "none":
        return None
    try:
        return float(raw)
    except ValueError:
        raise Stopped("--rate must be a number, or none", 2) from None


def find(asked: str | None) -> str:
    """The id of the organization meant: by id, by its name, or the only one there is."""
    rows = accounts.organizations()
    found = [row for row in rows if asked in (None, row.id, row.name)]
    if len(found) == 1:
        return str(found[0].id)
    if not rows:
        raise Stopped("there is no organization yet: python3 -m gateway orgs create NAME", 2)
    why = "several organizations fit" if found else "no such organization"
    raise Stopped(f"{why}: --organization takes an id from `orgs list`", 2)


def _create_key(args: argparse.Namespace) -> int:
    organization = find(args.organization)
    scopes = [item.strip() for item in args.scopes.split(",")] if args.scopes else None
    row, secret = accounts.create_key(organization, args.name, args.mode, scopes, wallclock.now())
    fields = {**_key(row), "organization": organization, "secret": secret}
    _show(args, fields, f"{row.id}  {args.mode}  {secret}\nThe secret is shown this once.")
    return 0


def _list_keys(args: argparse.Namespace) -> int:
    for row in accounts.keys(find(args.organization) if args.organization else None):
        state = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "active"
        _show(args, _key(row), f"{row.id}  {row.mode:<4}  {state:<18}  {row.name}")
    return 0


def _revoke_key(args: argparse.Namespace) -> int:
    done = accounts.revoke_key(args.id, wallclock.now())
    _show(args, {"id": args.id, "revoked": done}, "revoked" if done else "no such active key")
    return 0 if done else 1

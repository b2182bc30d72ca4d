"""Provider events that could not be applied, from the command line."""

import argparse

from gateway.cli import by_hand
from gateway.http.admin_answer import event_answer
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import parked_events
from gateway.usecases.operators import Operator


def run(args: argparse.Namespace) -> int:
    """Do what `parked-events ACTION` asks. Works on the database itself."""
    work = {"replay": parked_events.replay, "discard": parked_events.discard}
    return by_hand.run(args, {"list": _list, "show": _show}, work)


def _list(operator: Operator, args: argparse.Namespace) -> int:
    for event in parked_events.search(
        operator, by_hand.filters(args, "state", "provider"), args.limit
    ):
        _tell(args, event)
    return 0


def _show(operator: Operator, args: argparse.Namespace) -> int:
    _tell(args, parked_events.show(operator, args.id))
    return 0


def _tell(args: argparse.Namespace, event: ProviderEvent) -> None:
    row = event_answer(event)
    words = (event.id, f"{event.received_at:%Y-%m-%d %H:%M}", row["state"], event.provider,
             event.kind, event.status or "-", event.reason or "-")  # fmt: skip
    by_hand.show(args, row, "  ".join(words))

"""Migrations, for a platform's release phase and for people."""

import argparse

from gateway import boot
from gateway.cli import local_stack
from gateway.cli.main import Stopped
from gateway.models import schema
from gateway.models.base import connection


def run(args: argparse.Namespace) -> int:
    """Bring the schema up (or with --down back) to where it should be; --status only looks."""
    if args.down and not args.to:
        raise Stopped("--down needs --to NAME, the last migration to undo", 2)
    if args.data:
        local_stack.start(args.data)
    else:
        boot.start()
    if args.status:
        return _status()
    names = schema.rollback(args.to) if args.down else schema.migrate(args.to)
    for name in names:
        print(f"{'undone' if args.down else 'applied'} {name}")
    if not names:
        print("nothing to do")
    return 0


def _status() -> int:
    with connection():
        applied, pending = schema.applied(), schema.pending()
    for name in applied:
        print(f"applied {name}")
    for name in pending:
        print(f"pending {name}")
    return 1 if pending else 0

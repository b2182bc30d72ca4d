"""`up`: everything on one machine, until Ctrl-C."""

import argparse
from urllib.parse import urlsplit

from gateway.cli.credentials import Credentials
from gateway.cli.reporter import Reporter
from gateway.cli.stack import Options, Stack
from gateway.cli.supervisor import Interrupted

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def run(args: argparse.Namespace) -> int:
    """Start, say that it is ready, keep it running; 0 after Ctrl-C or SIGTERM."""
    reporter = Reporter(args.json)
    stack = Stack(
        Options(args.data, args.host, args.port, args.sandbox_port, args.smtp_port), reporter
    )
    try:
        announce(stack, stack.start())
        while True:
            stack.supervisor.tick()
    except Interrupted:
        reporter.note("stopping")
        return 0
    finally:
        stack.stop()


def announce(stack: Stack, credentials: Credentials) -> None:
    """The ready line of the contract, or the same for people."""
    fields = {
        "api": stack.api,
        "sandbox": stack.sandbox,
        "key": credentials.key,
        "organization": credentials.organization,
        "test_key": credentials.test_key,
        "data": str(stack.data.path),
    }
    lines = (
        "",
        f"Ringback is ready: {stack.api}   (reference and try-out: {stack.api}/docs)",
        f"  key          {credentials.key}",
        *([f"  test key     {credentials.test_key}"] if credentials.live_key else []),
        f"  organization {credentials.organization}",
        f"  sandbox      {stack.sandbox}/sandbox/ledger",
        f"  logs         {stack.data.logs}",
        "Ctrl-C stops everything.",
    )
    if credentials.live_key and urlsplit(stack.env["PUBLIC_BASE_URL"]).hostname in LOOPBACK:
        stack.reporter.note("PUBLIC_BASE_URL is loopback: a real provider can't call back to it")
    stack.reporter.event("ready", "\n".join(lines), **fields)

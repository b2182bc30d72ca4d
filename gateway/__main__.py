"""The front door: `python3 -m gateway COMMAND`, on a bare Python 3.11 or later.

Reads the command line, sees to it that what the command needs is installed, and runs it.
"""

import sys


def main() -> int:
    """Run one command; the exit status is the command's own, 2 for a command not understood."""
    if sys.version_info < (3, 11):  # noqa: UP036 - a machine may have an older one
        print("Ringback needs Python 3.11 or later.", file=sys.stderr)
        return 1
    from gateway.cli import arguments, install

    args = arguments.parse(sys.argv[1:])
    install.ensure(args.command, sys.argv[1:])
    from gateway.cli.main import run

    return run(args)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

"""`bench`: the benchmarks beside the tests, which know their own options."""

import argparse
import subprocess
import sys

from gateway.cli.install import ROOT


def run(args: argparse.Namespace) -> int:
    """Measure with the options that were given; 1 if a benchmark broke."""
    return subprocess.run([sys.executable, "-m", "tests.bench", *args.options], cwd=ROOT).returncode

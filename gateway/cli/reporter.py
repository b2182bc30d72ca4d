"""What a running stack says: progress for people on stderr, events on stdout."""

import contextlib
import json
import sys
from typing import Any


class Reporter:
    """With `as_json` stdout carries one JSON object a line and nothing else."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def note(self, text: str) -> None:
        """Progress, for people."""
        self._write(sys.stderr, text)

    def event(self, name: str, text: str, **fields: Any) -> None:
        """Something a program may wait for; `text` is how people read it."""
        line = json.dumps({"event": name, **fields}) if self.as_json else text
        self._write(sys.stdout, line)

    def _write(self, stream: Any, text: str) -> None:
        with contextlib.suppress(OSError):  # a stack goes on when nobody reads any more
            print(text, file=stream, flush=True)

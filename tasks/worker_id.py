"""The name under which a worker process is known to the broker, and what it tells of it.

`worker-8-events+voice-…` has eight threads for these two queues. A process that only enqueues has
the broker's plain id.
"""

import re
from collections import Counter
from collections.abc import Iterable

from gateway.domain.lanes import QUEUES as QUEUES

# Not asked of the actors themselves (a test compares): processes forked after an import of the
# broker would share its id.
BEGINNING = "worker-"
_NAME = re.compile(r"worker-(?P<threads>\d+)-(?P<queues>[a-z_+]+)-.*")


def of(plain: str, threads: int, queues: Iterable[str]) -> str:
    """The name of a worker with so many threads for these queues, from its broker's plain id."""
    return f"{BEGINNING}{threads}-{'+'.join(sorted(queues))}-{plain}"


def threads(names: Iterable[str]) -> Counter[str]:
    """How many threads serve each queue, all these workers together."""
    found: Counter[str] = Counter()
    for match in filter(None, map(_NAME.fullmatch, names)):
        for queue in match["queues"].split("+"):
            found[queue] += int(match["threads"])
    return found

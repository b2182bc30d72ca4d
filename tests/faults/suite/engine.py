"""Plays one fault on a stage: load, fault, healing, drain, and the oracle's verdict."""

import itertools
import random
import time
import traceback
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.client import Api
from tests.faults.suite import evidence, load, oracle
from tests.faults.suite.registry import Fault, Scene
from tests.faults.suite.stage import DEADLINE, Stage

CONVERGE_SECONDS = 120.0
FEED_SECONDS = 15.0
SETTLED_FOR = 3  # looks in a row that find nothing open


@dataclass
class Result:
    """One row of the table."""

    fault: str
    database: str
    seed: int
    verdict: oracle.Verdict
    seconds_to_converge: float | None
    seconds: float
    struck: int
    ok: bool
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """Counts, with the details of what went wrong beside them."""
        counts, details = {}, {}
        for name, value in asdict(self.verdict).items():
            counts[name] = len(value) if isinstance(value, set) else value
            if isinstance(value, set) and value and name != "flagged":
                details[name] = sorted(value)[:10]
        converged = self.seconds_to_converge
        return {
            "fault": self.fault, "database": self.database, "seed": self.seed, **counts,
            "seconds_to_converge": None if converged is None else round(converged, 1),
            "seconds": round(self.seconds, 1), "struck": self.struck, "ok": self.ok,
            **({"error": self.error} if self.error else {}),
            **({"details": details} if details else {}),
        }  # fmt: skip


@dataclass
class Engine:
    """Faults one after the other on one stage; no number is used twice."""

    stage: Stage
    seed: int
    folder: Path
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _runs: "itertools.count[int]" = field(default_factory=itertools.count)

    def play(self, fault: Fault) -> Result:
        """One fault from beginning to end."""
        begun = time.monotonic()
        kind = self.stage.database.kind
        run = f"{fault.name}-{kind}-{next(self._runs)}"
        dice = random.Random(f"{self.seed}|{fault.name}|{kind}")
        self.stage.route(proxied=fault.proxied)
        self.stage.heal()
        account = self.stage.crew.organization(run)
        numbers = (f"+1303{number:07d}" for number in self._numbers)
        asks = load.plan(dice, numbers, run, fault.size, fault.spread)
        client = load.Load(self.stage.url, account["key"], self.folder / f"{run}.jsonl", asks)
        scene = Scene(self.stage, client, dice, fault.spread)
        error = self._strike(fault, scene)
        converged = self._drain(client, account["id"])
        client.stop()
        verdict = oracle.judge(self._gather(client, account))
        ok = not error and converged is not None and scene.struck > 0 and verdict.good(
            fault.residual
        ) and verdict.acked + verdict.too_late == len(asks)  # fmt: skip
        return Result(
            fault.name, kind, self.seed, verdict, converged, time.monotonic() - begun,
            scene.struck, ok, error,
        )  # fmt: skip

    def _strike(self, fault: Fault, scene: Scene) -> str:
        scene.load.start()
        scene.load.wait_for(0.1, 20)
        error = ""
        try:
            fault.strike(scene)
        except Exception:
            error = traceback.format_exc()
        self.stage.heal()
        return error

    def _drain(self, client: load.Load, organization: str) -> float | None:
        """Seconds until everything has its end, counted from the healing or from when the last was
        due; None if that is not within two minutes."""
        begun = max(time.monotonic(), client.last_due)
        quiet = 0
        while time.monotonic() < begun + CONVERGE_SECONDS:
            open_rows = evidence.still_open(self.stage.database, organization)
            done = client.settled and not any(open_rows) and not self.stage.backlog()
            quiet = quiet + 1 if done else 0
            if quiet == 1:
                ended = time.monotonic()
            if quiet == SETTLED_FOR:
                return max(0.0, ended - begun)
            time.sleep(0.25)
        return None

    def _gather(self, client: load.Load, account: dict[str, str]) -> evidence.Evidence:
        stage, organization = self.stage, account["id"]
        asked = evidence.client_knows(client.ledger.entries())
        placed = evidence.provider_did(
            stage.sandbox.look("ledger"), {item.to for item in asked}
        )  # fmt: skip
        ids = {line.external_id for line in placed}
        rows = {str(row[0]) for row in stage.database.read(evidence.FEED, organization)}
        notifications, calls = evidence.gateway_says(stage.database, organization)
        return evidence.Evidence(
            asked, placed, notifications, calls,
            told=evidence.provider_told(stage.sandbox.look("callbacks"), ids),
            stored=Counter(
                {row[0]: row[1] for row in stage.database.read(evidence.STORED) if row[0] in ids}
            ),
            feed=_feed(Api(stage.url, account["key"]), rows),
            feed_rows=rows,
            shown=stage.timeline,
            grace=timedelta(seconds=DEADLINE),
        )  # fmt: skip


def _feed(api: Api, rows: set[str]) -> list[dict[str, Any]]:
    """The feed as a client follows it, until it showed every row or for some seconds no more: an
    entry is held back while an older transaction is still open."""
    entries: list[dict[str, Any]] = []
    cursor: str | None = None
    until = time.monotonic() + FEED_SECONDS
    while time.monotonic() < until and not rows <= {str(entry["id"]) for entry in entries}:
        page = api.take(
            "GET", "/events", params={"limit": 200, **({"after": cursor} if cursor else {})}
        )
        entries += page["data"]
        cursor = page["next_cursor"] or cursor
        if not page["data"]:
            time.sleep(0.25)
    return entries

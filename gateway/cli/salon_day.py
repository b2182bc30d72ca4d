"""Plays the salon's day on the demo's clock, scene by scene, as fast as everything happens."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gateway import wallclock
from gateway.cli.api import Api
from gateway.cli.daytime import zone_at_ten
from gateway.cli.main import Stopped
from gateway.cli.narrator import Narrator
from gateway.cli.reporter import Reporter
from gateway.cli.salon import PEOPLE, Salon, Scene, number

_LOOK = 0.15  # seconds between two looks at the feed


class SalonDay:
    """One day. `clock` is the file that every process of the stack takes its time from."""

    def __init__(self, api: Api, reporter: Reporter, clock: str) -> None:
        now = wallclock.now()
        zone = zone_at_ten(now)
        self._salon = Salon(api, now + timedelta(seconds=1), zone)
        names = {number(name): name for name in PEOPLE}
        self._narrator = Narrator(api, reporter, zone, names)
        self._api, self._clock = api, clock

    def play(self, until: float, tick: Callable[[], None]) -> Counter[str]:
        """Play it, `tick` being called in between; how many of what were heard. Raises Stopped at
        `until`, a reading of time.monotonic, with what did not happen."""
        self._salon.prepare()
        self._narrator.skip()
        for scene in self._salon.scenes():
            self._enter(scene)
            while missing := self._missing(scene):
                if time.monotonic() > until:
                    raise Stopped("the salon's day is not over: " + "; ".join(missing))
                self._narrator.listen()
                tick()
                time.sleep(_LOOK)
        return Counter(said for (_, _, said), times in self._narrator.heard.items()
                       for _ in range(times))  # fmt: skip

    def _enter(self, scene: Scene) -> None:
        if scene.at > wallclock.now():
            wallclock.set_reading(self._clock, scene.at)
        if scene.title:
            self._narrator.note(scene.at, f"— {scene.title}")
        if scene.act is not None:
            scene.act()

    def _missing(self, scene: Scene) -> list[str]:
        if ("snapshot", "", "counted") in scene.wants:
            self._look_for_snapshot(scene.at)
        lacking = Counter(scene.wants) - self._narrator.heard
        return [" ".join(filter(None, wanted)) for wanted in lacking]

    def _look_for_snapshot(self, at: datetime) -> None:
        opens = self._salon.opens.astimezone(ZoneInfo(self._salon.zone))
        day = opens.date().isoformat()
        for row in self._api.get(f"/api/v1/snapshots?from={day}&to={day}")["data"]:
            if not self._narrator.heard["snapshot", "", "counted"]:
                self._narrator.heard["snapshot", "", "counted"] += 1
                self._narrator.note(at, f"snapshot of {day}: {_figures(row)}", day=day)


def _figures(row: dict[str, Any]) -> str:
    bookings, offers = row["bookings"], row["waitlist"]
    money = [f"{sum_['amount']} {sum_['currency']} recovered" for sum_ in row["recovered"]]
    parts = [
        f"{bookings['made']} booked",
        f"{bookings['canceled']} canceled",
        f"{offers['offers']} offers, {offers['accepted']} accepted",
        f"{row['reach']['notifications']} to tell, {row['reach']['reached']} reached",
        *money,
    ]
    return ", ".join(parts)

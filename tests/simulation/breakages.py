"""Worlds that break a promise on purpose. What a product with this very fault would write is
written into the rows from outside; none of its code is touched."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from gateway.models.booking import Booking
from gateway.models.consent import Consent
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from tests.simulation.run import Twist
from tests.simulation.world import World


def posts_again_after_a_timeout(world: World) -> None:
    """A client that repeats a POST of which no answer came, as many do by themselves."""
    for carrier in world.carriers:
        carrier.copies["timeout, taken"] = 2


def hands_reached_rows_out_again(world: World) -> None:
    """A claim that does not ask whether the row is done."""

    def meddle(job: str, row_id: str) -> None:
        if job == "apply_event":
            Notification.update(
                state="scheduled", next_attempt_at=world.clock(), finished_at=None
            ).where(Notification.state == "reached").execute()

    world.meddle = meddle


def clocks_run_ahead(world: World) -> None:
    """All processes believe it is a minute later than it is."""
    world.skew = timedelta(seconds=60)


def counts_days_by_the_wall_clock(world: World) -> None:
    """24 hours before, taken as the same time on the day before."""

    def meddle(kind: str, row_id: str) -> None:
        booking = Booking.get_or_none(Booking.id == row_id)
        if kind != "book" or booking is None:
            return
        zone = ZoneInfo(booking.time_zone)
        for row in Notification.select().where(
            Notification.booking == row_id, Notification.rule.startswith("before:1440")
        ):
            shown = (row.due_at.astimezone(zone), booking.starts_at.astimezone(zone))
            moved = [at.utcoffset() or timedelta() for at in shown]
            due = row.due_at + (moved[0] - moved[1])
            if due != row.due_at and row.state == "scheduled":
                Notification.update(due_at=due, next_attempt_at=due).where(
                    Notification.id == row.id
                ).execute()

    world.meddle = meddle


def forgets_cancels(world: World) -> None:
    """A cancel that is acknowledged and not carried out."""

    def meddle(kind: str, row_id: str) -> None:
        if kind != "cancel":
            return
        Booking.update(state="booked").where(Booking.id == row_id).execute()
        version = Booking.get_by_id(row_id).schedule_version
        again = Notification.update(
            state="scheduled", reason=None, finished_at=None, schedule_version=version,
            next_attempt_at=Notification.due_at,
        )  # fmt: skip
        mine = (Notification.booking == row_id, Notification.reason == "canceled")
        again.where(*mine).execute()

    world.meddle = meddle


def forgets_stops(world: World) -> None:
    """Somebody says stop, and it is not looked at."""
    world.meddle = lambda job, row_id: void(Consent.delete().execute())


def loses_rows(world: World) -> None:
    """A booking whose first notification was never written."""

    def meddle(kind: str, row_id: str) -> None:
        if kind == "book":
            first = Notification.select(Notification.id).where(
                Notification.booking == row_id, Notification.state == "scheduled"
            )
            lost = [row.id for row in first.order_by(Notification.due_at).limit(1)]
            Notification.delete().where(Notification.id.in_(lost)).execute()

    world.meddle = meddle


def loses_events(world: World) -> None:
    """A callback that is acknowledged and not kept."""
    ringing = ProviderEvent.status == "ringing"
    world.meddle = lambda job, row_id: void(ProviderEvent.delete().where(ringing).execute())


def tells_moves_twice(world: World) -> None:
    """A feed entry for a move that another entry tells of."""

    def meddle(job: str, row_id: str) -> None:
        if job != "place_call":
            return
        last = FeedEntry.select().where(FeedEntry.object == "call").order_by(FeedEntry.id.desc())
        for entry in last.limit(1):
            again = dict(entry.__data__)
            again.pop("id")
            FeedEntry.insert(again).execute()

    world.meddle = meddle


def rings_in_vain(world: World) -> None:
    """A broker that loses the first messages about each notification."""
    world.doorbell.lost_claims = 10


def void(_: object) -> None:
    """Nothing more."""


@dataclass(frozen=True)
class Broken:
    """A world, the promise that it breaks, of how many decisions the shortest trace is at the
    most, and the seed and the days in which it shows soon."""

    twist: Twist
    code: str
    most: int
    seed: int
    days: float


ALL = (
    Broken(posts_again_after_a_timeout, "P3 twice", 3, 8, 2.0),
    Broken(hands_reached_rows_out_again, "P3 twice", 1, 4, 2.0),
    Broken(clocks_run_ahead, "P4 early", 1, 6, 2.0),
    Broken(counts_days_by_the_wall_clock, "P4 not owed", 1, 12, 3.0),
    Broken(forgets_cancels, "P4 not owed", 2, 1, 2.0),
    Broken(forgets_stops, "P4 opted out", 3, 1, 30.0),
    Broken(loses_rows, "P1 lost", 1, 6, 2.0),
    Broken(loses_events, "P5 event lost", 1, 6, 2.0),
    Broken(tells_moves_twice, "feed twice", 1, 6, 2.0),
    Broken(rings_in_vain, "P6 late", 1, 6, 1.0),
)

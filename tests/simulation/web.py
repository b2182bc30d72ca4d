"""The web process: customers' requests and carriers' callbacks, as gateway/http hands them on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from gateway.domain import reminders, times
from gateway.domain.callback import Callback
from gateway.domain.errors import GatewayError, Invalid
from gateway.models.consent import Consent
from gateway.usecases import bookings, idempotency, intake, people, requests
from gateway.usecases.idempotency import Answer
from gateway.usecases.requests import Asked
from gateway.usecases.schedule import Ring
from gateway.usecases.wanted import Wanted
from tests.simulation.carrier import HEADER, sign
from tests.simulation.processes import alive
from tests.simulation.seasons import TOWNS, Action

if TYPE_CHECKING:
    from tests.simulation.world import World

CANARY = "Zyxwv Canary"
LOSSES = {"answer lost": 0.03}
TOOK_IT = Callable[[bool], None]


class Web:
    """Each request is a strand, which may be killed at any failpoint: then no answer comes."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.ids: dict[str, str] = {}  # of bookings, by external id, as answers told them

    def receive(
        self, carrier: str, name: str, subject: str, body: bytes, answered: TOOK_IT
    ) -> None:
        """A carrier posts a callback; `answered` is told whether a 2xx came."""

        def handle() -> None:
            headers = {HEADER: sign(body), "content-type": "application/json"}
            path = f"{carrier}/voice"
            callback = Callback("POST", path, f"https://gw.example/{path}", "", headers, body)
            kept = intake.keep(callback, self.world.timeline.now)
            for event_id in kept.event_ids:
                self.world.events[event_id] = name
                self.world.doorbell.ring("apply_event", event_id)
            self.world.clocks.notice()

        self.world.timeline.spawn(name, lambda: answered(alive(self.world, handle)))

    def serve(self, action: Action, answered: Callable[[Any], None]) -> None:
        """A customer's request. `answered` gets the result, the fault (GatewayError), or None when
        no answer came."""
        told: list[Any] = []

        def handle() -> None:
            try:
                told.append(getattr(self, f"_{action.kind}")(action))
            except GatewayError as fault:
                told.append(fault)
            if self.world.meddle is not None:
                self.world.meddle(action.kind, self.ids.get(action.subject, ""))
            self.world.clocks.notice()

        def run() -> None:
            whole = alive(self.world, handle)
            first = action.name not in self.world.customers.unanswered
            if whole and first and self.world.fault(f"answer to {action.name}", LOSSES):
                whole = False
            answered(told[0] if whole else None)

        self.world.timeline.spawn(action.name, run)

    def _once(self, action: Action, work: Callable[[], Answer]) -> Answer:
        caller, now = self.world.callers[action.town], self.world.timeline.now
        answer = idempotency.once(caller, action.name, action.name, now, work)
        self._ring(answer.ring)
        return answer

    def _ring(self, claimed: list[Ring]) -> None:
        for notification_id, claim, _ in claimed:
            self.world.doorbell.ring("place_call", notification_id, claim)

    def _book(self, action: Action) -> Answer:
        def work() -> Answer:
            caller = self.world.callers[action.town]
            booked = bookings.book(caller, self._wanted(action), self.world.timeline.now)
            return Answer(201, {"id": booked.booking.id}, booked.ring)

        answer = self._once(action, work)
        self.ids[action.subject] = answer.body["id"]
        return answer

    def _again(self, action: Action) -> Any:
        """The very same booking once more, under another key."""
        first = self.world.booked[action.subject]
        caller = self.world.callers[action.town]
        booked = bookings.book(caller, self._wanted(first), self.world.timeline.now)
        self._ring(booked.ring)
        return booked

    def _wanted(self, action: Action) -> Wanted:
        details, zone = action.details, TOWNS[action.town].zone
        at, text = _instant(details["starts"], zone)
        rules = details["rules"]
        return Wanted(
            starts_at=at, starts_at_text=text, time_zone=zone, external_id=action.subject,
            contact={"name": CANARY, "phone": details["phone"]}, fingerprint=action.subject,
            reminders=None if rules is None else [_rule(rule) for rule in rules],
        )  # fmt: skip

    def _edit(self, action: Action, **changes: Any) -> Any:
        caller, booking_id = self.world.callers[action.town], self.ids[action.subject]
        edited = bookings.edit(caller, booking_id, changes, None, self.world.timeline.now)
        self._ring(edited.ring)
        for call_id in edited.ending:
            self.world.doorbell.ring("end_call", call_id)
        return edited

    def _move(self, action: Action) -> Any:
        at, text = _instant(action.details["starts"], TOWNS[action.town].zone)
        return self._edit(action, starts_at=at, starts_at_text=text)

    def _confirm(self, action: Action) -> Any:
        return self._edit(action, state="confirmed")

    def _check_in(self, action: Action) -> Any:
        return self._edit(action, state="checked_in")

    def _phone(self, action: Action) -> Any:
        return self._edit(action, contact={"name": CANARY, "phone": action.details["phone"]})

    def _replan(self, action: Action) -> Any:
        return self._edit(action, reminders=[_rule(rule) for rule in action.details["rules"]])

    def _cancel(self, action: Action) -> Any:
        caller, booking_id = self.world.callers[action.town], self.ids[action.subject]
        canceled = bookings.cancel(caller, booking_id, self.world.timeline.now)
        for call_id in canceled.calls:
            self.world.doorbell.ring("end_call", call_id)
        return canceled

    def _request(self, action: Action) -> Any:
        details, now = action.details, self.world.timeline.now

        def work() -> Answer:
            send_at = now + timedelta(seconds=details["wait"]) if details["wait"] else None
            ends = (send_at or now) + timedelta(seconds=details["lasts"] or 86_400)
            asked = Asked(
                channel="voice", to=details["phone"], words={"say": f"Hello {CANARY}"},
                send_at=send_at, expires_at=ends, metadata={"name": action.subject},
            )  # fmt: skip
            made = requests.request(self.world.callers[action.town], asked, now)
            return Answer(201, {"due": made.notification.due_at.isoformat()}, made.ring)

        return self._once(action, work)

    def say(self, town: int, phone: str, granted: bool) -> None:
        """Somebody says stop, or start, to an organization."""
        Consent.create(
            organization=self.world.callers[town].organization_id, channel="voice", purpose="all",
            address_hash=people.address_hash(phone), granted=granted, source="simulation",
            at=self.world.timeline.now,
        )  # fmt: skip


def _rule(rule: Any) -> reminders.Rule:
    within = rule.within if rule.kind == "every" else 10_080
    return reminders.Rule(rule.kind, minutes=rule.minutes, within_minutes=within)


def _instant(local: datetime, zone: str) -> tuple[datetime, str]:
    """What a client writes: local time where that is clear, else with its offset."""
    text = local.isoformat()
    try:
        return times.instant(text, zone, "starts_at").at, text
    except Invalid:
        at = local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        text = at.astimezone(ZoneInfo(zone)).isoformat()
        return times.instant(text, zone, "starts_at").at, text

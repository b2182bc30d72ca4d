"""A client of a web process over HTTP, with one key."""

from typing import Any

import requests

ANSWERED = "+12025550100"


class Api:
    """A client of the web process with one key."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.session = url, requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key}"

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request under /api/v1."""
        return self.session.request(method, f"{self.url}/api/v1{path}", timeout=15, **options)

    def take(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """One request that must succeed; its JSON."""
        answer = self.ask(method, path, **options)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def call(self, to: str = ANSWERED, **more: Any) -> dict[str, Any]:
        """Ask for one call; the notification."""
        return self.take("POST", "/calls", json={"to": to, "say": "See you at noon.", **more})

    def book(self, phone: str = ANSWERED, **more: Any) -> dict[str, Any]:
        """Book an appointment; the booking."""
        body = {"contact": {"phone": phone, "name": "Ada"}, **more}
        return self.take("POST", "/bookings", json=body)

    def reminders(self, booking_id: str) -> list[dict[str, Any]]:
        """The reminders of a booking with their attempts."""
        found: list[dict[str, Any]] = self.take("GET", f"/bookings/{booking_id}/reminders")["data"]
        return found

    def calls(self, **query: Any) -> list[dict[str, Any]]:
        """Call logs, newest first, up to 200."""
        found: list[dict[str, Any]] = self.take(
            "GET", "/calls", params={"limit": 200, **query}
        )["data"]  # fmt: skip
        return found

    def attempts(self, notification_id: str) -> list[dict[str, Any]]:
        """The calls of one notification, oldest first."""
        mine = [call for call in self.calls() if call["notification_id"] == notification_id]
        return mine[::-1]

    def show(self, call_id: str) -> dict[str, Any]:
        """One call with its timeline."""
        return self.take("GET", f"/calls/{call_id}")

    def moves(self, object_id: str) -> list[str]:
        """The states that one object went through, as the feed tells them."""
        return [entry["state"] for entry in self.feed() if entry["object_id"] == object_id]

    def feed(self) -> list[dict[str, Any]]:
        """The whole feed, oldest first."""
        entries: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            asked = {"limit": 200} | ({"after": cursor} if cursor else {})
            page = self.take("GET", "/events", params=asked)
            entries += page["data"]
            if not page["data"] or page["next_cursor"] in (None, cursor):
                return entries
            cursor = page["next_cursor"]

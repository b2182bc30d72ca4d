"""Somebody in front of a browser."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request, expect

from tests.http.staff_stage import PASSWORD

SIZES: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "desktop": {"viewport": {"width": 1280, "height": 800}},
}
GRAVE = ("serious", "critical")


@dataclass
class Visitor:
    """One tab. `faults` are errors that the browser told of and requests that went elsewhere."""

    page: Page
    url: str
    size: str
    folder: Path
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(20_000)
        expect.set_options(timeout=20_000)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(f"{self.url}/"):
            self.faults.append(f"asked another host: {request.url}")

    def open(self, path: str) -> None:
        """Go to a page that has to be there."""
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.ok, f"{path}: {answer.status}"

    def sign_in(self, email: str, password: str = PASSWORD) -> None:
        """Sign in, and choose test data."""
        self.open("/console/sign-in")
        self.page.get_by_label("E-mail address").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/console")
        self.open("/console/organization")
        self.page.get_by_label("Test: only the sandbox").check()
        self.page.get_by_role("button", name="Show").click()
        expect(self.page.get_by_role("status")).to_contain_text("test data")

    def told(self, text: str) -> None:
        """Wait for the notice that an action leaves."""
        expect(self.page.get_by_role("status")).to_contain_text(text)

    def look(self, name: str) -> None:
        """Take a picture of the page, and hold it against what everybody has to be able to use: no
        grave fault for a screen reader, nothing to be shoved sideways."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=self.folder / f"{name}.png", full_page=True)
        found: dict[str, Any] = Axe().run(self.page).response
        grave = [
            f"{one['id']} ({one['impact']}): {node['html'][:160]}"
            for one in found["violations"]
            if one["impact"] in GRAVE
            for node in one["nodes"]
        ]
        assert grave == [], f"{name}: {grave}"
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= SIZES[self.size]["viewport"]["width"], f"{name} is {wide} pixels wide"

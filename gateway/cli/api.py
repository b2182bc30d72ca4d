"""The gateway's own API as the demo uses it: over HTTP, with a test key."""

from dataclasses import dataclass
from typing import Any

import requests

from gateway.cli.main import Stopped


@dataclass(frozen=True)
class Api:
    """Raises Stopped for a refusal, and when a change was not answered."""

    url: str
    key: str
    http: requests.Session

    def get(self, path: str) -> dict[str, Any]:
        """An answer; an empty page where there is none: a restart is no end of the demo."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a POST."""
        return self._ask("POST", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a PATCH."""
        return self._ask("PATCH", path, body)

    def delete(self, path: str) -> dict[str, Any]:
        """The answer to a DELETE."""
        return self._ask("DELETE", path, None)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.key}"}
        try:
            answer = self.http.request(
                method, self.url + path, json=body, headers=headers, timeout=10
            )
        except requests.RequestException as error:
            if method == "GET":
                return {"data": []}
            raise Stopped("the API did not answer") from error
        if answer.status_code >= 400 and (method != "GET" or answer.status_code < 500):
            asked = f"{method} {path.partition('?')[0]}"
            raise Stopped(f"{asked} was answered {answer.status_code}{_fields(answer)}")
        found: dict[str, Any] = answer.json() if answer.status_code < 400 else {"data": []}
        return found


def _fields(answer: requests.Response) -> str:
    """What was wrong with a request, in the words of a problem document."""
    try:
        faults = answer.json()["errors"]
    except (ValueError, KeyError, TypeError):
        return ""
    return "".join(f"; {one['field']} {one['message']}" for one in faults)

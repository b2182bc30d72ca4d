"""The published description: valid, complete, and shown by a page that needs nobody else."""

import json
import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.http.stage import BOOKINGS, CALLS, MESSAGES, Api, booking


def test_the_description_is_valid_openapi_3_1(api: Api) -> None:
    document = api.description.document

    assert document["openapi"].startswith("3.1")
    validate(document)


# What they act on is named in the address, or is the organization.
BODILESS = {"pause", "resume", "clean", "retry", "on", "off", "rescan", "reset", "run", "stop",
            "dispute", "remind", "write-off", "accept", "decline", "revoke"}  # fmt: skip


def test_every_operation_is_described_for_whoever_calls_it(
    api: Api, subtests: pytest.Subtests
) -> None:
    ids = []
    for path, operations in api.description.document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            with subtests.test(f"{method} {path}"):
                ids.append(operation["operationId"])
                assert operation["summary"]
                assert operation["description"]
                assert operation["responses"]["default"]
                keyed = operation.get("security") == [{"key": []}]
                assert keyed == path.startswith("/api/")
                assert bool(operation.get("x-scopes")) == keyed
                if method == "post" and keyed:
                    assert "Idempotency-Key" in json.dumps(operation["parameters"])
                    if path.rpartition("/")[2] in BODILESS and "requestBody" not in operation:
                        continue
                    [content] = operation["requestBody"]["content"].values()
                    assert content["example"]
    assert len(ids) == len(set(ids))


def test_the_examples_are_taken_as_they_stand_but_for_their_dates(api: Api) -> None:
    for path in (BOOKINGS, CALLS, MESSAGES):
        operation = api.description.document["paths"][path]["post"]
        example = operation["requestBody"]["content"]["application/json"]["example"]
        answer = api.post(path, example)

        if answer.status_code == 422:  # the example's dates are past by now
            assert answer.json is not None
            at_fault = {error["field"] for error in answer.json["errors"]}
            assert at_fault <= {"starts_at", "send_at"}
        else:
            assert answer.status_code in (201, 202)
    assert set(booking()) <= set(
        api.description.document["components"]["schemas"]["BookingInput"]["properties"]
    )


def test_the_page_loads_nothing_from_elsewhere(api: Api) -> None:
    nobody = api.with_key(None)
    page = nobody.get("/docs")
    policy = page.headers["Content-Security-Policy"]

    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    linked = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
    for address in linked:
        assert address.startswith(("/docs/", "data:"))
        if address.startswith("/docs/"):
            assert nobody.get(address).status_code == 200
    for asset in ("/docs/docs.js", "/docs/docs.css"):
        text = nobody.get(asset).text
        assert "http://" not in text
        assert "https://" not in text
        assert "innerHTML" not in text
    assert "<script>" not in page.text
    assert nobody.get("/docs/..%2fdocs.py").status_code == 404
    assert nobody.get("/docs/docs.html").status_code == 404


CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance,
          response_headers_conformance, response_schema_conformance]  # fmt: skip
MEANT_TO_BE_503 = ("/health/ready", "/health/providers", "/health/jobs", "/health/cron")


def test_generated_requests_get_described_answers_and_never_a_5xx(
    api: Api, subtests: pytest.Subtests
) -> None:
    described = schemathesis.openapi.from_wsgi("/docs/openapi.json", api.app)
    bearer = {"Authorization": f"Bearer {api.account.test_key}"}
    for found in described.get_all_operations():
        operation = found.ok()  # type: ignore[union-attr]
        if operation.path in MEANT_TO_BE_503:
            continue

        @seed(7261736)
        @settings(
            max_examples=6, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(operation.as_strategy())
        def ask(case: Any) -> None:
            headers = bearer if case.path.startswith("/api/") else {}
            case.validate_response(case.call(headers=headers), checks=CHECKS)

        with subtests.test(operation.label):
            ask()

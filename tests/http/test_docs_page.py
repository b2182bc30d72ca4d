"""The reference page, as a browser shows it."""

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--virtual-time-budget=5000", "--dump-dom",
)  # fmt: skip


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_browser_shows_every_operation_without_asking_anybody_else(
    address: str, app: Flask, tmp_path: Path
) -> None:
    # A proxy that nobody answers for every other host: the page may load from us alone.
    only_us = ("--proxy-server=http://127.0.0.1:9", "--proxy-bypass-list=127.0.0.1")
    command = [str(CHROMIUM), *OPTIONS, *only_us, f"--user-data-dir={tmp_path}", f"{address}/docs"]
    shown = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "HOME": str(tmp_path)},
    ).stdout

    spec = app.test_client().get("/docs/openapi.json").get_json()
    operations = [
        operation["summary"]
        for path in spec["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "summary" in operation
    ]
    assert len(operations) >= 12
    assert [summary for summary in operations if summary not in shown] == []

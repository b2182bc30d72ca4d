"""What all processes did, as any web process tells it: real ones, that end and begin again."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.cli.embedded_redis import free_port
from gateway.cli.install import ROOT
from tests.cli.stacks import SECRET_KEY, Api, clean_env, command, processes
from tests.http.scrape import Scrape
from tests.waiting import until

CALLS = 3
ASKED = 40


@pytest.fixture
def env(redis_url: str, sqlite_url: str) -> dict[str, str]:
    return clean_env(
        PORT=str(free_port()),
        DATABASE_URL=sqlite_url,
        REDIS_URL=redis_url,
        SECRET_KEY=SECRET_KEY,
        SANDBOX_URL=f"http://127.0.0.1:{free_port()}",
        WEB_PROCESSES="2",
        CLOCK_IN_WORKER="no",
    )


def scraped(api: Api) -> Scrape:
    return Scrape(api.http.get(f"{api.base}/metrics", timeout=10).text)


def health(api: Api, of: str) -> tuple[int, dict[str, Any]]:
    answer = api.http.get(f"{api.base}/health/{of}", timeout=10)
    return answer.status_code, answer.json()


@pytest.mark.row("B7")
@pytest.mark.row("B8")
@pytest.mark.row("C7")
def test_what_web_worker_and_clock_did_is_told_by_any_web_and_outlives_them(
    env: dict[str, str], tmp_path: Path
) -> None:
    for words in (("orgs", "create", "Salon"), ("keys", "create", "--mode", "test", "--json")):
        done = subprocess.run(command(*words), cwd=ROOT, env=env, capture_output=True, check=True)
    api = Api(f"http://127.0.0.1:{env['PORT']}", json.loads(done.stdout)["secret"])
    sandbox = command("sandbox", "--port", env["SANDBOX_URL"].rpartition(":")[2])
    work = [command("worker", "--processes", "2", "--threads", "2"), command("clock")]
    with processes([sandbox, command("web"), *work], env, tmp_path / "log"):
        until(api.ready, "the API", 60)
        until(lambda: health(api, "jobs")[0] == 200, "workers and a clock", 60)
        # The first to be heard of is enough for that.
        until(lambda: health(api, "queues")[1]["workers"] == 2, "both workers", 60)
        assert health(api, "queues")[0] == 200
        until(lambda: health(api, "cron")[0] == 200, "the cron jobs", 60)
        for _ in range(ASKED):
            # A connection each, so that both processes get some.
            assert requests.get(f"{api.base}/health", timeout=10).status_code == 200
        ids = [api.call() for _ in range(CALLS)]
        until(lambda: all(api.completed(one) for one in ids), "the calls", 60)
    # All of them ended, and wrote down what was left.
    with processes([command("web")], env, tmp_path / "log"):
        until(api.ready, "the API", 60)
        seen = scraped(api)
        status, told = health(api, "jobs")
    route = {"method": "GET", "route": "/health", "status": "200"}
    assert seen.of("ringback_http_requests_total", **route) == ASKED
    route = {"method": "POST", "route": "/api/v1/calls", "status": "202"}
    assert seen.of("ringback_http_requests_total", **route) == CALLS
    done_ = {"queue": "voice", "kind": "request", "status": "completed"}
    assert seen.of("ringback_jobs_total", **done_) == CALLS
    about = {"queue": "voice", "kind": "request"}
    assert seen.of("ringback_job_duration_seconds_count", **about) == CALLS
    assert seen.sum("ringback_jobs_total", queue="events", status="completed") >= CALLS
    assert seen.of("ringback_clocks") == 0
    assert (status, told["status"] in ("no-workers", "no-clock")) == (503, True)

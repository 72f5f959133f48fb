"""Schemathesis over the OpenAPI document: what fits it, and what nearly does, is never answered with a fault."""

import subprocess
import sys
from pathlib import Path

import httpx
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode

from support.sentinel import Sentinel
from support.team import Administrator, Team

#: It learns ids from answers: what would end the membership that it acts by, which would end the run's use.
ENDINGS = [
    "POST /auth/logout",
    "POST /api/v1/auth/logout",
    "DELETE /workspaces/{workspace_id}",
    "DELETE /workspaces/{workspace_id}/members/{user_id}",
]


def test_as_an_owner_with_a_service_s_key(server: Sentinel, tmp_path: Path):
    team = Team(server)
    # Events go on until their listener leaves: they have a test of their own.
    options = ["--exclude-path-regex", "^/admin/|/events$"]
    for name in ENDINGS:
        options += ["--exclude-name", name]
    run(server, tmp_path, 20, team.owner.headers | team.key, options)
    assert team.http.get("/users/me", headers=team.owner.headers).is_success


def test_as_an_administrator(server: Sentinel, root: Administrator, tmp_path: Path):
    cookie = {"Cookie": f"admin_token={root.browser.cookie('admin_token')}", "X-Requested-With": "XMLHttpRequest"}
    run(server, tmp_path, 15, cookie, ["--include-path-regex", "^/(auth/)?admin/", "--exclude-path-regex", "logout"])


def test_events_as_a_person(server: Sentinel):
    team = Team(server)
    operation = schemathesis.openapi.from_url(f"{server.url}/openapi.json")["/bundles/v1/workspaces/{workspace_id}/events"]["GET"]
    cases = operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE)
    wait = httpx.Timeout(10)
    seen = set()

    def listen(http: httpx.Client, **asked) -> None:
        with http.stream(**asked) as answer:
            assert answer.status_code < 500, asked
            seen.add(answer.status_code)
            if answer.status_code == 200:
                # The first word comes at once; the listener has heard enough.
                assert next(answer.iter_lines()) == "event: changed"

    with httpx.Client(timeout=wait) as http:

        @settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=cases)
        def fits_or_nearly(case: Case) -> None:
            asked = case.as_transport_kwargs(base_url=server.url, headers=team.viewer.headers)
            headers = {name: str(value).encode("latin-1", "replace") for name, value in asked["headers"].items()}
            listen(http, method=asked["method"], url=asked["url"], params=asked.get("params"), headers=headers)

        fits_or_nearly()
        path = f"{server.url}/bundles/v1/workspaces/{team.workspace_id}/events"
        listen(http, method="GET", url=path, headers=team.viewer.headers)
    assert {200, 403} <= seen, seen


def run(server: Sentinel, folder: Path, seconds: int, headers: dict[str, str], options: list[str]) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"]
    command += ["--checks", "not_a_server_error", "--mode", "all", "--workers", "2", "--max-time", str(seconds)]
    command += ["--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-shrink"]
    command += ["--no-color", "--warnings", "off", "--generation-database", "none", *options]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds * 4, cwd=folder)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]

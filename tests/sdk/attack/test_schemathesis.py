"""Schemathesis over the OpenAPI document: what fits it, and what nearly does, is never answered with a fault."""

import subprocess
import sys
from pathlib import Path

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
    # Events go on until their listener leaves.
    options = ["--exclude-path-regex", "^/admin/|/events$"]
    for name in ENDINGS:
        options += ["--exclude-name", name]
    run(server, tmp_path, 20, team.owner.headers | team.key, options)
    assert team.http.get("/users/me", headers=team.owner.headers).is_success


def test_as_an_administrator(server: Sentinel, root: Administrator, tmp_path: Path):
    cookie = {"Cookie": f"admin_token={root.browser.cookie('admin_token')}", "X-Requested-With": "XMLHttpRequest"}
    run(server, tmp_path, 15, cookie, ["--include-path-regex", "^/(auth/)?admin/", "--exclude-path-regex", "logout"])


def run(server: Sentinel, folder: Path, seconds: int, headers: dict[str, str], options: list[str]) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"]
    command += ["--checks", "not_a_server_error", "--mode", "all", "--workers", "2", "--max-time", str(seconds)]
    command += ["--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-shrink"]
    command += ["--no-color", "--warnings", "off", "--generation-database", "none", *options]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds * 4, cwd=folder)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]

"""A user's application under uvicorn."""

import os
import re
import sys
from pathlib import Path

import httpx

from .idp import CLIENT_ID
from .program import Program
from .team import Person, Team

HERE = Path(__file__).parents[1]
READY = re.compile(r"Uvicorn running on (http://\S+)")


class App:
    """A running application of one team. `mode` is the name of its file."""

    def __init__(self, mode: str, team: Team, **settings: str):
        env = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SENTINEL_URL": team.server.url,
            "SERVICE_NAME": team.service_name,
            "SERVICE_KEY": team.service_key,
            "IDP_JWKS_URL": team.idp.jwks_url,
            "IDP_ISSUER": team.idp.issuer,
            "IDP_AUDIENCE": CLIENT_ID,
            **settings,
        }
        command = [sys.executable, "-m", "uvicorn", f"apps.{mode}:app", "--port", "0", "--no-access-log"]
        self.program = Program(mode, command, env=env, cwd=str(HERE))
        address = self.program.wait_for(lambda line: READY.search(line))[1]
        self.mode, self.http = mode, httpx.Client(base_url=address, timeout=15)

    def stop(self) -> None:
        self.http.close()
        self.program.stop()

    def headers(self, person: Person) -> dict[str, str]:
        """What this person's front end sends in this mode."""
        if self.mode == "proxy_mode":
            return {"Authorization": f"Bearer {person.access}"}
        return {"Authorization": f"Bearer {person.id_token}", "X-Authz-Token": person.authz}

    def get(self, person: Person, path: str, **options) -> httpx.Response:
        return self.http.get(path, headers=self.headers(person), **options)

    def post(self, person: Person, path: str, **options) -> httpx.Response:
        return self.http.post(path, headers=self.headers(person), **options)

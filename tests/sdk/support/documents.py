"""The guide's service: its text, and a copy of the example that it quotes, where its commands run."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from .app import READY
from .program import Program
from .sentinel import binary
from .team import Person, Team

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs/guide/integrate-a-fastapi-service.md"
EXAMPLE = ROOT / "examples/fastapi-documents"


def blocks(language: str) -> list[str]:
    """The guide's blocks of one language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


def command(start: str) -> str:
    """The one command of the guide that begins so."""
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith(start)]
    assert len(lines) == 1, f"{start}: {lines}"
    return lines[0]


class Documents:
    """A folder with the example in it, beside the server of a team."""

    def __init__(self, team: Team):
        self.team = team
        self._folder = tempfile.TemporaryDirectory(prefix="sentinel-documents-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name) / "app"
        shutil.copytree(EXAMPLE, self.folder, ignore=shutil.ignore_patterns("__pycache__", "*.db", "keys"))
        tools = Path(self._folder.name) / "bin"
        tools.mkdir()
        (tools / "sentinel").symlink_to(binary())
        # The Python of the tests, where nothing is installed meanwhile.
        path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
        base = {"PATH": path, "HOME": self._folder.name}
        #: As where the server runs.
        self.server_env = base | team.server.settings
        self.env = base | {
            "PIP_NO_INDEX": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "IDENTITY_URL": team.server.url,
            "DATABASE_URL": f"sqlite+aiosqlite:///{self.folder}/documents.db",
        }

    def run(self, line: str, only: dict[str, str] | None = None, **more: str) -> str:
        """Runs a command of the guide, and gives what it printed. `only`: nothing but these settings."""
        env = (self.server_env if line.startswith("sentinel ") else self.env) | more
        if only is not None:
            env = {"PATH": self.env["PATH"], "HOME": self.env["HOME"]} | only
        done = subprocess.run(
            ["sh", "-ec", line], cwd=self.folder, env=env, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def serve(self, line: str, **more: str) -> "Served":
        """Runs a command of the guide that serves, on a free port."""
        return Served(line, self, more)

    def stop(self) -> None:
        self._folder.cleanup()


class Served:
    """The running service."""

    def __init__(self, line: str, documents: Documents, more: dict[str, str]):
        words = re.sub(r"--port \d+", "", line).split() + ["--port", "0", "--no-access-log"]
        command = [sys.executable, "-m", *words]
        self.program = Program(line, command, env=documents.env | more, cwd=str(documents.folder))
        address = self.program.wait_for(lambda said: READY.search(said))[1]
        self.http = httpx.Client(base_url=address, timeout=15)

    def ask(self, person: Person | None, method: str, path: str, **options) -> httpx.Response:
        headers = person.headers if person else {}
        return self.http.request(method, path, headers=headers, **options)

    def stop(self) -> None:
        self.http.close()
        self.program.stop()

"""`docs/guide/bundles.md`: its commands, run as they stand. Only names and the server's address are those of this machine."""

import os
import re
import secrets
import subprocess
import threading
from pathlib import Path

import jwt
import pytest

from support.sentinel import binary
from support.team import Team

PAGE = (Path(__file__).parents[2] / "docs/guide/bundles.md").read_text()
#: A frame: its mark, and the length of the manifest that follows.
MARK = b"SNTB"


def commands(heading: str) -> list[str]:
    """The commands below a heading, one a line."""
    below = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```$", below, re.MULTILINE | re.DOTALL)[0].splitlines()


def manifest(frame: bytes) -> dict:
    """What a frame says of itself. Who holds a bundle verifies it; here it is only read."""
    assert frame[:4] == MARK, frame[:200]
    length = int.from_bytes(frame[4:8], "little")
    return jwt.decode(frame[8 : 8 + length].decode(), options={"verify_signature": False})


class Shell:
    """Where the page's commands run."""

    def __init__(self, team: Team, folder: Path):
        self.team, self.folder, self.gateway = team, folder, f"gateway-{secrets.token_hex(4)}"
        (folder / "bin").mkdir()
        (folder / "bin/sentinel").symlink_to(binary())
        path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
        self.base = {"PATH": path, "HOME": str(folder)}
        self.env = {"WORKSPACE": team.workspace_id, "TOKEN": team.viewer.access}

    def words(self, line: str) -> list[str]:
        names = {
            "https://login.example.com": self.team.server.url,
            "notes-backend": self.team.service_name,
            "notes-gateway": self.gateway,
            "workspace:acme": f"workspace:{self.team.slug}",
        }
        for shown, real in names.items():
            line = line.replace(shown, real)
        return ["sh", "-ec", line]

    def run(self, line: str) -> bytes:
        # As where the server runs, or as anywhere else.
        env = self.base | (self.team.server.settings if line.startswith("sentinel ") else self.env)
        done = subprocess.run(self.words(line), cwd=self.folder, env=env, capture_output=True, timeout=60)
        assert done.returncode == 0, (line, done.stdout[:500], done.stderr[-500:])
        return done.stdout


@pytest.fixture(scope="module")
def shell(server, team: Team, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(team, tmp_path_factory.mktemp("bundles"))


def test_the_page_s_commands(shell: Shell):
    create, of_service, of_person = commands("Whose key opens which")
    printed = shell.run(create).decode()
    shell.env["KEY"] = re.search(r"sk_[\w-]{30,}", printed)[0]
    team = shell.team
    record = {"service_name": team.service_name, "resource_type": "note", "resource_id": team.viewer.id}
    record |= {"workspace_id": team.workspace_id, "owner_id": team.viewer.id, "visibility": "private"}
    assert team.http.post("/permissions/register", headers=team.key, json=record).is_success

    shell.run(of_service)
    held = manifest((shell.folder / "notes.bundle").read_bytes())
    scope = {"workspace": team.workspace_id, "service": team.service_name, "kind": "full"}
    assert held["aud"] == team.service_name and scope.items() <= held["bundle"].items()
    shell.run(of_person)
    own = manifest((shell.folder / "my.slice").read_bytes())
    assert own["aud"] == "sentinel:slice" and own["bundle"]["user"] == f"user:{team.viewer.id}"

    since, follow = commands("Keeping one current")
    shell.env["STATE"] = held["bundle"]["state"]
    again = manifest(shell.run(since))
    assert (again["bundle"]["kind"], again["bundle"]["previous"]) == ("delta", shell.env["STATE"])

    # It goes on until the listener leaves.
    listening = subprocess.Popen(shell.words(follow), cwd=shell.folder, env=shell.base | shell.env, stdout=subprocess.PIPE)
    silence = threading.Timer(30, listening.kill)
    silence.start()
    try:
        first = [listening.stdout.readline().decode() for _ in range(2)]
    finally:
        silence.cancel()
        listening.kill()
        listening.wait()
        listening.stdout.close()
    # As the page shows it.
    shown = re.search(r"^```\n(event: .*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]
    assert re.sub(r"\d+", "N", "".join(first)) == re.sub(r"\d+", "N", shown)

"""The real `sentinel` binary: a server of its own folder and database, and its command line beside it."""

import json
import os
import re
import secrets
import socket
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pg8000.dbapi

from .idp import CLIENT_ID, CLIENT_SECRET, IdentityProvider
from .program import Program

#: A token with its signature, a service's key, a code or a state: none of it belongs into a log.
SECRET = re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}|sk_[\w-]{30,}|[?&](code|state)=[\w-]{16,}")
#: Administrators at their first login.
ADMIN_EMAILS = ["root@example.test", "second-root@example.test"]


def binary() -> str:
    path = os.environ.get("SENTINEL_BIN")
    if not path:
        raise RuntimeError("SENTINEL_BIN names no binary: run `cargo xtask test`")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Database:
    """A fresh database on the PostgreSQL that `SENTINEL_TEST_POSTGRES` names."""

    def __init__(self):
        server = os.environ.get("SENTINEL_TEST_POSTGRES")
        if not server:
            raise RuntimeError("SENTINEL_TEST_POSTGRES names no server: run `cargo xtask with-postgres …`")
        self.server, self.name = urlsplit(server), f"sdk_{secrets.token_hex(8)}"
        self.url = self.server._replace(path=f"/{self.name}").geturl()
        self._run(f"CREATE DATABASE {self.name}")

    def drop(self) -> None:
        self._run(f"DROP DATABASE {self.name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        server = self.server
        connection = pg8000.dbapi.connect(
            user=server.username, password=server.password, host=server.hostname, port=server.port, database="postgres"
        )
        connection.autocommit = True
        connection.cursor().execute(statement)
        connection.close()


class Sentinel:
    """A running server. `settings` are environment variables and win over those that are set here."""

    def __init__(self, kind: str, idp: IdentityProvider, **settings: str):
        self.kind, self.idp = kind, idp
        self.folder = tempfile.TemporaryDirectory(prefix="sentinel-sdk-", ignore_cleanup_errors=True)
        self.database = Database() if kind == "postgres" else None
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.settings = {
            "DATA_DIR": str(Path(self.folder.name) / "data"),
            "SERVICE_HOST": "127.0.0.1",
            "SERVICE_PORT": str(port),
            "BASE_URL": self.url,
            "ADMIN_EMAILS": ",".join(ADMIN_EMAILS),
            "ALLOW_LOOPBACK_PROVIDERS": "true",
            "RATE_LIMIT_RPM": "0",
            "MANAGEMENT_PORT": "0",
            "OIDC_ISSUER": idp.issuer,
            "OIDC_CLIENT_ID": CLIENT_ID,
            "OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "OIDC_TRUST_EMAIL": "true",
            **settings,
        }
        if self.database:
            self.settings["DATABASE_URL"] = self.database.url
        self.program: Program | None = None
        self.start()

    def start(self) -> None:
        """Starts it, the first time or again on the same data."""
        self.program = Program(f"sentinel ({self.kind})", [binary(), "serve"], env=self._env())
        self.program.wait_for(lambda line: line if '"listening"' in line else None)

    def stop(self) -> None:
        """Ends it and removes what it left. Its log must not have told what opens anything."""
        self.program.stop()
        if self.database:
            self.database.drop()
        self.folder.cleanup()
        told = [line for line in self.program.lines if SECRET.search(line)]
        assert not told, "a secret in the log:\n" + "\n".join(told[:10])

    def _env(self) -> dict[str, str]:
        # Nothing of this machine's own settings may decide a test.
        return {"PATH": os.environ.get("PATH", ""), "HOME": self.folder.name} | self.settings

    def cli(self, *arguments: str) -> dict:
        """Runs `sentinel …  --json` on the same data, while the server runs."""
        done = subprocess.run(
            [binary(), *arguments, "--json"], env=self._env(), capture_output=True, text=True, timeout=60
        )
        if done.returncode != 0:
            raise RuntimeError(f"sentinel {' '.join(arguments)}: {done.stderr or done.stdout}")
        return json.loads(done.stdout)

    def http(self, **options) -> httpx.Client:
        """A plain client of this server."""
        return httpx.Client(base_url=self.url, timeout=15, **options)

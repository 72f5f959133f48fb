"""The published Python SDK, unchanged, against the real server: on SQLite and on PostgreSQL, with real logins."""

import signal
import sys

import pytest

from support.app import App
from support.idp import IdentityProvider
from support.roles import Roles
from support.sentinel import Sentinel
from support.team import Administrator, Team

#: Persons about whom the provider says something else than it says of everyone.
USERS = {
    "root": {"email": "root@example.test", "name": "Root"},
    "second-root": {"email": "second-root@example.test", "name": "Second Root"},
    "unproven": {"email": "root@example.test", "email_verified": False},
    "unicode": {"name": "Zoë Ł. 李"},
}


def pytest_configure(config: pytest.Config) -> None:
    # Whoever ends us wants our servers ended too: fixtures are closed on an exception, not on a signal.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def idp():
    provider = IdentityProvider(USERS)
    yield provider
    provider.stop()


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, idp: IdentityProvider):
    # Where GitHub's logins begin is tested, and never led on to.
    sentinel = Sentinel(request.param, idp, GITHUB_CLIENT_ID="github-client", GITHUB_CLIENT_SECRET="github-secret")
    yield sentinel
    sentinel.stop()


@pytest.fixture(scope="session")
def team(server: Sentinel) -> Team:
    """The workspace that most tests share: whoever changes people's standing makes people of their own."""
    return Team(server)


@pytest.fixture(scope="session")
def other_team(server: Sentinel) -> Team:
    """Strangers: another workspace, another service, another front end."""
    return Team(server)


@pytest.fixture(scope="session")
def root(server: Sentinel) -> Administrator:
    return Administrator(server, "root")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """A failed test shows what the server said meanwhile."""
    report = yield
    server = getattr(item, "funcargs", {}).get("server") or getattr(
        getattr(item, "funcargs", {}).get("team"), "server", None
    )
    if report.failed and server:
        report.sections.append(("the server's log", server.program.tail()))
    return report


@pytest.fixture(scope="session", params=["proxy_mode", "authz_mode"])
def app(request: pytest.FixtureRequest, team: Team):
    """The same application in both modes."""
    application = App(request.param, team)
    yield application
    application.stop()


@pytest.fixture(scope="session")
def roles(root: Administrator) -> Roles:
    return Roles(root)

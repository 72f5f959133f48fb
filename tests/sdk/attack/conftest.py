"""What the attacks need: the server's operations, credentials of every kind, and a team to lose."""

import secrets

import httpx
import pytest

from support.idp import IdentityProvider
from support.openapi import Ids, Operation, operations
from support.sentinel import Sentinel
from support.team import Administrator, Team, must
from support.wallet import Credential, wallet


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, idp: IdentityProvider):
    """One of its own: what an attack does to its settings must not decide other tests."""
    sentinel = Sentinel(request.param, idp)
    yield sentinel
    sentinel.stop()


@pytest.fixture(scope="session")
def root(server: Sentinel) -> Administrator:
    return Administrator(server, "root")


@pytest.fixture(scope="session")
def routes(server: Sentinel) -> list[Operation]:
    return operations(server)


@pytest.fixture(scope="session")
def victim(server: Sentinel) -> Team:
    """Whose things are attacked."""
    return Team(server)


@pytest.fixture(scope="session")
def attacker(server: Sentinel) -> Team:
    """Owner of a workspace and of a service of their own, and nothing to the victim."""
    return Team(server)


@pytest.fixture(scope="session")
def machine(server: Sentinel) -> str:
    """A token of a service in a realm."""
    realm, name = f"realm-{secrets.token_hex(4)}", f"member-{secrets.token_hex(4)}"
    server.cli("realm", "create", realm, "--name", "Realm")
    key = server.cli("service", "create", name, "--realm", realm)["key"]
    with server.http() as http:
        return must(http.post("/realm/m2m-token", json={}, headers={"X-Service-Key": key}))["token"]


@pytest.fixture(scope="session")
def credentials(victim: Team, attacker: Team, root: Administrator, machine: str) -> list[Credential]:
    return wallet(victim, attacker, root, machine)


@pytest.fixture(scope="session")
def treasure(victim: Team) -> Ids:
    """Ids of things that exist, all the victim's."""
    record = victim.resource(victim.editor)
    return Ids(
        {
            "workspace": victim.workspace_id,
            "user": victim.viewer.id,
            "group": victim.group(victim.viewer),
            "permission": record["id"],
            "resource": record["resource_id"],
            "service_name": victim.service_name,
        }
    )


def state(team: Team) -> list:
    """What a team has: the same before and after an attack that failed."""
    path, owner = f"/workspaces/{team.workspace_id}", team.owner.headers
    groups = must(team.http.get(f"{path}/groups", headers=owner))
    return [
        must(team.http.get(path, headers=owner)),
        must(team.http.get(f"{path}/members", headers=owner)),
        sorted(group["name"] for group in groups),
        must(team.http.get("/users/me", headers=team.viewer.headers)),
    ]


def send(http: httpx.Client, operation: Operation, ids: Ids, headers, **more) -> httpx.Response:
    """One request that fits the operation but for what `more` puts in its place."""
    options = {"params": operation.query(ids), "json": operation.json(ids)} | more
    options = {name: value for name, value in options.items() if value is not None}
    # No cookie of one attack may help the next.
    http.cookies.clear()
    return http.request(operation.method, options.pop("url", operation.url(ids)), headers=headers, **options)

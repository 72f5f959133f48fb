"""Services of one realm share a scope and call each other without a user; `Sentinel.lifespan` finds out by itself."""

import secrets
import uuid

import httpx
import jwt
import pytest
from fastapi import FastAPI
from sentinel_auth import Sentinel, SentinelError

from support.app import App
from support.idp import CLIENT_ID
from support.team import Team, detail, must

pytestmark = pytest.mark.anyio


class Member:
    """A team's view with the key of a service that belongs to a realm."""

    def __init__(self, team: Team, realm: str):
        self.team, self.service_name = team, f"member-{secrets.token_hex(4)}"
        created = team.server.cli("service", "create", self.service_name, "--realm", realm)
        self.service_key = created["key"]

    def __getattr__(self, name: str):
        return getattr(self.team, name)

    def sdk(self, **more) -> Sentinel:
        return Sentinel(
            self.team.server.url,
            self.service_name,
            self.service_key,
            idp_jwks_url=self.team.idp.jwks_url,
            idp_audience=CLIENT_ID,
            **more,
        )


@pytest.fixture(scope="module")
def realm(team: Team) -> str:
    slug = f"realm-{secrets.token_hex(4)}"
    team.server.cli("realm", "create", slug, "--name", "Back office")
    return slug


@pytest.fixture(scope="module")
def members(team: Team, realm: str) -> list[Member]:
    return [Member(team, realm), Member(team, realm)]


def standalone(team: Team) -> Sentinel:
    return Sentinel(
        team.server.url, team.service_name, team.service_key, idp_jwks_url=team.idp.jwks_url, idp_audience=CLIENT_ID
    )


async def test_whoami(team: Team, realm: str, members: list[Member]):
    assert await standalone(team).fetch_whoami() == {"effective_scope": team.service_name, "realm": None}
    found = await members[0].sdk().fetch_whoami()
    assert found == {"effective_scope": realm, "realm": {"slug": realm, "name": "Back office"}}
    detail(team.http.get("/realm/whoami"), 401)
    detail(team.http.get("/realm/whoami", headers={"X-Service-Key": "sk_wrong"}), 401)


async def test_lifespan_learns_key_and_scope_and_registers_actions(realm: str, members: list[Member]):
    sentinel = members[0].sdk(actions=[{"action": "back:office"}])
    async with sentinel.lifespan(FastAPI()):
        assert sentinel.effective_scope == realm
        assert sentinel.permissions.service_name == sentinel.roles.service_name == realm
        assert "PUBLIC KEY" in sentinel.sentinel_public_key


async def test_a_machine_s_token(team: Team, realm: str, members: list[Member]):
    sender, receiver = (member.sdk() for member in members)
    async with sender.lifespan(FastAPI()), receiver.lifespan(FastAPI()):
        token = await sender.mint_m2m_token()
        assert await sender.mint_m2m_token() == token
        caller = receiver.verify_m2m_token(token)
        assert (caller.caller, caller.svc, caller.actions) == (members[0].service_name, realm, ["*"])
        claims = jwt.decode(token, options={"verify_signature": False})
        assert claims["aud"] == "sentinel:m2m" and claims["type"] == "m2m" and claims["iss"] == team.server.url
        assert claims["exp"] - claims["iat"] == 300
        # Another realm's members refuse it, and so does every route that wants a person.
        other = standalone(team)
        async with other.lifespan(FastAPI()):
            with pytest.raises(SentinelError) as error:
                other.verify_m2m_token(token)
            assert error.value.status_code == 403
    detail(team.http.get("/users/me", headers={"Authorization": f"Bearer {token}"}), 401)


async def test_only_members_of_a_realm_get_one(team: Team):
    with pytest.raises(SentinelError) as error:
        await standalone(team).mint_m2m_token()
    assert error.value.status_code == 403
    detail(team.http.post("/realm/m2m-token", json={}), 401)


async def test_one_service_of_the_realm_calls_another(team: Team, realm: str, members: list[Member]):
    app = App("authz_mode", members[1])
    try:
        async with (sender := members[0].sdk()).lifespan(FastAPI()):
            token = await sender.mint_m2m_token()
        path = "/internal/sync"
        answer = must(app.http.post(path, headers={"Authorization": f"Bearer {token}"}))
        assert answer == {"caller": members[0].service_name, "svc": realm, "may": True}
        detail(app.http.post(path), 401)
        for wrong in (team.viewer.access, team.viewer.authz, team.viewer.id_token, token + "x"):
            detail(app.http.post(path, headers={"Authorization": f"Bearer {wrong}"}), 401, 403)
        # An authorization token of the realm opens every member of it.
        person = team.viewer
        body = {"idp_token": person.id_token, "provider": "oidc", "workspace_id": team.workspace_id}
        key = {"X-Service-Key": members[0].service_key}
        authz = must(team.http.post("/authz/resolve", headers=key, json=body))["authz_token"]
        pair = {"Authorization": f"Bearer {person.id_token}", "X-Authz-Token": authz}
        assert must(app.http.get("/me", headers=pair))["user_id"] == person.id
        # One of a service outside does not.
        detail(app.http.get("/me", headers=pair | {"X-Authz-Token": person.authz}), 403)
    finally:
        app.stop()


async def test_members_share_permissions(team: Team, realm: str, members: list[Member]):
    first, second, outside = members[0].sdk(), members[1].sdk(), standalone(team)
    # Clients that were made before the scope was known follow it.
    permissions = first.permissions
    async with first.lifespan(FastAPI()), second.lifespan(FastAPI()), outside.lifespan(FastAPI()):
        resource, workspace = uuid.uuid4(), uuid.UUID(team.workspace_id)
        await permissions.register_resource("note", resource, workspace, uuid.UUID(team.editor.id), "workspace")
        assert (await second.permissions.get_resource_acl("note", resource))["service_name"] == realm
        assert await second.permissions.can(team.editor.access, "note", resource, "edit")
        # A service outside may not even ask about the realm's.
        outside.permissions.service_name = realm
        with pytest.raises(SentinelError) as error:
            await outside.permissions.can(team.editor.access, "note", resource, "edit")
        assert error.value.status_code == 403


async def test_a_server_that_cannot_be_reached_is_no_crash(team: Team):
    sentinel = Sentinel("http://127.0.0.1:9", "x", "sk_x", mode="proxy")
    assert await sentinel.fetch_whoami() is None
    with pytest.raises((SentinelError, httpx.HTTPError)):
        await sentinel.permissions.get_resource_acl("note", team.workspace_id)

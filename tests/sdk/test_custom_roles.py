"""Actions come with the custom roles that administrators give, in both modes and without waiting for a new token."""

import secrets
import uuid

import pytest
from sentinel_auth import RoleClient

from support.app import App
from support.roles import Roles
from support.team import Team, detail, must


@pytest.fixture
async def client(team: Team):
    async with RoleClient(team.server.url, team.service_name, team.service_key) as client:
        yield client


def test_an_action_is_what_a_custom_role_gives(app: App, team: Team, roles):
    person = team.person("viewer")
    detail(app.get(person, "/export"), 403)
    role = roles.create(team, ["notes:export"])
    roles.assign(role, person)
    assert must(app.get(person, "/export")) == {"exported_by": person.id}
    assert must(app.get(person, "/purge-allowed")) == {"allowed": False}
    roles.take(role, person)
    detail(app.get(person, "/export"), 403)


@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["access", "authz"])
async def test_an_action_comes_with_a_role_and_goes_with_it(client: RoleClient, team: Team, roles: Roles, kind: str):
    action, workspace = f"x{secrets.token_hex(4)}:do", uuid.UUID(team.workspace_id)
    await client.register_actions([{"action": action}, {"action": f"{action}-not"}])
    person = team.person("viewer")
    token = getattr(person, kind)
    assert not await client.check_action(token, action, workspace)
    assert await client.get_user_actions(token, workspace) == []
    role = roles.create(team, [action])
    roles.assign(role, person)
    # The token was issued before: what storage says now counts.
    assert await client.check_action(token, action, workspace)
    assert not await client.check_action(token, f"{action}-not", workspace)
    assert await client.get_user_actions(token, workspace) == [action]
    roles.take(role, person)
    assert not await client.check_action(token, action, workspace)

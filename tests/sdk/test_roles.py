"""Every method of the SDK's `RoleClient`: actions are the service's, roles the workspace's."""

import secrets
import uuid

import pytest
from sentinel_auth import RoleClient, SentinelError

from support.team import Team

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(team: Team):
    async with RoleClient(team.server.url, team.service_name, team.service_key) as client:
        yield client


async def test_registering_is_repeatable(client: RoleClient):
    tag = secrets.token_hex(4)
    actions = [{"action": f"a{tag}:read", "description": "Reads"}, {"action": f"a{tag}.b-c_d:write"}]
    first = await client.register_actions(actions)
    again = await client.register_actions(actions)
    assert {action["action"] for action in first} >= {action["action"] for action in actions}
    assert {action["id"] for action in first} == {action["id"] for action in again}


@pytest.mark.parametrize("name", ["", "Upper", "1st", "a b", "ä", "a/b", "a\0", "x" * 1000])
async def test_an_action_s_name_has_a_form(client: RoleClient, name: str):
    with pytest.raises(SentinelError) as error:
        await client.register_actions([{"action": name}])
    assert error.value.status_code in (400, 422)


async def test_an_action_that_nobody_registered_is_denied(client: RoleClient, team: Team):
    assert not await client.check_action(team.owner.access, "never:registered", uuid.UUID(team.workspace_id))


async def test_another_service_s_actions_are_not_ours(team: Team, other_team: Team):
    foreign = RoleClient(team.server.url, other_team.service_name, team.service_key)
    async with foreign:
        calls = [
            foreign.register_actions([{"action": "a:b"}]),
            foreign.check_action(team.viewer.access, "a:b", uuid.UUID(team.workspace_id)),
            foreign.get_user_actions(team.viewer.access, uuid.UUID(team.workspace_id)),
        ]
        for call in calls:
            with pytest.raises(SentinelError) as error:
                await call
            assert error.value.status_code == 403


async def test_another_workspace_is_not_ours(client: RoleClient, team: Team, other_team: Team):
    for call in (
        client.check_action(team.viewer.access, "a:b", uuid.UUID(other_team.workspace_id)),
        client.get_user_actions(team.viewer.access, uuid.UUID(other_team.workspace_id)),
    ):
        with pytest.raises(SentinelError) as error:
            await call
        assert error.value.status_code == 403

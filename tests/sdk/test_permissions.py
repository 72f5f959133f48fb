"""Every method of the SDK's `PermissionClient` and `RequestAuth`, with access tokens and with authz tokens."""

import uuid

import pytest
from sentinel_auth import AuthenticatedUser, PermissionClient, RequestAuth, RoleClient, SentinelError
from sentinel_auth.permissions import PermissionCheck

from support.team import Person, Team

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["access", "authz"])
def token(request: pytest.FixtureRequest):
    """Both kinds of token that a service may pass on."""
    return lambda person: getattr(person, request.param)


@pytest.fixture
async def permissions(team: Team):
    async with PermissionClient(team.server.url, team.service_name, team.service_key) as client:
        yield client


async def refused(status: int, call) -> None:
    with pytest.raises(SentinelError) as error:
        await call
    assert error.value.status_code == status


async def register(permissions: PermissionClient, team: Team, owner: Person, visibility: str = "private") -> uuid.UUID:
    resource, workspace = uuid.uuid4(), uuid.UUID(team.workspace_id)
    record = await permissions.register_resource("note", resource, workspace, uuid.UUID(owner.id), visibility)
    assert record["resource_id"] == str(resource)
    assert record["service_name"] == team.service_name and record["resource_type"] == "note"
    assert record["workspace_id"] == team.workspace_id and record["owner_id"] == owner.id
    assert record["visibility"] == visibility and uuid.UUID(record["id"])
    return resource


async def test_the_seven_steps(permissions: PermissionClient, team: Team, other_team: Team, token):
    """Who may view and edit what, as one batch for each person."""
    private = await register(permissions, team, team.editor)
    shared = await register(permissions, team, team.editor, "workspace")
    unknown = uuid.uuid4()
    asked = [
        PermissionCheck(team.service_name, "note", resource, action)
        for resource in (private, shared, unknown)
        for action in ("view", "edit")
    ]
    expected = {
        "owner": [True, True, True, True, False, False],
        "admin": [True, True, True, True, False, False],
        "editor": [True, True, True, True, False, False],
        "viewer": [False, False, True, False, False, False],
    }
    for role, answers in expected.items():
        results = await permissions.check(token(team.people[role]), asked)
        assert [result.allowed for result in results] == answers, role
        assert [(result.resource_id, result.action) for result in results] == [(c.resource_id, c.action) for c in asked]
    second_editor = team.person("editor")
    results = await permissions.check(token(second_editor), asked)
    assert [result.allowed for result in results] == [False, False, True, True, False, False]


async def test_a_share_gives_what_it_says(permissions: PermissionClient, team: Team, token):
    resource = await register(permissions, team, team.editor)
    viewer, grantee = token(team.viewer), uuid.UUID(team.viewer.id)
    assert not await permissions.can(viewer, "note", resource, "view")
    await permissions.share(token(team.editor), "note", resource, "user", grantee)
    assert await permissions.can(viewer, "note", resource, "view")
    assert not await permissions.can(viewer, "note", resource, "edit")
    await permissions.unshare(token(team.editor), "note", resource, "user", grantee)
    assert not await permissions.can(viewer, "note", resource, "view")
    await permissions.share(token(team.admin), "note", resource, "user", grantee, "edit")
    assert await permissions.can(viewer, "note", resource, "view")
    assert await permissions.can(viewer, "note", resource, "edit")
    await permissions.unshare(token(team.admin), "note", resource, "user", grantee, "edit")
    assert not await permissions.can(viewer, "note", resource, "view")


async def test_a_share_to_a_group(permissions: PermissionClient, team: Team, token):
    resource, group = await register(permissions, team, team.editor), uuid.UUID(team.group(team.viewer))
    await permissions.share(token(team.editor), "note", resource, "group", group, "edit")
    assert await permissions.can(token(team.viewer), "note", resource, "edit")
    ids, everything = await permissions.accessible(token(team.viewer), "note", "edit", uuid.UUID(team.workspace_id))
    assert resource in ids and not everything
    acl = await permissions.get_resource_acl("note", resource)
    share = acl["shares"][0]
    assert (share["grantee_type"], share["grantee_id"], share["permission"]) == ("group", str(group), "edit")


async def test_only_who_may_edit_shares_and_unshares(permissions: PermissionClient, team: Team, token):
    resource, grantee = await register(permissions, team, team.editor, "workspace"), uuid.UUID(team.viewer.id)
    await refused(403, permissions.share(token(team.viewer), "note", resource, "user", grantee, "edit"))
    await permissions.share(token(team.editor), "note", resource, "user", grantee)
    await refused(403, permissions.unshare(token(team.viewer), "note", resource, "user", grantee))
    await refused(403, permissions.update_visibility(token(team.viewer), "note", resource, "private"))
    assert len((await permissions.get_resource_acl("note", resource))["shares"]) == 1


async def test_visibility(permissions: PermissionClient, team: Team, token):
    resource = await register(permissions, team, team.editor)
    record = await permissions.update_visibility(token(team.editor), "note", resource, "workspace")
    assert record["visibility"] == "workspace"
    assert await permissions.can(token(team.viewer), "note", resource, "view")
    await permissions.update_visibility(token(team.admin), "note", resource, "private")
    assert not await permissions.can(token(team.viewer), "note", resource, "view")
    await refused(422, permissions.update_visibility(token(team.editor), "note", resource, "public"))


async def test_accessible(permissions: PermissionClient, team: Team, token):
    workspace, person = uuid.UUID(team.workspace_id), team.person("viewer")
    own = await register(permissions, team, person)
    seen = await register(permissions, team, team.editor, "workspace")
    hidden = await register(permissions, team, team.editor)
    ids, everything = await permissions.accessible(token(person), "note", "view", workspace)
    assert not everything and {own, seen} <= set(ids) and hidden not in ids
    ids, everything = await permissions.accessible(token(person), "note", "edit", workspace)
    assert not everything and own in ids and seen not in ids
    ids, everything = await permissions.accessible(token(person), "note", "view", workspace, limit=1)
    assert len(ids) == 1 and not everything
    assert await permissions.accessible(token(team.admin), "note", "edit", workspace) == ([], True)
    ids, everything = await permissions.accessible(token(team.owner), "note", "edit", workspace, limit=2)
    assert len(ids) == 2 and everything
    assert await permissions.accessible(token(person), "folder", "view", workspace) == ([], False)


async def test_the_record_and_who_stands_in_it(permissions: PermissionClient, team: Team):
    resource = await register(permissions, team, team.editor)
    await permissions.share(team.editor.access, "note", resource, "user", uuid.UUID(team.viewer.id))
    acl = await permissions.get_resource_acl("note", resource)
    assert acl["owner_id"] == team.editor.id
    assert [share["grantee_id"] for share in acl["shares"]] == [team.viewer.id]
    enriched = str(await permissions.get_enriched_resource_acl("note", resource))
    assert team.editor.email in enriched and team.viewer.email in enriched


async def test_what_is_deregistered_is_gone(permissions: PermissionClient, team: Team, token):
    resource = await register(permissions, team, team.editor, "workspace")
    assert await permissions.can(token(team.editor), "note", resource, "edit")
    await permissions.deregister_resource("note", resource)
    assert not await permissions.can(token(team.owner), "note", resource, "view")
    await refused(404, permissions.get_resource_acl("note", resource))
    await refused(404, permissions.get_enriched_resource_acl("note", resource))
    await refused(404, permissions.deregister_resource("note", resource))
    # The name is free again, and no share of the one before is left.
    workspace, owner = uuid.UUID(team.workspace_id), uuid.UUID(team.admin.id)
    await permissions.register_resource("note", resource, workspace, owner, "private")
    assert not await permissions.can(token(team.editor), "note", resource, "view")


async def test_members_and_groups(permissions: PermissionClient, team: Team, token):
    workspace, viewer = uuid.UUID(team.workspace_id), token(team.viewer)
    group = team.group(team.editor)
    everyone = await permissions.search_workspace_members(viewer, workspace)
    assert {member["email"] for member in everyone} >= {person.email for person in team.people.values()}
    roles = {member["email"]: member["role"] for member in everyone}
    assert all(roles[person.email] == role for role, person in team.people.items())
    found = await permissions.search_workspace_members(viewer, workspace, team.editor.email.upper()[:18], 5)
    assert [member["user_id"] for member in found] == [team.editor.id]
    assert len(await permissions.search_workspace_members(viewer, workspace, limit=2)) == 2
    # What a query language would read as a wildcard is a letter here.
    assert await permissions.search_workspace_members(viewer, workspace, "%") == []
    assert group in [found["id"] for found in await permissions.list_groups(viewer, workspace)]
    members = await permissions.get_group_members(viewer, workspace, uuid.UUID(group))
    assert [member["email"] for member in members] == [team.editor.email]


async def test_the_cache_of_the_client_notices_its_own_writes(team: Team):
    async with PermissionClient(team.server.url, team.service_name, team.service_key, cache_ttl=60) as permissions:
        resource = await register(permissions, team, team.editor)
        assert not await permissions.can(team.viewer.access, "note", resource, "view")
        await permissions.update_visibility(team.editor.access, "note", resource, "workspace")
        assert await permissions.can(team.viewer.access, "note", resource, "view")


async def test_request_auth_does_all_of_it(permissions: PermissionClient, team: Team, token):
    """The object that a route hands to its use cases."""

    async def auth(person: Person, role: str) -> RequestAuth:
        user = AuthenticatedUser(uuid.UUID(person.id), person.email, "", uuid.UUID(team.workspace_id), team.slug, role)
        return RequestAuth(user, token(person), permissions, roles)

    async with RoleClient(team.server.url, team.service_name, team.service_key) as roles:
        await roles.register_actions([{"action": "notes:print"}])
        editor, viewer = await auth(team.editor, "editor"), await auth(team.viewer, "viewer")
        resource = uuid.uuid4()
        assert (await editor.register_resource("note", resource, "private"))["owner_id"] == team.editor.id
        assert await editor.can("note", resource, "edit") and not await viewer.can("note", resource, "view")
        await editor.share("note", resource, "user", viewer.user_id)
        # Within one request an answer is asked for once; the next request asks anew.
        assert not await viewer.can("note", resource, "view")
        viewer = await auth(team.viewer, "viewer")
        assert await viewer.can("note", resource, "view")
        assert resource in (await viewer.accessible("note", "view"))[0]
        assert not await viewer.check_action("notes:print")
        assert (await editor.get_resource_acl("note", resource))["shares"]
        assert team.editor.email in str(await editor.get_enriched_resource_acl("note", resource))
        await editor.unshare("note", resource, "user", viewer.user_id)
        assert (await editor.update_visibility("note", resource, "workspace"))["visibility"] == "workspace"
        assert await viewer.search_members(team.owner.email) and await viewer.list_members(limit=1)
        group = team.group(team.viewer)
        assert group in [found["id"] for found in await viewer.list_groups()]
        assert [member["user_id"] for member in await viewer.get_group_members(uuid.UUID(group))] == [team.viewer.id]

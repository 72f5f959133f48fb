"""`POST /authz/resolve`, by the SDK's `AuthzClient` and by a browser: an identity provider's token becomes an
authorization token that is bound to it, to a service and to a workspace."""

import time

import jwt
import pytest
from sentinel_auth import AuthzClient, SentinelError

from support.idp import FOREIGN_CLIENT, SHORT_LIVED
from support.team import Team, detail, must, new_id

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(team: Team):
    async with AuthzClient(team.server.url, team.service_key) as client:
        yield client


def claims(team: Team, token: str) -> dict:
    """Verified as the SDK verifies them."""
    key = jwt.PyJWKClient(f"{team.server.url}/.well-known/jwks.json").get_signing_key_from_jwt(token)
    return jwt.decode(token, key.key, algorithms=["RS256"], audience="sentinel:authz")


async def test_the_first_login_makes_an_account(client: AuthzClient, team: Team):
    login = f"newcomer-{new_id()[:8]}"
    token = team.idp.id_token(login)
    answer = await client.resolve(token, "oidc")
    assert answer["user"]["email"] == f"{login}@example.test"
    # What is theirs from the start is nobody else's.
    assert all(found["role"] == "owner" for found in answer["workspaces"])
    assert (await client.resolve(token, "oidc"))["user"]["id"] == answer["user"]["id"]


async def test_the_workspaces_of_a_member(client: AuthzClient, team: Team):
    for role, person in team.people.items():
        workspaces = (await client.resolve(person.id_token, "oidc"))["workspaces"]
        found = [(found["id"], found["slug"], found["role"]) for found in workspaces]
        assert (team.workspace_id, team.slug, role) in found


async def test_the_authorization_token(client: AuthzClient, team: Team):
    person = team.editor
    answer = await client.resolve(person.id_token, "oidc", team.workspace_id)
    assert answer["workspace"]["id"] == team.workspace_id and answer["workspace"]["role"] == "editor"
    assert answer["user"]["id"] == person.id
    found = claims(team, answer["authz_token"])
    assert found["type"] == "authz" and found["iss"] == team.server.url
    assert found["sub"] == person.id and found["idp_sub"] == person.login and found["svc"] == team.service_name
    assert (found["wid"], found["wslug"], found["wrole"]) == (team.workspace_id, team.slug, "editor")
    assert isinstance(found["actions"], list) and found["jti"]
    assert found["exp"] - found["iat"] == answer["expires_in"] == 300
    assert "email" not in found


async def test_a_nonce_is_compared(client: AuthzClient, team: Team):
    token = team.idp.id_token(team.viewer.login, nonce="n-1")
    assert await client.resolve(token, "oidc", nonce="n-1")
    for wrong, nonce in ((token, "n-2"), (team.viewer.id_token, "n-1")):
        await refused(client.resolve(wrong, "oidc", nonce=nonce), 401)


async def test_tokens_that_prove_nothing(client: AuthzClient, team: Team):
    good = team.viewer.id_token
    head, payload, signature = good.split(".")
    forged = [
        "",
        "x",
        "a.b.c",
        f"{head}.{payload}.",
        f"{head}.{payload}.{signature[::-1]}",
        good + "x",
        jwt.encode({"sub": team.owner.login, "aud": "sentinel", "iss": team.idp.issuer}, None, algorithm="none"),
        # Our own tokens are not the provider's.
        team.viewer.access,
        team.viewer.authz,
        # Meant for another application of the same provider.
        team.idp.id_token(team.viewer.login, FOREIGN_CLIENT),
    ]
    for token in forged:
        await refused(client.resolve(token, "oidc"), 400, 401, 422)
    short = team.idp.id_token(team.viewer.login, SHORT_LIVED)
    time.sleep(2)
    await refused(client.resolve(short, "oidc"), 401)


async def test_providers_that_are_not_there(client: AuthzClient, team: Team):
    for provider in ("google", "nobody", "", "../oidc"):
        await refused(client.resolve(team.viewer.id_token, provider), 400, 404, 422)


async def test_workspaces_that_are_not_the_person_s(client: AuthzClient, team: Team, other_team: Team):
    for workspace in (other_team.workspace_id, new_id()):
        await refused(client.resolve(team.viewer.id_token, "oidc", workspace), 403, 404)
    await refused(client.resolve(team.viewer.id_token, "oidc", "not-an-id"), 400, 422)


async def refused(call, *statuses: int) -> None:
    with pytest.raises(SentinelError) as error:
        await call
    assert error.value.status_code in statuses


def test_an_address_that_is_not_proven_links_nothing(team: Team, root):
    """The provider calls this one root@example.test, and says that it did not check."""
    answer = team.resolve(team.idp.id_token("unproven"))
    administrator = must(root.http.get("/auth/admin/me"))
    assert answer["user"]["id"] != administrator["id"]


def test_names_in_any_script(team: Team):
    assert team.resolve(team.idp.id_token("unicode"))["user"]["name"] == "Zoë Ł. 李"


def test_a_service_key_is_needed_and_shown_nowhere(team: Team):
    body = {"idp_token": team.viewer.id_token, "provider": "oidc"}
    detail(team.http.post("/authz/resolve", json=body), 401, 403)
    for key in ("", "sk_", "sk_" + "x" * 43, team.service_key[:-1], team.service_key + "x", "é"):
        told = team.http.post("/authz/resolve", json=body, headers={"X-Service-Key": key.encode("latin-1")})
        assert not key or key not in detail(told, 401, 403).split()


def test_a_browser_of_a_registered_front_end_may_resolve(team: Team):
    body = {"idp_token": team.viewer.id_token, "provider": "oidc", "workspace_id": team.workspace_id}
    answer = team.http.post("/authz/resolve", json=body, headers={"Origin": team.origin})
    assert claims(team, must(answer)["authz_token"])["svc"] == team.service_name
    assert answer.headers["access-control-allow-origin"] == team.origin
    for origin in ("https://evil.test", team.origin + ":8443", team.origin.replace("https", "http"), "null"):
        detail(team.http.post("/authz/resolve", json=body, headers={"Origin": origin}), 401, 403)


def test_a_pair_opens_the_directory_in_a_browser(team: Team, other_team: Team):
    """What the npm package of the SDK calls without a service's key."""
    pair = {"Authorization": f"Bearer {team.viewer.id_token}", "X-Authz-Token": team.viewer.authz}
    group = team.group(team.viewer)
    workspace = f"/workspaces/{team.workspace_id}"
    assert must(team.http.get("/users/me", headers=pair))["email"] == team.viewer.email
    assert len(must(team.http.get(f"{workspace}/members", headers=pair))) >= 4
    assert group in [found["id"] for found in must(team.http.get(f"{workspace}/groups", headers=pair))]
    members = must(team.http.get(f"{workspace}/groups/{group}/members", headers=pair))
    assert [member["user_id"] for member in members] == [team.viewer.id]
    # Two halves of different persons are no pair, nor is one half.
    mixed = pair | {"Authorization": f"Bearer {team.editor.id_token}"}
    foreign = pair | {"Authorization": f"Bearer {team.idp.id_token(team.viewer.login, FOREIGN_CLIENT)}"}
    alone = {"Authorization": f"Bearer {team.viewer.authz}"}
    ours = {"Authorization": f"Bearer {team.viewer.access}", "X-Authz-Token": team.viewer.authz}
    for headers in (mixed, foreign, alone, ours, {"X-Authz-Token": team.viewer.authz}):
        detail(team.http.get("/users/me", headers=headers), 401)
    detail(team.http.get(f"/workspaces/{other_team.workspace_id}/members", headers=pair), 403, 404)
    detail(team.http.post(f"{workspace}/groups", headers=pair, json={"name": "no"}), 401, 403)


def test_the_application_in_front_of_a_private_server(team: Team, app):
    """The SDK's own reverse proxy: the browser never speaks to the server itself."""
    if app.mode != "authz_mode":
        return
    body = {"idp_token": team.viewer.id_token, "provider": "oidc", "workspace_id": team.workspace_id}
    answer = must(app.http.post("/sentinel/authz/resolve", json=body))
    pair = {"Authorization": f"Bearer {team.viewer.id_token}", "X-Authz-Token": answer["authz_token"]}
    assert must(app.http.get("/sentinel/users/me", headers=pair))["id"] == team.viewer.id
    workspace, group = f"/sentinel/workspaces/{team.workspace_id}", team.group(team.viewer)
    found = must(app.http.get(f"{workspace}/members", headers=pair, params={"q": team.viewer.email}))
    assert [member["user_id"] for member in found] == [team.viewer.id]
    assert group in [found["id"] for found in must(app.http.get(f"{workspace}/groups", headers=pair))]
    assert len(must(app.http.get(f"{workspace}/groups/{group}/members", headers=pair))) == 1
    detail(app.http.get(f"{workspace}/members"), 401)

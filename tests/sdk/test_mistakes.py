"""What callers get wrong: always 4xx with a `detail` that says what to change, never a fault of the server."""

import secrets

import pytest

from support.team import Team, detail, must, new_id


@pytest.fixture
def workspace(team: Team) -> str:
    return f"/workspaces/{team.workspace_id}"


def test_a_slug_is_taken(team: Team):
    body = {"name": "Mine too", "slug": team.slug}
    assert "slug" in detail(team.http.post("/workspaces", headers=team.owner.headers, json=body), 409).lower()


@pytest.mark.parametrize("slug", ["", "a", "-a", "a-", "A-b", "a b", "ä-b", "a\0b", "x" * 500, 7, None, ["a"]])
def test_a_slug_has_a_form(team: Team, slug):
    body = {"name": "Named", "slug": slug}
    detail(team.http.post("/workspaces", headers=team.owner.headers, json=body), 400, 422)


def test_an_invitation_comes_once(team: Team, workspace: str):
    person = team.person()
    body = {"email": person.email, "role": "viewer"}
    must(team.http.post(f"{workspace}/members/invite", headers=team.admin.headers, json=body))
    detail(team.http.post(f"{workspace}/members/invite", headers=team.admin.headers, json=body), 409)


def test_invitations_that_make_no_sense(team: Team, workspace: str):
    for body in (
        {"email": "", "role": "viewer"},
        {"email": "not an address", "role": "viewer"},
        {"email": "a\0@example.test", "role": "viewer"},
        {"email": "x" * 2000 + "@example.test", "role": "viewer"},
        {"email": team.person().email, "role": "emperor"},
        {"email": team.person().email, "role": None},
        {},
        [],
        "x",
        None,
    ):
        detail(team.http.post(f"{workspace}/members/invite", headers=team.admin.headers, json=body), 400, 404, 422)


def test_nobody_makes_themselves_more_than_they_are(team: Team, workspace: str):
    person = team.person()
    for who in (team.viewer, team.editor):
        body = {"email": person.email, "role": "viewer"}
        detail(team.http.post(f"{workspace}/members/invite", headers=who.headers, json=body), 403)
        detail(team.http.patch(f"{workspace}/members/{who.id}", headers=who.headers, json={"role": "owner"}), 403)
    body = {"email": person.email, "role": "owner"}
    detail(team.http.post(f"{workspace}/members/invite", headers=team.admin.headers, json=body), 403)
    detail(
        team.http.patch(f"{workspace}/members/{team.admin.id}", headers=team.admin.headers, json={"role": "owner"}), 403
    )
    detail(team.http.delete(f"{workspace}/members/{team.owner.id}", headers=team.admin.headers), 403)


def test_the_last_owner_stays(team: Team, workspace: str):
    owner = f"{workspace}/members/{team.owner.id}"
    detail(team.http.patch(owner, headers=team.owner.headers, json={"role": "viewer"}), 400, 403, 409)
    detail(team.http.delete(owner, headers=team.owner.headers), 400, 403, 409)


def test_a_group_s_name_is_taken(team: Team, workspace: str):
    body = {"name": f"group-{secrets.token_hex(4)}"}
    must(team.http.post(f"{workspace}/groups", headers=team.admin.headers, json=body))
    detail(team.http.post(f"{workspace}/groups", headers=team.admin.headers, json=body), 409)


def test_groups_take_members_of_the_workspace_once(team: Team, other_team: Team, workspace: str):
    group = team.group(team.viewer)
    members = f"{workspace}/groups/{group}/members"
    detail(team.http.post(f"{members}/{team.viewer.id}", headers=team.admin.headers), 409)
    for stranger in (other_team.viewer.id, new_id()):
        detail(team.http.post(f"{members}/{stranger}", headers=team.admin.headers), 400, 404, 409)
    detail(team.http.delete(f"{members}/{team.editor.id}", headers=team.admin.headers), 404)
    elsewhere = other_team.group()
    for method in ("GET", "POST"):
        path = f"{workspace}/groups/{elsewhere}/members" + (f"/{team.viewer.id}" if method == "POST" else "")
        detail(team.http.request(method, path, headers=team.admin.headers), 403, 404)


def test_a_share_comes_once(team: Team):
    permission = team.resource(team.editor)["id"]
    share = {"grantee_type": "user", "grantee_id": team.viewer.id, "permission": "view"}
    headers = team.key | team.editor.headers
    must(team.http.post(f"/permissions/{permission}/share", headers=headers, json=share))
    detail(team.http.post(f"/permissions/{permission}/share", headers=headers, json=share), 409)


def test_a_share_is_for_someone_of_the_workspace(team: Team, other_team: Team):
    permission = team.resource(team.editor)["id"]
    headers = team.key | team.editor.headers
    wrong = [
        ("user", other_team.viewer.id),
        ("user", new_id()),
        ("group", other_team.group()),
        ("group", team.viewer.id),
        ("user", team.group()),
        ("everyone", team.viewer.id),
        ("user", "x"),
    ]
    for kind, grantee in wrong:
        share = {"grantee_type": kind, "grantee_id": grantee, "permission": "view"}
        detail(team.http.post(f"/permissions/{permission}/share", headers=headers, json=share), 400, 404, 409, 422)
    share = {"grantee_type": "user", "grantee_id": team.viewer.id, "permission": "own"}
    detail(team.http.post(f"/permissions/{permission}/share", headers=headers, json=share), 400, 422)
    share = {"grantee_type": "user", "grantee_id": team.viewer.id, "permission": "view"}
    request = {"headers": headers, "json": share}
    detail(team.http.request("DELETE", f"/permissions/{permission}/share", **request), 404)
    detail(team.http.post(f"/permissions/{new_id()}/share", **request), 404)


def test_a_resource_is_registered_once_for_a_member(team: Team, other_team: Team):
    record = team.resource(team.editor)
    body = {name: record[name] for name in ("service_name", "resource_type", "resource_id", "workspace_id")}
    body |= {"owner_id": team.editor.id, "visibility": "private"}
    detail(team.http.post("/permissions/register", headers=team.key, json=body), 409)
    body["resource_id"] = new_id()
    for change in (
        {"owner_id": other_team.viewer.id},
        {"owner_id": new_id()},
        {"workspace_id": new_id()},
        {"workspace_id": other_team.workspace_id},
        {"owner_id": "x"},
        {"resource_id": "x"},
        {"resource_type": ""},
        {"resource_type": "a\0"},
        {"resource_type": "x" * 5000},
        {"visibility": "public"},
        {"visibility": None},
    ):
        detail(team.http.post("/permissions/register", headers=team.key, json=body | change), 400, 403, 404, 409, 422)
    detail(
        team.http.post(
            "/permissions/register", headers=team.key, json=body | {"service_name": other_team.service_name}
        ),
        403,
    )


def test_a_batch_has_bounds(team: Team):
    check = {"service_name": team.service_name, "resource_type": "note", "resource_id": new_id(), "action": "view"}
    headers = team.key | team.viewer.headers
    for checks, status in (([], 422), ([check] * 101, 422), ([check | {"action": "own"}], 422), ([check] * 100, 200)):
        answer = team.http.post("/permissions/check", headers=headers, json={"checks": checks})
        assert answer.status_code in (status, 400 if status == 422 else status), answer.text
    told = team.http.post("/permissions/check", headers=headers, json={"checks": [check]}).json()["results"]
    assert told == [check | {"allowed": False}]


def test_ids_that_nobody_has(team: Team, workspace: str):
    owner, both = team.owner.headers, team.key | team.owner.headers
    nobody = new_id()
    for method, path, headers, body in (
        ("GET", f"/workspaces/{nobody}", owner, None),
        ("GET", f"/workspaces/{nobody}/members", owner, None),
        ("PATCH", f"{workspace}/members/{nobody}", owner, {"role": "viewer"}),
        ("DELETE", f"{workspace}/members/{nobody}", owner, None),
        ("PATCH", f"{workspace}/groups/{nobody}", owner, {"name": "x"}),
        ("DELETE", f"{workspace}/groups/{nobody}", owner, None),
        ("GET", f"{workspace}/groups/{nobody}/members", owner, None),
        ("GET", f"/permissions/resource/{team.service_name}/note/{nobody}", team.key, None),
        ("DELETE", f"/permissions/resource/{team.service_name}/note/{nobody}", team.key, None),
        ("PATCH", f"/permissions/{nobody}/visibility", both, {"visibility": "private"}),
    ):
        detail(team.http.request(method, path, headers=headers, json=body), 403, 404)
        malformed = path.replace(nobody, "not-an-id")
        detail(team.http.request(method, malformed, headers=headers, json=body), 400, 403, 404, 422)
        nul = path.replace(nobody, "%00")
        detail(team.http.request(method, nul, headers=headers, json=body), 400, 403, 404, 422)


def test_a_nul_is_stored_nowhere(team: Team, workspace: str):
    owner = team.owner.headers
    detail(team.http.patch("/users/me", headers=team.viewer.headers, json={"name": "a\0b"}), 400, 422)
    detail(team.http.post("/workspaces", headers=owner, json={"name": "a\0b", "slug": f"s-{new_id()}"}), 400, 422)
    detail(team.http.post(f"{workspace}/groups", headers=owner, json={"name": "\0"}), 400, 422)
    detail(team.http.get(f"{workspace}/members", headers=owner, params={"q": "\0"}), 400, 422)
    body = {"service_name": team.service_name, "actions": [{"action": "a:b", "description": "\0"}]}
    detail(team.http.post("/roles/actions/register", headers=team.key, json=body), 400, 422)


def test_pages(team: Team, workspace: str):
    seen, url, params = [], f"{workspace}/members", {"limit": "2"}
    while url:
        page = team.http.get(url, headers=team.viewer.headers, params=params)
        assert 1 <= len(must(page)) <= 2
        seen += [member["user_id"] for member in page.json()]
        # RFC 8288: where more follows, the answer says where.
        url, params = page.links.get("next", {}).get("url"), None
    assert len(seen) == len(set(seen)) and {person.id for person in team.people.values()} <= set(seen)
    for limit in ("0", "-1", "x", "1e3", "99999999999999999999"):
        detail(team.http.get(f"{workspace}/members", headers=team.viewer.headers, params={"limit": limit}), 400, 422)


def test_a_body_that_is_none(team: Team):
    for content, kind in (
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"name": 1e999999}', "application/json"),
        (b"name=x", "application/x-www-form-urlencoded"),
    ):
        headers = team.viewer.headers | {"Content-Type": kind}
        detail(team.http.patch("/users/me", headers=headers, content=content), 400, 413, 415, 422)
    large = {"name": "x" * 10_000_000}
    detail(team.http.patch("/users/me", headers=team.viewer.headers, json=large), 413)


def test_faults_are_never_the_caller_s_text(team: Team):
    """No answer repeats a secret that was put in the wrong place."""
    secret = "s3cret-" + secrets.token_hex(8)
    for answer in (
        team.http.post("/auth/refresh", json={"refresh_token": {"x": secret}}),
        team.http.post("/auth/token", json={"code": [secret]}),
        team.http.post("/authz/resolve", headers=team.key, json={"idp_token": secret, "provider": "oidc"}),
        team.http.get("/users/me", headers={"Authorization": f"Bearer {secret}"}),
        team.http.get("/realm/whoami", headers={"X-Service-Key": secret}),
    ):
        assert answer.status_code in (400, 401, 422) and secret not in answer.text

"""Applications of users, in proxy mode and in authz mode: what each person sees there."""

import secrets

from support.app import App
from support.team import Team, detail, must


def note(app: App, person, visibility: str = "workspace") -> dict:
    return must(app.post(person, "/notes", params={"title": "A note", "visibility": visibility}))


def test_an_open_path_needs_no_token(app: App):
    assert must(app.http.get("/health")) == {"status": "ok"}


def test_who_i_am(app: App, team: Team):
    for role, person in team.people.items():
        me = must(app.get(person, "/me"))
        assert me["user_id"] == person.id
        assert me["workspace_id"] == team.workspace_id
        assert me["workspace_slug"] == team.slug
        assert me["workspace_role"] == role
        assert me["email"] == person.email
        assert me["name"]
        context = must(app.get(person, "/context"))
        assert context == {
            "workspace_id": team.workspace_id,
            "workspace_slug": team.slug,
            "user_id": person.id,
            "role": role,
        }


def test_no_token_and_bad_tokens_stay_outside(app: App, team: Team):
    detail(app.http.get("/me"), 401)
    good = app.headers(team.viewer)
    for name in good:
        without = {other: value for other, value in good.items() if other != name}
        detail(app.http.get("/me", headers=without), 401)
        head, dot, signature = good[name].rpartition(".")
        forged = head + dot + ("A" if signature[0] != "A" else "B") + signature[1:]
        detail(app.http.get("/me", headers=good | {name: forged}), 401)


def test_a_stranger_s_workspace_is_another(app: App, team: Team, other_team: Team):
    stranger = other_team.editor
    if app.mode == "authz_mode":
        # Their token was made for another service.
        detail(app.get(stranger, "/me"), 403)
        return
    theirs, ours = note(app, stranger), note(app, team.editor)
    assert must(app.get(stranger, f"/notes/{theirs['id']}"))
    detail(app.get(stranger, f"/notes/{ours['id']}"), 404)
    assert ours["id"] not in [seen["id"] for seen in must(app.get(stranger, "/notes"))]


def test_roles_are_an_order(app: App, team: Team):
    detail(app.post(team.viewer, "/notes", params={"title": "no"}), 403)
    kept = note(app, team.editor)
    detail(app.http.delete(f"/notes/{kept['id']}", headers=app.headers(team.editor)), 403)
    assert must(app.http.delete(f"/notes/{kept['id']}", headers=app.headers(team.admin))) == {"deleted": kept["id"]}


def test_a_workspace_note_is_seen_by_all_and_edited_by_editors(app: App, team: Team):
    shared = note(app, team.editor)
    for person in team.people.values():
        assert must(app.get(person, f"/notes/{shared['id']}"))["title"] == "A note"
        assert shared["id"] in [seen["id"] for seen in must(app.get(person, "/notes"))]
    path = f"/notes/{shared['id']}"
    detail(app.http.patch(path, params={"title": "x"}, headers=app.headers(team.viewer)), 403)
    assert must(app.http.patch(path, params={"title": "y"}, headers=app.headers(team.admin)))["title"] == "y"


def test_a_private_note_is_its_owner_s_until_it_is_shared(app: App, team: Team):
    private = note(app, team.editor, "private")
    path = f"/notes/{private['id']}"
    assert must(app.get(team.editor, path))
    # Administrators of the workspace see everything in it.
    assert must(app.get(team.admin, path)) and must(app.get(team.owner, path))
    detail(app.get(team.viewer, path), 403)
    grant = {"grantee_type": "user", "grantee_id": team.viewer.id}
    detail(app.post(team.viewer, f"{path}/share", params=grant), 403)
    must(app.post(team.editor, f"{path}/share", params=grant))
    assert must(app.get(team.viewer, path))["id"] == private["id"]
    assert private["id"] in [seen["id"] for seen in must(app.get(team.viewer, "/notes"))]


def test_a_share_to_a_group_reaches_its_members_at_once(app: App, team: Team):
    newcomer = team.person("viewer")
    group, private = team.group(team.viewer), note(app, team.editor, "private")
    path = f"/notes/{private['id']}"
    must(app.post(team.editor, f"{path}/share", params={"grantee_type": "group", "grantee_id": group}))
    assert must(app.get(team.viewer, path))
    detail(app.get(newcomer, path), 403)
    # The token of the newcomer was issued before: what storage says now counts.
    members = f"/workspaces/{team.workspace_id}/groups/{group}/members"
    must(team.http.post(f"{members}/{newcomer.id}", headers=team.owner.headers))
    assert must(app.get(newcomer, path))["id"] == private["id"]
    must(team.http.delete(f"{members}/{newcomer.id}", headers=team.owner.headers))
    detail(app.get(newcomer, path), 403)


def test_colleagues_and_groups(app: App, team: Team):
    group = team.group(team.viewer, team.editor)
    seen = must(app.get(team.viewer, "/colleagues"))
    assert {person.email for person in team.people.values()} <= {member["email"] for member in seen["members"]}
    members = [members for members in seen["groups"].values() if len(members) == 2]
    assert {team.viewer.email, team.editor.email} in [{member["email"] for member in group} for group in members]
    assert group
    found = must(app.get(team.viewer, "/colleagues", params={"q": team.editor.email[:18]}))["members"]
    assert [member["email"] for member in found] == [team.editor.email]
    assert must(app.get(team.viewer, "/colleagues", params={"q": secrets.token_hex(8)}))["members"] == []


def test_only_listed_workspaces_may_use_the_application(team: Team, other_team: Team):
    application = App("proxy_mode", team, ALLOWED_WORKSPACES=team.workspace_id)
    try:
        assert must(application.get(team.viewer, "/me"))["user_id"] == team.viewer.id
        assert "not permitted" in detail(application.get(other_team.viewer, "/me"), 403)
    finally:
        application.stop()

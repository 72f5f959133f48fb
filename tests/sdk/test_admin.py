"""What administrators do, and that it takes effect on the very next request."""

from support.asks import asks_with_both_tokens, me, refresh
from support.team import Administrator, Team, detail, must


def test_a_deactivated_person_is_out_at_once(team: Team, root: Administrator):
    person = team.person("editor")
    assert all(answer.is_success for answer in asks_with_both_tokens(team, person))
    must(root.http.patch(f"/admin/users/{person.id}", json={"is_active": False}))
    for answer in asks_with_both_tokens(team, person):
        detail(answer, 401, 403)
    detail(me(team, person.access), 401, 403)
    pair = {"Authorization": f"Bearer {person.id_token}", "X-Authz-Token": person.authz}
    detail(team.http.get("/users/me", headers=pair), 401, 403)
    detail(refresh(team, person.tokens["refresh_token"]), 401, 403)
    body = {"idp_token": person.id_token, "provider": "oidc"}
    detail(team.http.post("/authz/resolve", headers=team.key, json=body), 401, 403)
    # Being let in again does not bring old tokens back.
    must(root.http.patch(f"/admin/users/{person.id}", json={"is_active": True}))
    detail(me(team, person.access), 401, 403)
    assert team.log_in(person.login)


def test_a_demoted_administrator_s_cookie_stops_at_once(team: Team, root: Administrator):
    second = Administrator(team.server, "second-root")
    me = must(second.http.get("/auth/admin/me"))
    assert must(second.http.get("/admin/users"))
    must(root.http.patch(f"/admin/users/{me['id']}", json={"is_admin": False}))
    detail(second.http.get("/admin/users"), 401, 403)
    detail(second.http.get("/auth/admin/me"), 401, 403)


def test_tokens_taken_back_by_an_administrator(team: Team, root: Administrator):
    person = team.person("viewer")
    assert must(me(team, person.access)) and person.authz
    must(root.http.post(f"/admin/users/{person.id}/revoke-tokens"))
    detail(me(team, person.access), 401)
    for answer in asks_with_both_tokens(team, person):
        detail(answer, 401)
    detail(refresh(team, person.tokens["refresh_token"]), 401)


def test_every_change_is_in_the_activity_log(team: Team, root: Administrator):
    group = team.group(team.viewer)
    log = root.http.get("/admin/activity", params={"limit": 50})
    assert group in str(must(log))


def test_a_change_at_the_admin_pages_needs_its_header(team: Team, root: Administrator):
    """A foreign page can send a form with the cookie, and not this header."""
    person = team.person()
    path, cookie = f"/admin/users/{person.id}", root.browser.cookie("admin_token")
    for headers in ({}, {"Origin": "https://evil.test"}):
        answer = team.http.patch(path, json={"is_active": False}, headers=headers | {"Cookie": f"admin_token={cookie}"})
        detail(answer, 403)
    assert team.log_in is not None and team.resolve(person.id_token)

"""Refresh tokens rotate in families; logging out and losing one's standing take effect on the next request."""

from concurrent.futures import ThreadPoolExecutor

from support.asks import asks_with_both_tokens, me, refresh
from support.team import Team, detail, must


def test_a_refresh_gives_the_same_shape(team: Team):
    first = team.log_in(team.viewer.login)
    second = must(refresh(team, first["refresh_token"]))
    assert second.keys() == first.keys()
    assert second["access_token"] != first["access_token"] and second["refresh_token"] != first["refresh_token"]
    assert must(me(team, second["access_token"]))["id"] == team.viewer.id


def test_a_lost_answer_gets_the_same_child_again(team: Team):
    token = team.log_in(team.viewer.login)["refresh_token"]
    with ThreadPoolExecutor(8) as pool:
        answers = [answer for answer in pool.map(lambda _: refresh(team, token), range(24))]
    children = {answer.json()["refresh_token"] for answer in answers if answer.is_success}
    assert len(children) == 1 and all(answer.status_code in (200, 401, 409, 429) for answer in answers)


def test_an_ancestor_s_return_ends_the_family(team: Team):
    first = team.log_in(team.viewer.login)
    second = must(refresh(team, first["refresh_token"]))
    third = must(refresh(team, second["refresh_token"]))
    detail(refresh(team, first["refresh_token"]), 401)
    detail(refresh(team, third["refresh_token"]), 401)
    detail(me(team, third["access_token"]), 401)


def test_logging_out_ends_the_session(team: Team):
    tokens, other = team.log_in(team.viewer.login), team.log_in(team.viewer.login)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert must(team.http.post("/auth/logout", headers=headers)) == {"ok": True}
    detail(me(team, tokens["access_token"]), 401)
    detail(refresh(team, tokens["refresh_token"]), 401)
    # Another login of the same person goes on.
    assert must(me(team, other["access_token"]))
    assert must(refresh(team, other["refresh_token"]))


def test_refresh_takes_refresh_tokens_alone(team: Team):
    for token in ("", "x", "a.b.c", team.viewer.access, team.viewer.authz, team.viewer.id_token):
        detail(refresh(team, token), 401, 422)
    detail(me(team, team.viewer.tokens["refresh_token"]), 401)


def test_a_removed_member_is_out_at_once(team: Team):
    person = team.person("editor")
    assert all(answer.is_success for answer in asks_with_both_tokens(team, person))
    member = f"/workspaces/{team.workspace_id}/members/{person.id}"
    must(team.http.delete(member, headers=team.owner.headers))
    for answer in asks_with_both_tokens(team, person):
        detail(answer, 401, 403)
    detail(team.http.get(f"/workspaces/{team.workspace_id}/members", headers=person.headers), 401, 403)
    detail(refresh(team, person.tokens["refresh_token"]), 401, 403)


def test_a_role_changes_at_once(team: Team):
    person = team.person("editor")
    group = {"name": "made by a former editor"}
    member, groups = f"/workspaces/{team.workspace_id}/members/{person.id}", f"/workspaces/{team.workspace_id}/groups"
    detail(team.http.post(groups, headers=person.headers, json=group), 403)
    must(team.http.patch(member, headers=team.owner.headers, json={"role": "admin"}))
    made = must(team.http.post(groups, headers=person.headers, json=group))
    must(team.http.delete(f"{groups}/{made['id']}", headers=person.headers))
    must(team.http.patch(member, headers=team.owner.headers, json={"role": "viewer"}))
    detail(team.http.post(groups, headers=person.headers, json=group), 403)


def test_what_was_taken_back_stays_so_after_a_restart(team: Team):
    """Nothing that was revoked lives in memory alone."""
    person = team.person("viewer")
    kept, lost = team.log_in(person.login), team.log_in(person.login)
    must(team.http.post("/auth/logout", headers={"Authorization": f"Bearer {lost['access_token']}"}))
    team.server.program.kill()
    team.server.start()
    detail(me(team, lost["access_token"]), 401)
    detail(refresh(team, lost["refresh_token"]), 401)
    assert must(me(team, kept["access_token"]))["id"] == person.id

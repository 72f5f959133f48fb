"""Groups in groups: who is in the one is in the other, wherever permissions are asked for."""

import base64
import json
import secrets

import httpx
import pytest

from support.idp import IdentityProvider
from support.sentinel import Sentinel
from support.team import Person, Team, must


@pytest.fixture(scope="module", params=["sqlite", "postgres", "sqlite by SQL"])
def server(request: pytest.FixtureRequest, idp: IdentityProvider):
    kind, _, by_sql = request.param.partition(" ")
    sentinel = Sentinel(kind, idp, **({"POLICY_TUPLES_IN_MEMORY": "0"} if by_sql else {}))
    yield sentinel
    sentinel.stop()


@pytest.fixture(scope="module")
def team(server: Sentinel) -> Team:
    return Team(server)


def nest(team: Team, outer: str, inner: str, method: str = "POST", by: Person | None = None) -> httpx.Response:
    path = f"/workspaces/{team.workspace_id}/groups/{outer}/groups/{inner}"
    return team.http.request(method, path, headers=(by or team.admin).headers)


def share(team: Team, record: dict, group: str, permission: str) -> None:
    body = {"grantee_type": "group", "grantee_id": group, "permission": permission}
    must(team.http.post(f"/permissions/{record['id']}/share", headers=team.key | team.owner.headers, json=body))


def may(team: Team, person: Person, record: dict, action: str = "view") -> bool:
    """As a check and as a list answer it, which must be the same."""
    asked = {name: record[name] for name in ("service_name", "resource_type", "resource_id")} | {"action": action}
    headers = team.key | person.headers
    [result] = must(team.http.post("/permissions/check", headers=headers, json={"checks": [asked]}))["results"]
    asked = {"service_name": record["service_name"], "resource_type": record["resource_type"], "action": action}
    listed = must(team.http.post("/permissions/accessible", headers=headers, json=asked | {"workspace_id": team.workspace_id}))
    assert (record["resource_id"] in listed["resource_ids"]) == result["allowed"]
    return result["allowed"]


def test_a_share_reaches_those_of_the_groups_in_a_group(team: Team):
    inner_one, outer_one, nobody = (team.person("viewer") for _ in range(3))
    record = team.resource(team.editor)
    inner, middle, outer = team.group(inner_one), team.group(), team.group(outer_one)
    share(team, record, outer, "edit")
    assert (may(team, outer_one, record), may(team, inner_one, record)) == (True, False)
    must(nest(team, outer, middle))
    assert not may(team, inner_one, record)
    must(nest(team, middle, inner))
    assert may(team, inner_one, record) and may(team, inner_one, record, "edit")
    assert not may(team, nobody, record)
    # Not the other way round.
    other = team.resource(team.editor)
    share(team, other, inner, "view")
    assert (may(team, inner_one, other), may(team, outer_one, other)) == (True, False)
    # It ends with the very next request, wherever the chain is cut.
    must(nest(team, outer, middle, "DELETE"))
    assert not may(team, inner_one, record)
    must(nest(team, outer, middle))
    assert may(team, inner_one, record)
    path = f"/workspaces/{team.workspace_id}/groups"
    must(team.http.delete(f"{path}/{middle}", headers=team.owner.headers))
    assert (may(team, inner_one, record), may(team, outer_one, record)) == (False, True)


def test_a_circle_makes_one_group_of_all_its_groups(team: Team):
    people = [team.person("viewer") for _ in range(3)]
    groups = [team.group(person) for person in people]
    record = team.resource(team.editor)
    share(team, record, groups[1], "view")
    for at in range(3):
        must(nest(team, groups[at], groups[(at + 1) % 3]))
    assert [may(team, person, record) for person in people] == [True] * 3
    must(nest(team, groups[1], groups[2], "DELETE"))
    assert [may(team, person, record) for person in people] == [False, True, False]


def test_a_chain_of_any_length(team: Team):
    """Deeper than OpenFGA follows: what is Sentinel's own has an answer all the same."""
    last = team.person("viewer")
    groups = [team.group() for _ in range(40)] + [team.group(last)]
    for outer, inner in zip(groups, groups[1:]):
        must(nest(team, outer, inner))
    record = team.resource(team.editor)
    assert not may(team, last, record)
    share(team, record, groups[0], "view")
    assert may(team, last, record)


def test_who_may_and_what_is_answered(team: Team):
    path = f"/workspaces/{team.workspace_id}/groups"
    outer, inner, member = team.group(), team.group(team.viewer), team.person("viewer")
    for person in (team.editor, team.viewer, member):
        assert nest(team, outer, inner, by=person).status_code == 403
    assert nest(team, outer, inner).status_code == 204
    again = nest(team, outer, inner, by=team.owner)
    assert (again.status_code, again.json()["detail"]) == (409, "Already in this group")
    itself = nest(team, outer, outer)
    assert (itself.status_code, itself.json()["detail"]) == (400, "A group cannot be in itself")
    [told] = must(team.http.get(f"{path}/{outer}/groups", headers=member.headers))
    assert (told["id"], told["member_count"]) == (inner, 1)
    assert must(team.http.get(f"{path}/{inner}/groups", headers=member.headers)) == []
    assert must(team.http.get(f"{path}/{outer}", headers=member.headers))["member_count"] == 0
    assert must(team.http.get(f"{path}/{outer}/members", headers=member.headers)) == []
    for person in (team.editor, team.viewer):
        assert nest(team, outer, inner, "DELETE", by=person).status_code == 403
    assert nest(team, outer, inner, "DELETE").status_code == 204
    assert nest(team, outer, inner, "DELETE").status_code == 404


def test_no_other_workspace_s_groups(server: Sentinel, team: Team):
    strangers = Team(server)
    mine, theirs = team.group(), strangers.group(strangers.viewer)
    for outer, inner in ((mine, theirs), (theirs, mine), (mine, secrets.token_hex(16))):
        assert nest(team, outer, inner).status_code == 404, (outer, inner)
    path = f"/workspaces/{strangers.workspace_id}/groups/{theirs}/groups/{mine}"
    assert team.http.post(path, headers=team.owner.headers).status_code == 403
    assert strangers.http.post(path, headers=strangers.owner.headers).status_code == 404


def test_a_token_names_the_groups_that_someone_is_in_themselves(team: Team):
    """What follows from these is decided, and not carried around: it may be much, and it changes."""
    person = team.person("viewer")
    inner, outer = team.group(person), team.group()
    must(nest(team, outer, inner))
    payload = person.access.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["groups"] == [inner]

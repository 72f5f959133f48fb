"""Sentinel's own permissions in the workspace's store: read through OpenFGA's API and AuthZEN's, and written by nobody but
the façade that checks who may."""

import secrets

import httpx
import pytest

from support.idp import IdentityProvider
from support.sentinel import Sentinel
from support.team import Person, Team, must

OWN = {
    "schema_version": "1.1",
    "type_definitions": [
        {
            "type": "folder",
            "relations": {
                "about": {"this": {}},
                "viewer": {
                    "union": {
                        "child": [
                            {"this": {}},
                            {
                                "tupleToUserset": {
                                    "tupleset": {"relation": "about"},
                                    "computedUserset": {"relation": "view"},
                                }
                            },
                        ]
                    }
                },
            },
            "metadata": {
                "relations": {
                    "about": {"directly_related_user_types": [{"type": "resource"}]},
                    "viewer": {
                        "directly_related_user_types": [{"type": "user"}, {"type": "group", "relation": "member"}]
                    },
                }
            },
        }
    ],
}


@pytest.fixture(scope="module", params=["sqlite", "postgres", "sqlite by SQL", "postgres by SQL"])
def server(request: pytest.FixtureRequest, idp: IdentityProvider):
    """On both databases, with stores in memory and with stores that are too large for it."""
    kind, _, by_sql = request.param.partition(" ")
    sentinel = Sentinel(kind, idp, **({"POLICY_TUPLES_IN_MEMORY": "0"} if by_sql else {}))
    yield sentinel
    sentinel.stop()


@pytest.fixture(scope="module")
def team(server: Sentinel) -> Team:
    return Team(server)


@pytest.fixture(scope="module")
def store(server: Sentinel, team: Team):
    """The workspace's store, through a key that is bound to the workspace."""
    name = f"policy-{secrets.token_hex(4)}"
    service_key = server.cli("service", "create", name, "--policy", f"workspace:{team.slug}")["key"]
    with server.http(headers={"Authorization": f"Bearer {service_key}"}) as http:
        [own] = must(http.get("/stores"))["stores"]
        assert own["name"] == team.slug
        http.base_url = f"{server.url}/stores/{own['id']}"
        yield http


def user(person: Person) -> str:
    return f"user:{person.id}"


def named(record: dict) -> str:
    kind = record["resource_type"].replace(":", "~")
    return f"resource:{record['service_name']}/{kind}/{record['resource_id']}"


def key(user: str, relation: str, object: str) -> dict:
    return {"user": user, "relation": relation, "object": object}


def check(store: httpx.Client, user: str, relation: str, object: str) -> bool:
    body = {"tuple_key": key(user, relation, object), "consistency": "HIGHER_CONSISTENCY"}
    return must(store.post("/check", json=body))["allowed"]


def facade(team: Team, person: Person, record: dict, action: str) -> bool:
    asked = {name: record[name] for name in ("service_name", "resource_type", "resource_id")} | {"action": action}
    headers = team.key | person.headers
    [result] = must(team.http.post("/permissions/check", headers=headers, json={"checks": [asked]}))["results"]
    return result["allowed"]


def share(team: Team, record: dict, grantee_type: str, grantee: str, permission: str, method: str = "POST"):
    body = {"grantee_type": grantee_type, "grantee_id": grantee, "permission": permission}
    headers = team.key | team.owner.headers
    must(team.http.request(method, f"/permissions/{record['id']}/share", headers=headers, json=body))


def test_both_ways_of_asking_agree_after_every_change(team: Team, store: httpx.Client):
    editor, viewer, stranger = team.person("editor"), team.person("viewer"), team.person()
    record, group = team.resource(editor, kind="file:pdf"), team.group(viewer)
    people = [team.owner, team.admin, team.editor, editor, viewer]

    def agree(expected: dict[str, str]) -> None:
        for person in people:
            for action in ("view", "edit"):
                wanted = action in expected.get(person.id, "").split()
                assert check(store, user(person), action, named(record)) == wanted, (person.login, action)
                assert facade(team, person, record, action) == wanted, (person.login, action)
        assert not check(store, user(stranger), "view", named(record))

    always = {person.id: "view edit" for person in (team.owner, team.admin, editor)}
    agree(always)
    share(team, record, "group", group, "view")
    agree(always | {viewer.id: "view"})
    share(team, record, "user", viewer.id, "edit")
    agree(always | {viewer.id: "view edit"})
    share(team, record, "user", viewer.id, "edit", "DELETE")
    must(team.http.delete(f"/workspaces/{team.workspace_id}/groups/{group}", headers=team.owner.headers))
    agree(always)
    shown = {"visibility": "workspace"}
    headers = team.key | team.owner.headers
    must(team.http.patch(f"/permissions/{record['id']}/visibility", headers=headers, json=shown))
    agree(always | {viewer.id: "view", team.editor.id: "view edit"})
    path = f"/workspaces/{team.workspace_id}/members/{editor.id}"
    must(team.http.delete(path, headers=team.owner.headers))
    people.remove(editor)
    agree({person.id: "view edit" for person in (team.owner, team.admin, team.editor)} | {viewer.id: "view"})
    assert not check(store, user(editor), "view", named(record)), "an owner who is no member any more"


def test_listed_expanded_read_and_searched(team: Team, store: httpx.Client):
    viewer = team.person("viewer")
    record, other = team.resource(viewer), team.resource(team.editor)
    body = {"type": "resource", "relation": "edit", "user": user(viewer)}
    assert must(store.post("/list-objects", json=body))["objects"] == [named(record)]
    body = {"object": {"type": "resource", "id": named(other).split(":")[1]}, "relation": "view"}
    found = must(store.post("/list-users", json=body | {"user_filters": [{"type": "user"}]}))["users"]
    assert {one["object"]["id"] for one in found} == {team.owner.id, team.admin.id, team.editor.id}
    tree = must(store.post("/expand", json={"tuple_key": {"relation": "edit", "object": named(record)}}))
    assert len(tree["tree"]["root"]["union"]["nodes"]) == 4
    read = must(store.post("/read", json={"tuple_key": {"object": named(record)}}))["tuples"]
    assert {(one["key"]["relation"], one["key"]["user"]) for one in read} == {
        ("owner", user(viewer)),
        ("workspace", f"workspace:{team.workspace_id}"),
    }
    changes = must(store.get("/changes", params={"type": "resource", "page_size": 100}))["changes"]
    assert any(one["tuple_key"]["object"] == named(record) for one in changes)
    subject, resource = {"type": "user", "id": viewer.id}, {"type": "resource", "id": named(record).split(":")[1]}
    asked = {"subject": subject, "action": {"name": "edit"}, "resource": resource}
    assert must(store.post("/access/v1/evaluation", json=asked)) == {"decision": True}
    found = must(store.post("/access/v1/search/resource", json=asked | {"resource": {"type": "resource"}}))["results"]
    assert found == [resource]


def test_a_workspace_s_own_types_build_on_the_built_in_ones(team: Team, store: httpx.Client):
    viewer, other = team.person("viewer"), team.person("viewer")
    group, record = team.group(viewer), team.resource(team.editor)
    must(store.post("/authorization-models", json=OWN))
    folder = f"folder:{secrets.token_hex(4)}"
    writes = [
        key(f"group:{group}#member", "viewer", folder),
        key(user(other), "viewer", folder),
        key(named(record), "about", folder),
    ]
    must(store.post("/write", json={"writes": {"tuple_keys": writes}}))
    assert [check(store, user(person), "viewer", folder) for person in (viewer, other, team.editor)] == [True] * 3
    # Read and written again as it is: the built-in types stand in it.
    latest = must(store.get("/authorization-models", params={"page_size": 1}))["authorization_models"][0]
    assert {one["type"] for one in latest["type_definitions"]} == {"user", "group", "workspace", "resource", "folder"}
    del latest["id"]
    must(store.post("/authorization-models", json=latest))
    # Gone with who is no member any more, with the group, and with the resource.
    path, headers = f"/workspaces/{team.workspace_id}", team.owner.headers
    must(team.http.delete(f"{path}/members/{other.id}", headers=headers))
    must(team.http.delete(f"{path}/groups/{group}", headers=headers))
    at = f"{record['service_name']}/{record['resource_type']}/{record['resource_id']}"
    must(team.http.delete(f"/permissions/resource/{at}", headers=team.key))
    assert must(store.post("/read", json={"tuple_key": {"object": folder}}))["tuples"] == []
    assert [check(store, user(person), "viewer", folder) for person in (viewer, other, team.editor)] == [False] * 3


def forged(team: Team, record: dict, mallory: Person, group: str) -> list[dict]:
    """Tuples that would let someone in."""
    workspace = f"workspace:{team.workspace_id}"
    return [
        key(user(mallory), "owner", workspace),
        key(user(mallory), "member", f"group:{group}"),
        key(user(mallory), "owner", named(record)),
        key(user(mallory), "shared_edit", named(record)),
        key(workspace, "shown_to", named(record)),
    ]


def test_built_in_tuples_are_not_written_past_the_facade(team: Team, store: httpx.Client):
    mallory, group = team.person("viewer"), team.group()
    record = team.resource(team.editor)
    for tuple_key in forged(team, record, mallory, group):
        answer = store.post("/write", json={"writes": {"tuple_keys": [tuple_key]}})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.text
    viewer = key(user(mallory), "viewer", f"workspace:{team.workspace_id}")
    for deleted in (viewer, key(user(team.editor), "owner", named(record))):
        answer = store.post("/write", json={"deletes": {"tuple_keys": [deleted]}})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.text
        assert check(store, deleted["user"], deleted["relation"], deleted["object"])
    # Together with what may be written, nothing is.
    must(store.post("/authorization-models", json=OWN))
    folder = f"folder:{secrets.token_hex(4)}"
    both = [key(user(mallory), "viewer", folder), forged(team, record, mallory, group)[0]]
    assert store.post("/write", json={"writes": {"tuple_keys": both}}).status_code == 403
    assert not check(store, user(mallory), "viewer", folder)
    assert not facade(team, mallory, record, "view")


def test_contextual_tuples_say_nothing_about_built_in_types(team: Team, store: httpx.Client):
    mallory, group = team.person("viewer"), team.group()
    record = team.resource(team.editor)
    share(team, record, "group", group, "edit")
    for tuple_key in forged(team, record, mallory, group):
        contextual = {"contextual_tuples": {"tuple_keys": [tuple_key]}}
        asked = contextual | {"tuple_key": key(user(mallory), "edit", named(record))}
        answers = [store.post("/check", json=asked), store.post("/expand", json=contextual | {"tuple_key": {"relation": "edit", "object": named(record)}})]
        body = {"type": "resource", "relation": "edit", "user": user(mallory)}
        answers.append(store.post("/list-objects", json=contextual | body))
        body = {"object": {"type": "resource", "id": named(record).split(":")[1]}, "relation": "edit"}
        answers.append(store.post("/list-users", json=body | {"user_filters": [{"type": "user"}], "contextual_tuples": [tuple_key]}))
        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_tuple"), answer.text
        checks = [asked | {"correlation_id": "1"}]
        [result] = must(store.post("/batch-check", json={"checks": checks}))["result"].values()
        assert not result.get("allowed") and result["error"]["input_error"] == "invalid_tuple"
    # An assertion may ask about them, and take none of them for granted.
    [model, *_] = must(store.get("/authorization-models"))["authorization_models"]
    asserted = {"tuple_key": key(user(mallory), "edit", named(record)), "expectation": False}
    path = f"/assertions/{model['id']}"
    assert store.put(path, json={"assertions": [asserted]}).status_code == 204
    asserted["contextual_tuples"] = [forged(team, record, mallory, group)[0]]
    assert store.put(path, json={"assertions": [asserted]}).status_code == 400


def test_built_in_types_are_not_defined_anew(team: Team, store: httpx.Client):
    mallory, record = team.person("viewer"), team.resource(team.editor)
    everyone = {"directly_related_user_types": [{"type": "user"}, {"type": "user", "wildcard": {}}]}
    for name in ("user", "group", "workspace", "resource"):
        relations = {"relations": {"view": {"this": {}}}, "metadata": {"relations": {"view": everyone}}}
        types = [{"type": "user"}, {"type": name} | relations] if name != "user" else [{"type": "user"} | relations]
        answer = store.post("/authorization-models", json={"schema_version": "1.1", "type_definitions": types})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_authorization_model"), answer.text
        assert f"'{name}' is built in" in answer.json()["message"]
    assert not facade(team, mallory, record, "view")


def test_the_store_stays_with_its_workspace(server: Sentinel, team: Team, store: httpx.Client):
    name = f"policy-{secrets.token_hex(4)}"
    service_key = server.cli("service", "create", name, "--policy", "all")["key"]
    with server.http(headers={"Authorization": f"Bearer {service_key}"}) as http:
        assert http.delete(str(store.base_url).rstrip("/")).status_code == 403
        # In a store of nobody's the same names are like any others.
        free = must(http.post("/stores", json={"name": "Free"}))["id"]
        model = {"schema_version": "1.1", "type_definitions": [{"type": "user"}, OWN["type_definitions"][0] | {
            "type": "resource", "relations": {"view": {"this": {}}},
            "metadata": {"relations": {"view": {"directly_related_user_types": [{"type": "user"}]}}},
        }]}
        must(http.post(f"/stores/{free}/authorization-models", json=model))
        written = {"writes": {"tuple_keys": [key("user:anne", "view", "resource:1")]}}
        must(http.post(f"/stores/{free}/write", json=written))
    assert must(store.get(str(store.base_url).rstrip("/")))["name"] == team.slug


def test_nobody_else_s_group_and_no_other_workspace(server: Sentinel, team: Team, store: httpx.Client):
    """Another workspace's group cannot be given anything here, and its members find nothing here."""
    strangers = Team(server)
    record, group = team.resource(team.editor), strangers.group(strangers.viewer)
    body = {"grantee_type": "group", "grantee_id": group, "permission": "edit"}
    headers = team.key | team.owner.headers
    assert team.http.post(f"/permissions/{record['id']}/share", headers=headers, json=body).status_code == 400
    assert not check(store, user(strangers.owner), "view", named(record))
    assert not check(store, f"group:{group}#member", "view", named(record))
    theirs = strangers.resource(strangers.owner, "workspace")
    assert not check(store, user(team.owner), "view", named(theirs))
    assert not facade(team, team.owner, theirs | {"service_name": team.service_name}, "view")


def test_a_type_that_no_resource_has_is_no_way_to_one(team: Team):
    """A colon is written as a tilde in the store: only there."""
    record = team.resource(team.editor, "workspace", "file:pdf")
    assert facade(team, team.viewer, record, "view")
    for kind in ("file~pdf", "file", "file:pdf/", "file:pdf#view", "*", "x" * 400, "file:pdf ", "é"):
        assert not facade(team, team.owner, record | {"resource_type": kind}, "view"), kind

"""OpenID AuthZEN Authorization API 1.0: the public certification scenario (Basic, Batch, Search, Discovery; Core and
Properties; openid/authzen, certification/authorization-api-1_0-scenario.md) over HTTP, with its fixture as a model."""

import secrets

import httpx
import pytest

from support.sentinel import Sentinel
from support.team import must

READER = {"directly_related_user_types": [{"type": "user"}]}


def given(condition: str) -> dict:
    return {"directly_related_user_types": [{"type": "user"}, {"type": "user", "condition": condition}]}


def text(name: str, kind: str = "TYPE_NAME_STRING") -> dict:
    return {name: {"type_name": kind}}


MODEL = {
    "schema_version": "1.1",
    "type_definitions": [
        {"type": "user"},
        {
            "type": "record",
            "relations": {"read": {"this": {}}, "write": {"this": {}}, "delete": {"this": {}}},
            "metadata": {"relations": {"read": READER, "write": given("is_admin"), "delete": given("is_soft")}},
        },
    ],
    "conditions": {
        "is_admin": {
            "name": "is_admin",
            "expression": "subject_role == 'admin'",
            "parameters": text("subject_role"),
        },
        "is_soft": {
            "name": "is_soft",
            "expression": "action_soft",
            "parameters": text("action_soft", "TYPE_NAME_BOOL"),
        },
    },
}


def tuple_key(user: str, relation: str, record: str, condition: str | None = None, **context) -> dict:
    key = {"user": f"user:{user}", "relation": relation, "object": f"record:{record}"}
    return key | ({"condition": {"name": condition, "context": context}} if condition else {})


TUPLES = [
    tuple_key("alice", "read", "record-1"),
    tuple_key("bob", "read", "record-1"),
    tuple_key("alice", "write", "record-1"),
    # What is known of bob is kept with the tuple: a search names no role.
    tuple_key("bob", "write", "record-2", "is_admin", subject_role="admin"),
    tuple_key("alice", "delete", "record-1", "is_soft"),
]


@pytest.fixture(scope="module", params=["bound", "named"])
def pdp(request: pytest.FixtureRequest, server: Sentinel):
    """A client of the decision point: by a key that is bound to the store, and by the store's own paths."""

    def key(policy: str) -> dict:
        name = f"pdp-{secrets.token_hex(4)}"
        return {"Authorization": f"Bearer {server.cli('service', 'create', name, '--policy', policy)['key']}"}

    everything = key("all")
    with server.http(headers=everything) as http:
        store = must(http.post("/stores", json={"name": "Certification"}))["id"]
        must(http.post(f"/stores/{store}/authorization-models", json=MODEL))
        must(http.post(f"/stores/{store}/write", json={"writes": {"tuple_keys": TUPLES}}))
    named = request.param == "named"
    base = f"{server.url}/stores/{store}/access/v1" if named else f"{server.url}/access/v1"
    with httpx.Client(base_url=base, headers=everything if named else key(f"store:{store}"), timeout=15) as http:
        http.store = store
        yield http


def subject(id: str, **properties) -> dict:
    return {"type": "user", "id": id} | ({"properties": properties} if properties else {})


def record(id: str, **properties) -> dict:
    return {"type": "record", "id": id} | ({"properties": properties} if properties else {})


def action(name: str, **properties) -> dict:
    return {"name": name} | ({"properties": properties} if properties else {})


def ask(subject: dict, action: dict, resource: dict, **more) -> dict:
    return {"subject": subject, "action": action, "resource": resource, **more}


ALICE_READS = ask(subject("alice"), action("read"), record("record-1"))
CASES = [
    (ALICE_READS, True),
    (ask(subject("alice"), action("write"), record("record-1")), True),
    (ask(subject("bob"), action("read"), record("record-1")), True),
    (ask(subject("bob"), action("write"), record("record-1")), False),
    (ask(subject("alice"), action("write"), record("record-2", status="archived")), False),
    (ask(subject("bob", role="admin"), action("write"), record("record-2", status="archived")), True),
    (ask(subject("alice"), action("delete", soft=True), record("record-1")), True),
    (ask(subject("alice"), action("delete", soft=False), record("record-1")), False),
    (ALICE_READS | {"context": {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}}, True),
    (ALICE_READS | {"foo": "bar", "futureField": {"nested": True}}, True),
    (
        ask(
            subject("alice", department="Sales", role="manager"),
            action("read", method="GET"),
            record("record-1", status="active", owner="bob"),
        ),
        True,
    ),
]


@pytest.mark.parametrize(("question", "decision"), CASES)
def test_evaluation(pdp: httpx.Client, question: dict, decision: bool):
    for _ in range(3):
        assert must(pdp.post("/evaluation", json=question)) == {"decision": decision}


def without(*path: str) -> dict:
    *outer, last = path
    question = {name: dict(value) for name, value in ALICE_READS.items()}
    inner = question[outer[0]] if outer else question
    del inner[last]
    return question


@pytest.mark.parametrize(
    "body",
    [
        *(without(name) for name in ("subject", "action", "resource")),
        *(without(*path) for path in [("subject", "type"), ("subject", "id"), ("resource", "type"), ("resource", "id")]),
        without("action", "name"),
        ALICE_READS | {"subject": "alice"},
        ALICE_READS | {"action": {"name": 123}},
    ],
)
def test_what_is_malformed_is_refused(pdp: httpx.Client, body: dict):
    assert pdp.post("/evaluation", json=body).status_code == 400


def test_transport(pdp: httpx.Client):
    json = {"Content-Type": "application/json"}
    for content, headers in [("{", json), ("", json), ("[]", json), ('{"a":1}', {"Content-Type": "text/plain"})]:
        assert pdp.post("/evaluation", content=content, headers=headers).status_code == 400
    echoed = pdp.post("/evaluation", json=ALICE_READS, headers={"X-Request-ID": "bfe9eb29"})
    assert echoed.headers["x-request-id"] == "bfe9eb29"
    refused = pdp.post("/evaluation", json={}, headers={"X-Request-ID": "r-2", "Authorization": "Bearer wrong"})
    assert (refused.status_code, refused.headers["x-request-id"]) == (401, "r-2")
    assert must(pdp.post("/evaluation", json=ALICE_READS)) == {"decision": True}


def decisions(answer: httpx.Response) -> list[bool]:
    return [one["decision"] for one in must(answer)["evaluations"]]


def test_evaluations(pdp: httpx.Client):
    many = {"subject": subject("bob"), "resource": record("record-1")}
    actions = [{"action": action("read")}, {"action": action("write")}]
    assert decisions(pdp.post("/evaluations", json=many | {"evaluations": actions})) == [True, False]
    by_resource = {
        "subject": subject("alice"),
        "action": action("write"),
        "evaluations": [
            {"resource": record("record-1", status="active")},
            {"resource": record("record-2", status="archived")},
        ],
    }
    assert decisions(pdp.post("/evaluations", json=by_resource)) == [True, False]
    # What stands in an evaluation wins, properties included.
    override = by_resource | {"evaluations": [{"resource": record("record-2"), "subject": subject("bob", role="admin")}]}
    assert decisions(pdp.post("/evaluations", json=override)) == [True]
    assert must(pdp.post("/evaluations", json=ALICE_READS)) == {"decision": True}
    assert must(pdp.post("/evaluations", json=ALICE_READS | {"evaluations": []})) == {"decision": True}
    incomplete = must(pdp.post("/evaluations", json={"evaluations": [ALICE_READS, {"action": action("read")}]}))
    assert [one["decision"] for one in incomplete["evaluations"]] == [True, False]
    assert incomplete["evaluations"][1]["context"]["error"]["status"] == 400


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        ("execute_all", [True, False, True]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
def test_semantics(pdp: httpx.Client, semantic: str, expected: list[bool]):
    asked = [ALICE_READS, ask(subject("bob"), action("write"), record("record-1")), ALICE_READS]
    body = {"evaluations": asked, "options": {"evaluations_semantic": semantic}}
    assert decisions(pdp.post("/evaluations", json=body)) == expected
    body["options"]["evaluations_semantic"] = "another"
    assert pdp.post("/evaluations", json=body).status_code == 400


def found(answer: httpx.Response) -> list:
    results = must(answer)["results"]
    return sorted(one.get("id") or one["name"] for one in results)


def test_searches(pdp: httpx.Client):
    users, records = {"type": "user"}, {"type": "record"}
    readers = ask(users, action("read"), record("record-1"))
    assert found(pdp.post("/search/subject", json=readers)) == ["alice", "bob"]
    readable = ask(subject("alice"), action("read"), records)
    assert found(pdp.post("/search/resource", json=readable)) == ["record-1"]
    mine = {"subject": subject("alice"), "resource": record("record-1")}
    assert found(pdp.post("/search/action", json=mine)) == ["read", "write"]
    writers = ask(users, action("write"), record("record-2", status="archived"))
    assert found(pdp.post("/search/subject", json=writers)) == ["bob"]
    admin = subject("bob", role="admin")
    assert found(pdp.post("/search/resource", json=ask(admin, action("write"), records))) == ["record-2"]
    theirs = {"subject": admin, "resource": record("record-2", status="archived")}
    assert found(pdp.post("/search/action", json=theirs)) == ["write"]
    for path, body in [
        ("subject", {"action": action("read"), "resource": record("record-1")}),
        ("subject", ask(users, action("read"), records)),
        ("resource", ask(users, action("read"), records)),
        ("resource", ask(subject("alice"), action("read"), {})),
        ("action", {"subject": subject("alice")}),
    ]:
        assert pdp.post(f"/search/{path}", json=body).status_code == 400, (path, body)


def test_pages_of_a_search(pdp: httpx.Client):
    readers = ask({"type": "user"}, action("read"), record("record-1"))
    first = must(pdp.post("/search/subject", json=readers | {"page": {"limit": 1}}))
    assert [one["id"] for one in first["results"]] == ["alice"]
    assert (first["page"]["count"], first["page"]["total"]) == (1, 2)
    second = must(pdp.post("/search/subject", json=readers | {"page": {"token": first["page"]["next_token"]}}))
    assert [one["id"] for one in second["results"]] == ["bob"]
    assert second["page"]["next_token"] == ""
    assert pdp.post("/search/subject", json=readers | {"page": {"token": "nonsense"}}).status_code == 400


def test_discovery(pdp: httpx.Client, server: Sentinel):
    path = "/.well-known/authzen-configuration"
    named = must(httpx.get(f"{server.url}{path}/{pdp.store}"))
    assert named["policy_decision_point"] == f"{server.url}/stores/{pdp.store}"
    root = must(httpx.get(f"{server.url}{path}"))
    assert root["policy_decision_point"] == server.url
    base = "/stores/{store}/access/v1" if "stores" in str(pdp.base_url) else "/access/v1"
    document = named if "stores" in base else root
    endpoint = document["access_evaluation_endpoint"]
    assert must(httpx.post(endpoint, json=ALICE_READS, headers=dict(pdp.headers))) == {"decision": True}
    assert httpx.get(f"{server.url}{path}/nonsense").status_code == 400

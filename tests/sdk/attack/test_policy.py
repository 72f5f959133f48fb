"""Policy stores under attack: by who holds a key, and by what a request can say."""

import json
import secrets

import httpx
import pytest

from support.idp import IdentityProvider
from support.sentinel import Sentinel
from support.team import must

USER = {"type": "user"}
MODEL = {
    "schema_version": "1.1",
    "type_definitions": [
        USER,
        {
            "type": "document",
            "relations": {"viewer": {"this": {}}},
            "metadata": {
                "relations": {"viewer": {"directly_related_user_types": [USER, {"type": "user", "condition": "near"}]}}
            },
        },
    ],
    "conditions": {
        "near": {
            "name": "near",
            "expression": "place == 'here'",
            "parameters": {"place": {"type_name": "TYPE_NAME_STRING"}},
        }
    },
}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def logging(request: pytest.FixtureRequest, idp: IdentityProvider):
    """A server that logs every decision with its reasons. Lists are short there."""
    sentinel = Sentinel(
        request.param, idp, POLICY_LOG_DECISIONS="true", POLICY_LOG_REASONS="true", POLICY_LIST_RESULTS="7"
    )
    yield sentinel
    sentinel.stop()


def key(server: Sentinel, policy: str = "all") -> dict:
    name = f"policy-{secrets.token_hex(4)}"
    return {"Authorization": f"Bearer {server.cli('service', 'create', name, '--policy', policy)['key']}"}


def viewer(user: str, document: str, **more) -> dict:
    return {"user": f"user:{user}", "relation": "viewer", "object": f"document:{document}", **more}


def store(http: httpx.Client, tuples: list[dict]) -> str:
    made = must(http.post("/stores", json={"name": "Attacked"}))["id"]
    must(http.post(f"/stores/{made}/authorization-models", json=MODEL))
    for at in range(0, len(tuples), 100):
        must(http.post(f"/stores/{made}/write", json={"writes": {"tuple_keys": tuples[at : at + 100]}}))
    return made


@pytest.fixture
def http(server: Sentinel):
    with server.http(headers=key(server)) as client:
        yield client


def test_a_page_goes_on_in_its_own_store(http: httpx.Client):
    mine, theirs = (store(http, [viewer("anne", name) for name in "abc"]) for _ in range(2))
    must(http.post(f"/stores/{mine}/authorization-models", json=MODEL))
    tokens = {
        "read": must(http.post(f"/stores/{mine}/read", json={"page_size": 1}))["continuation_token"],
        "changes": must(http.get(f"/stores/{mine}/changes", params={"page_size": 1}))["continuation_token"],
        "models": must(http.get(f"/stores/{mine}/authorization-models", params={"page_size": 1}))["continuation_token"],
    }
    assert all(tokens.values())

    def go_on(at: str) -> list[httpx.Response]:
        page = [{"continuation_token": tokens[name]} for name in ("read", "changes", "models")]
        return [
            http.post(f"/stores/{at}/read", json=page[0]),
            http.get(f"/stores/{at}/changes", params=page[1]),
            http.get(f"/stores/{at}/authorization-models", params=page[2]),
        ]

    assert [answer.status_code for answer in go_on(mine)] == [200] * 3
    for answer in go_on(theirs):
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_continuation_token")
    search = {"subject": USER | {"id": "anne"}, "action": {"name": "viewer"}, "resource": {"type": "document"}}
    first = must(http.post(f"/stores/{mine}/access/v1/search/resource", json=search | {"page": {"limit": 1}}))
    search["page"] = {"token": first["page"]["next_token"]}
    assert must(http.post(f"/stores/{mine}/access/v1/search/resource", json=search))["page"]["count"] == 2
    assert http.post(f"/stores/{theirs}/access/v1/search/resource", json=search).status_code == 400


def test_a_member_that_stands_twice(http: httpx.Client):
    made = store(http, [viewer("anne", "1")])
    anne, eve = (json.dumps(viewer(name, "1")) for name in ("anne", "eve"))
    for path, body in [
        ("check", f'{{"tuple_key": {eve}, "tuple_key": {anne}}}'),
        ("check", '{"tuple_key": {"user": "user:eve", "relation": "viewer", "object": "document:1", "user": "user:anne"}}'),
        ("access/v1/evaluation", '{"subject": {"type": "user", "id": "eve", "id": "anne"}, "action": {"name": "viewer"},'
            ' "resource": {"type": "document", "id": "1"}}'),
    ]:
        answer = http.post(f"/stores/{made}/{path}", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error"), answer.text


def test_what_evaluations_have_in_common(http: httpx.Client):
    made = store(http, [viewer("anne", "1")])
    question = {"resource": {"type": "document", "id": "1"}}
    common = {"subject": USER | {"id": "anne"}, "action": {"name": "viewer"}}

    def ask(much: dict, times: int) -> httpx.Response:
        body = common | {"context": much, "evaluations": [question] * times}
        return http.post(f"/stores/{made}/access/v1/evaluations", json=body)

    little = {"place": "here"}
    assert must(ask(little, 100))["evaluations"] == [{"decision": True}] * 100
    much = {"values": list(range(5_000))}
    assert must(ask(much, 2))["evaluations"] == [{"decision": True}] * 2
    assert ask(much, 100).status_code == 400


def test_a_search_tells_of_everybody(logging: Sentinel):
    with logging.http(headers=key(logging)) as http:
        people = [f"u{at:02}" for at in range(20)]
        made = store(http, [viewer(name, "1") for name in people] + [viewer("u00", f"d{at:02}") for at in range(20)])
        listed = {"relation": "viewer", "user": "user:u00", "type": "document"}
        assert len(must(http.post(f"/stores/{made}/list-objects", json=listed))["objects"]) == 7
        who = {"object": {"type": "document", "id": "1"}, "relation": "viewer", "user_filters": [USER]}
        assert len(must(http.post(f"/stores/{made}/list-users", json=who))["users"]) == 7
        lines = http.post(f"/stores/{made}/streamed-list-objects", json=listed).text.splitlines()
        assert len({json.loads(line)["result"]["object"] for line in lines}) == 21
        search = {"subject": USER, "action": {"name": "viewer"}, "resource": {"type": "document", "id": "1"}}
        first = must(http.post(f"/stores/{made}/access/v1/search/subject", json=search | {"page": {"limit": 15}}))
        assert (first["page"]["count"], first["page"]["total"]) == (15, 20)
        search["page"] = {"token": first["page"]["next_token"]}
        second = must(http.post(f"/stores/{made}/access/v1/search/subject", json=search))
        assert [one["id"] for one in first["results"] + second["results"]] == people


def test_what_the_log_of_decisions_tells(logging: Sentinel):
    bearer = key(logging)
    place = f"place-{secrets.token_hex(8)}"
    with logging.http(headers=bearer) as http:
        near = {"name": "near"}
        made = store(http, [viewer("anne", "1"), viewer("beth", "1", condition=near)])

        def check(user: str, **more) -> httpx.Response:
            return http.post(f"/stores/{made}/check", json={"tuple_key": viewer(user, "1"), **more})

        assert must(check("anne", context={"place": place}))["allowed"] is True
        assert must(check("beth", context={"place": place}))["allowed"] is False
        assert check("beth").status_code == 400
    # The last line of the log comes when it comes.
    logging.program.wait_for(lambda line: line if made in line and '"error":"validation_error"' in line else None)
    told = [json.loads(line) for line in logging.program.lines if "sentinel::decisions" in line and made in line]
    assert [(one["user"], one.get("allowed"), one.get("error")) for one in told] == [
        ("user:anne", True, None),
        ("user:beth", False, None),
        ("user:beth", None, "validation_error"),
    ]
    first = told[0]
    assert (first["relation"], first["object"], first["revision"]) == ("viewer", "document:1", 1)
    assert first["caller"].startswith("policy-") and first["timestamp"] and len(first["model"]) == 26
    assert first["reason"] == "document:1#viewer@user:anne"
    assert told[1]["reason"] == "no document:1#viewer@user:beth; no document:1#viewer@user:*"
    everything = "\n".join(logging.program.lines)
    assert place not in everything and bearer["Authorization"].removeprefix("Bearer ") not in everything


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def small(request: pytest.FixtureRequest, idp: IdentityProvider):
    """A server with room for little."""
    sentinel = Sentinel(request.param, idp, POLICY_STORES="3", POLICY_MODELS_MIB_PER_STORE="1")
    yield sentinel
    sentinel.stop()


def test_stores_and_models_have_an_end(small: Sentinel):
    bearer = key(small)
    with small.http(headers=bearer) as http:
        stores = [store(http, []) for _ in range(3)]
        refused = http.post("/stores", json={"name": "One too many"})
        assert (refused.status_code, refused.json()["code"]) == (400, "exceeded_entity_limit")
        # Workspaces have theirs all the same, and the command line is whoever runs the program.
        small.cli("user", "create", "ada@example.test", "--name", "Ada")
        small.cli("workspace", "create", "lab", "--name", "Lab", "--owner", "ada@example.test")
        small.cli("store", "create", "By-hand")

        relations = [f"r{at:03}{'x' * 40}" for at in range(150)]
        large = {
            "type": "large",
            "relations": {name: {"this": {}} for name in relations},
            "metadata": {"relations": {name: {"directly_related_user_types": [USER]} for name in relations}},
        }
        model = MODEL | {"type_definitions": MODEL["type_definitions"] + [large | {"type": f"t{at}"} for at in range(8)]}
        path = f"/stores/{stores[0]}/authorization-models"
        answers = [http.post(path, json=model) for _ in range(8)]
        written = [answer for answer in answers if answer.status_code == 201]
        assert 1 <= len(written) < 8, answers[0].text
        assert {answer.json()["code"] for answer in answers[len(written) :]} == {"exceeded_entity_limit"}
        # A small one still fits where there is room, and everywhere else.
        must(http.post(f"/stores/{stores[1]}/authorization-models", json=MODEL))
        assert must(http.post(f"/stores/{stores[0]}/check", json={"tuple_key": viewer("anne", "1")}))["allowed"] is False


def test_an_import_is_in_the_activity_log(server: Sentinel, http: httpx.Client, root, tmp_path):
    made = store(http, [])
    file = tmp_path / "tuples.jsonl"
    file.write_text(json.dumps(viewer("anne", "1")) + "\n" + json.dumps(viewer("anne", "2")))
    assert server.cli("tuples", "import", str(file), "--store", made)["written"] == 2
    # What changes nothing is no change.
    assert server.cli("tuples", "import", str(file), "--store", made, "--on-duplicate", "ignore")["written"] == 0
    log = must(root.http.get("/admin/activity", params={"limit": 50}))
    [entry] = [one for one in log if one["action"] == "store.import_tuples" and one["target_id"] == made]
    assert (entry["actor_kind"], entry["detail"]) == ("system", {"revision": "1", "tuples": "2"})

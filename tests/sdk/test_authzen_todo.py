"""OpenID AuthZEN's Todo interop scenario (openid/authzen, interop/authzen-todo-backend): every published decision of its
five people, asked one by one and many at once.

The decision point of the scenario is told who owns a todo with each question; here that is a parameter of a condition,
and what an editor's own address is stands with the tuple that makes them one.
"""

import secrets

import httpx
import pytest

from support.sentinel import Sentinel
from support.team import must

#: Who they are: the subject of the token, the address that todos name their owner by, and the roles.
PEOPLE = {
    "rick": ("CiRmZDA2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "rick@the-citadel.com"),
    "morty": ("CiRmZDE2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "morty@the-citadel.com"),
    "summer": ("CiRmZDI2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "summer@the-smiths.com"),
    "beth": ("CiRmZDM2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "beth@the-smiths.com"),
    "jerry": ("CiRmZDQ2MTRkMy1jMzlhLTQ3ODEtYjdiZC04Yjk2ZjVhNTEwMGQSBWxvY2Fs", "jerry@the-smiths.com"),
}
ROLES = {
    "rick": ["admin", "evil_genius"],
    "morty": ["editor"],
    "summer": ["editor"],
    "beth": ["viewer"],
    "jerry": ["viewer"],
}
#: Whose todo it is; the shared list itself is `todo-1`.
TODOS = {name: f"7240d0db-8ff0-41ec-98b2-34a096273b9{at}" for name, at in zip(PEOPLE, (2, 1, 3, 4, 5))}

#: What each may do: to their own todo and to somebody else's.
MAY = {
    # may create, update their own, update others', delete their own, delete others'
    "rick": (True, True, True, True, True),
    "morty": (True, True, False, True, False),
    "summer": (True, True, False, True, False),
    "beth": (False, False, False, False, False),
    "jerry": (False, False, False, False, False),
}


def role(*computed: str, kind: dict | None = None) -> dict:
    children = [{"this": {}}] if kind else []
    children += [{"computedUserset": {"relation": name}} for name in computed]
    return {"union": {"child": children}}


def of_list(*relations: str) -> dict:
    through = [
        {"tupleToUserset": {"tupleset": {"relation": "list"}, "computedUserset": {"relation": name}}}
        for name in relations
    ]
    return {"union": {"child": through}} if len(through) > 1 else through[0]


USER = {"type": "user"}


def direct(*kinds: dict) -> dict:
    return {"directly_related_user_types": list(kinds)}


MODEL = {
    "schema_version": "1.1",
    "type_definitions": [
        {
            "type": "user",
            "relations": {"can_read_user": {"this": {}}},
            "metadata": {"relations": {"can_read_user": direct({"type": "user", "wildcard": {}})}},
        },
        {
            "type": "list",
            "relations": {
                "admin": {"this": {}},
                "evil_genius": {"this": {}},
                "editor": role("admin", "evil_genius", kind=USER),
                "viewer": role("editor", kind=USER),
                "owner": {"this": {}},
            },
            "metadata": {
                "relations": {
                    "admin": direct(USER),
                    "evil_genius": direct(USER),
                    "editor": direct(USER),
                    "viewer": direct(USER),
                    "owner": direct({"type": "user", "condition": "is_theirs"}),
                }
            },
        },
        {
            "type": "todo",
            "relations": {
                "list": {"this": {}},
                "can_read_todos": of_list("viewer"),
                "can_create_todo": of_list("editor"),
                "can_update_todo": of_list("evil_genius", "owner"),
                "can_delete_todo": of_list("admin", "owner"),
            },
            "metadata": {"relations": {"list": direct({"type": "list"})}},
        },
    ],
    "conditions": {
        "is_theirs": {
            "name": "is_theirs",
            "expression": "resource_ownerID == email",
            "parameters": {
                "resource_ownerID": {"type_name": "TYPE_NAME_STRING"},
                "email": {"type_name": "TYPE_NAME_STRING"},
            },
        }
    },
}


def tuples() -> list[dict]:
    def key(user: str, relation: str, object: str, **more) -> dict:
        return {"user": user, "relation": relation, "object": object, **more}

    found = [key("list:shared", "list", f"todo:{id}") for id in ("todo-1", *TODOS.values())]
    for name, (subject, email) in PEOPLE.items():
        found += [key("user:*", "can_read_user", f"user:{id}") for id in (subject, email)]
        found += [key(f"user:{subject}", role, "list:shared") for role in ROLES[name]]
        if "editor" in ROLES[name]:
            is_theirs = {"name": "is_theirs", "context": {"email": email}}
            found.append(key(f"user:{subject}", "owner", "list:shared", condition=is_theirs))
    return found


@pytest.fixture(scope="module")
def pdp(server: Sentinel):
    def key(policy: str) -> dict:
        name = f"todo-{secrets.token_hex(4)}"
        return {"Authorization": f"Bearer {server.cli('service', 'create', name, '--policy', policy)['key']}"}

    with server.http(headers=key("all")) as http:
        store = must(http.post("/stores", json={"name": "Todo"}))["id"]
        must(http.post(f"/stores/{store}/authorization-models", json=MODEL))
        must(http.post(f"/stores/{store}/write", json={"writes": {"tuple_keys": tuples()}}))
    with httpx.Client(base_url=f"{server.url}/access/v1", headers=key(f"store:{store}"), timeout=15) as http:
        yield http


def person(name: str) -> dict:
    return {"type": "user", "id": PEOPLE[name][0]}


def todo(of: str) -> dict:
    return {"type": "todo", "id": TODOS[of], "properties": {"ownerID": PEOPLE[of][1]}}


THE_LIST = {"type": "todo", "id": "todo-1"}


def decisions() -> list[tuple[str, str, dict, bool]]:
    """Who asks for what, and the published answer."""
    found = []
    for name, (create, update_own, update, delete_own, delete) in MAY.items():
        other = "morty" if name == "rick" else "rick"
        found += [
            (name, "can_read_user", {"type": "user", "id": PEOPLE["beth"][1]}, True),
            (name, "can_read_user", {"type": "user", "id": PEOPLE[name][0]}, True),
            (name, "can_read_todos", THE_LIST, True),
            (name, "can_create_todo", THE_LIST, create),
            (name, "can_update_todo", todo(other), update),
            (name, "can_update_todo", todo(name), update_own),
            (name, "can_delete_todo", todo(other), delete),
            (name, "can_delete_todo", todo(name), delete_own),
        ]
    return found


@pytest.mark.parametrize(("name", "action", "resource", "decision"), decisions())
def test_one_question(pdp: httpx.Client, name: str, action: str, resource: dict, decision: bool):
    asked = {"subject": person(name), "action": {"name": action}, "resource": resource, "context": {}}
    assert must(pdp.post("/evaluation", json=asked)) == {"decision": decision}


@pytest.mark.parametrize("name", PEOPLE)
def test_many_questions(pdp: httpx.Client, name: str):
    """Which todos of the list somebody may complete, in one request; an empty default says nothing."""
    body = {
        "subject": person(name),
        "action": {"name": "can_update_todo"},
        "resource": {},
        "context": {},
        "evaluations": [{"resource": todo(of)} for of in PEOPLE],
    }
    _, own, others, *_ = MAY[name]
    answered = [one["decision"] for one in must(pdp.post("/evaluations", json=body))["evaluations"]]
    assert answered == [own if of == name else others for of in PEOPLE]


def test_an_owner_who_is_said_to_be_another(pdp: httpx.Client):
    """Whose todo it is is what the question says, and who asks is not: properties do not make a subject somebody else."""
    theirs = todo("morty")
    asked = {"action": {"name": "can_update_todo"}, "resource": theirs}
    pretends = person("summer") | {"properties": {"id": PEOPLE["morty"][0], "email": PEOPLE["morty"][1]}}
    for subject in (person("summer"), pretends):
        assert must(pdp.post("/evaluation", json=asked | {"subject": subject})) == {"decision": False}
    # What stands with a tuple wins over what the question says.
    said = {"subject": person("summer"), "context": {"email": PEOPLE["morty"][1]}}
    assert must(pdp.post("/evaluation", json=asked | said)) == {"decision": False}
    # Without an owner nobody can tell.
    del theirs["properties"]
    assert pdp.post("/evaluation", json=asked | {"subject": person("morty")}).status_code == 400
    assert must(pdp.post("/evaluation", json=asked | {"subject": person("rick")})) == {"decision": True}

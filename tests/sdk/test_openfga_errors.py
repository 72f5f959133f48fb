"""Every code and limit of OpenFGA's HTTP API that a caller can meet, one row for each (`openfga/v1/errors_ignore.proto`, the
rules beside the fields of its other protocol buffers, `pkg/server/errors` and `pkg/server/config`).

Where we answer otherwise, on purpose: any number of contextual tuples may come with a question, as many as the body holds;
what names a store that is not there, or that the key does not open, is always `store_id_not_found`, also to delete it; and a
model may leave its schema version out."""

import secrets
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

import httpx
import pytest

from support.idp import IdentityProvider
from support.sentinel import Sentinel
from support.team import must

NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
USER = {"type": "user"}


def typed(relations: dict[str, list[dict]], rewrites: dict[str, dict] | None = None, name: str = "document") -> dict:
    rewrites = {relation: {"this": {}} for relation in relations} | (rewrites or {})
    metadata = {relation: {"directly_related_user_types": list(types)} for relation, types in relations.items()}
    return {"type": name, "relations": rewrites, "metadata": {"relations": metadata}}


def condition(name: str, expression: str, parameters: int = 1) -> dict:
    given = {f"p{at}": {"type_name": "TYPE_NAME_STRING"} for at in range(parameters)}
    return {"name": name, "expression": expression, "parameters": given}


MODEL = {
    "schema_version": "1.1",
    "type_definitions": [
        USER,
        typed({"parent": [{"type": "folder"}], "viewer": [USER, {"type": "user", "condition": "near"}], "editor": [USER]}),
        typed({"viewer": [USER]}, name="folder"),
        # As deep as groups are nested.
        typed({"member": [USER, {"type": "group", "relation": "member"}]}, name="group"),
    ],
    "conditions": {"near": condition("near", "p0 == 'here'")},
}
GOOD = {"user": "user:anne", "relation": "viewer", "object": "document:1"}
#: Is there from the start.
STORED = {"user": "user:anne", "relation": "editor", "object": "document:1"}
FILTER = [{"type": "user"}]
OBJECT = {"type": "document", "id": "1"}


class Row(NamedTuple):
    what: str
    method: str
    path: str
    body: Any
    code: str
    status: int = 400


def tuple_key(**changed: Any) -> dict:
    return {name: value for name, value in (GOOD | changed).items() if value is not None}


def writes(*keys: dict, **more: Any) -> dict:
    return {"writes": {"tuple_keys": list(keys), **more}}


def model(*types: dict, **more: Any) -> dict:
    return {"schema_version": "1.1", "type_definitions": [USER, *types]} | more


def checks(number: int, **changed: Any) -> dict:
    return {"checks": [{"tuple_key": GOOD, "correlation_id": f"c{at}"} | changed for at in range(number)]}


MODELS, WRITE, READ, CHECK = "/S/authorization-models", "/S/write", "/S/read", "/S/check"
BATCH, EXPAND, OBJECTS, STREAM = "/S/batch-check", "/S/expand", "/S/list-objects", "/S/streamed-list-objects"
USERS, CHANGES, ASSERTIONS = "/S/list-users", "/S/changes", "/S/assertions/M"
LISTED = {"type": "document", "relation": "viewer", "user": "user:anne"}
OF_WHOM = {"object": OBJECT, "relation": "viewer", "user_filters": FILTER}
WITH_BAD_TUPLE = {"contextual_tuples": {"tuple_keys": [tuple_key(relation="nothing")]}}
TOMORROW = (datetime.now(timezone.utc) + timedelta(days=1)).isoformat()
EXPECTED = {"tuple_key": GOOD, "expectation": True}

ROWS = [
    # Stores.
    Row("a name that is too short", "POST", "/stores", {"name": "ab"}, "validation_error"),
    Row("a name that is too long", "POST", "/stores", {"name": "a" * 65}, "validation_error"),
    Row("a name with other marks", "POST", "/stores", {"name": "a!b"}, "validation_error"),
    Row("no name", "POST", "/stores", {}, "validation_error"),
    Row("a list by a name that none can have", "GET", "/stores?name=ab", None, "validation_error"),
    Row("a store that is not there", "GET", f"/stores/{NOBODY}", None, "store_id_not_found", 404),
    Row("an id that is none", "GET", "/stores/abc", None, "validation_error"),
    Row("an id in small letters", "GET", f"/stores/{NOBODY.lower()}", None, "validation_error"),
    Row("a question to a store that is not there", "POST", f"/stores/{NOBODY}/check", {"tuple_key": GOOD}, "store_id_not_found", 404),
    Row("no such endpoint", "POST", "/S/nothing", {}, "undefined_endpoint", 404),
    # Pages and their tokens, wherever there are any.
    *(
        Row(f"a page of {size}", "GET", f"{path}?page_size={size}", None, "page_size_invalid")
        for path in ("/stores", MODELS)
        for size in (0, 101, -1)
    ),
    *(Row(f"a page of {size}", "POST", READ, {"page_size": size}, "page_size_invalid") for size in (0, 101)),
    Row("too large a page of changes", "GET", f"{CHANGES}?page_size=101", None, "page_size_invalid"),
    Row("an empty page of changes", "GET", f"{CHANGES}?page_size=0", None, "validation_error"),
    *(
        Row("a token of nobody's", "GET", f"{path}?continuation_token=YWJj", None, "invalid_continuation_token")
        for path in ("/stores", MODELS, CHANGES)
    ),
    Row("a token of nobody's", "POST", READ, {"continuation_token": "YWJj"}, "invalid_continuation_token"),
    *(
        Row("a token that cannot be one", "GET", f"{path}?continuation_token={token}", None, "validation_error")
        for path in ("/stores", MODELS, CHANGES)
        for token in ("%25", "a" * 5121)
    ),
    Row("a token that cannot be one", "POST", READ, {"continuation_token": "a b"}, "validation_error"),
    # Models.
    Row("a model that is not there", "GET", f"{MODELS}/{NOBODY}", None, "authorization_model_not_found"),
    Row("a model's id that is none", "GET", f"{MODELS}/x", None, "validation_error"),
    Row("no types", "POST", MODELS, model() | {"type_definitions": []}, "type_definitions_too_few_items"),
    Row("types left out", "POST", MODELS, {"schema_version": "1.1"}, "type_definitions_too_few_items"),
    Row("a version that there is not", "POST", MODELS, model(schema_version="2.0"), "validation_error"),
    Row("a version of old", "POST", MODELS, model(schema_version="1.0"), "invalid_authorization_model"),
    Row("a type's name with a colon", "POST", MODELS, model(typed({}, name="a:b")), "type_invalid_pattern"),
    Row("a type without a name", "POST", MODELS, model({"relations": {}}), "type_invalid_pattern"),
    Row("a type's name that is too long", "POST", MODELS, model(typed({}, name="t" * 255)), "type_invalid_pattern"),
    Row("a relation's name with a space", "POST", MODELS, model(typed({"a b": [USER]})), "relations_invalid_pattern"),
    Row("a relation's name that is too long", "POST", MODELS, model(typed({"r" * 51: [USER]})), "relations_invalid_pattern"),
    Row(
        "an exclusion from nothing", "POST", MODELS,
        model(typed({"a": [USER]}, {"b": {"difference": {"subtract": {"computedUserset": {"relation": "a"}}}}})),
        "difference_base_missing_value",
    ),
    Row(
        "an exclusion of nothing", "POST", MODELS,
        model(typed({"a": [USER]}, {"b": {"union": {"child": [{"difference": {"base": {"this": {}}}}]}}})),
        "subtract_base_missing_value",
    ),
    Row("a relation to nothing", "POST", MODELS, model(typed({"a": [{"type": "nobody"}]})), "invalid_authorization_model"),
    Row("a type twice", "POST", MODELS, model(USER), "invalid_authorization_model"),
    Row("a hundred and one types", "POST", MODELS, model(*({"type": f"t{at}"} for at in range(100))), "exceeded_entity_limit"),
    Row(
        "twenty-six conditions", "POST", MODELS,
        model(conditions={f"c{at}": condition(f"c{at}", "p0 == ''") for at in range(26)}), "validation_error",
    ),
    Row("a condition's name", "POST", MODELS, model(conditions={"a b": condition("a b", "p0 == ''")}), "validation_error"),
    Row("a long expression", "POST", MODELS, model(conditions={"c": condition("c", f"p0 == '{'x' * 512}'")}), "validation_error"),
    Row("many parameters", "POST", MODELS, model(conditions={"c": condition("c", "p0 == ''", 26)}), "validation_error"),
    Row(
        "a large model", "POST", MODELS,
        model(*(typed({f"r{at:03}{'x' * 40}": [USER] for at in range(150)}, name=f"t{number:02}{'y' * 240}") for number in range(30))),
        "exceeded_entity_limit",
    ),
    # Writes.
    Row("nothing to write", "POST", WRITE, {}, "invalid_write_input"),
    Row("nulls to write", "POST", WRITE, {"writes": None, "deletes": None}, "invalid_write_input"),
    Row("an empty list to write", "POST", WRITE, writes(), "validation_error"),
    Row("an empty list to delete", "POST", WRITE, {"deletes": {"tuple_keys": []}}, "validation_error"),
    Row("a model that is not there", "POST", WRITE, writes(GOOD) | {"authorization_model_id": NOBODY}, "authorization_model_not_found"),
    Row("the same, to delete", "POST", WRITE, {"deletes": {"tuple_keys": [STORED]}, "authorization_model_id": NOBODY}, "authorization_model_not_found"),
    Row("a tuple twice", "POST", WRITE, writes(GOOD, GOOD), "cannot_allow_duplicate_tuples_in_one_request"),
    Row("written and deleted", "POST", WRITE, writes(STORED) | {"deletes": {"tuple_keys": [STORED]}}, "cannot_allow_duplicate_tuples_in_one_request"),
    Row("a hundred and one tuples", "POST", WRITE, writes(*(tuple_key(object=f"document:{at}") for at in range(101))), "exceeded_entity_limit"),
    Row("a tuple that is there", "POST", WRITE, writes(STORED), "write_failed_due_to_invalid_input"),
    Row("a tuple to delete that is not there", "POST", WRITE, {"deletes": {"tuple_keys": [GOOD]}}, "write_failed_due_to_invalid_input"),
    Row("there with another condition", "POST", WRITE, writes(tuple_key(user="user:near"), on_duplicate="ignore"), "Aborted", 409),
    Row("an option that there is not", "POST", WRITE, writes(GOOD, on_duplicate="skip"), "validation_error"),
    Row("the other option", "POST", WRITE, {"deletes": {"tuple_keys": [STORED], "on_missing": "skip"}}, "validation_error"),
    *(
        Row(f"to write: {what}", "POST", WRITE, writes(tuple_key(**changed)), "validation_error")
        for what, changed in {
            "a type that there is not": {"object": "nothing:1"},
            "a relation that there is not": {"relation": "nothing"},
            "a user's type that there is not": {"user": "nobody:1"},
            "a user who is none": {"user": "anne"},
            "an object that is none": {"object": "document"},
            "everybody as an object": {"object": "document:*"},
            "no user": {"user": None},
            "no relation": {"relation": None},
            "no object": {"object": None},
            "everybody, who may not": {"user": "user:*"},
            "a userset that may not": {"user": "group:1#member"},
            "an object that is too long": {"object": f"document:{'x' * 248}"},
            "a user who is too long": {"user": f"user:{'x' * 508}"},
            "a condition that there is not": {"condition": {"name": "far"}},
            "a condition that may not": {"relation": "editor", "condition": {"name": "near"}},
            "a context of another type": {"condition": {"name": "near", "context": {"p0": 1}}},
            "a context with another parameter": {"condition": {"name": "near", "context": {"p1": "x"}}},
            "a context that is too large": {"condition": {"name": "near", "context": {"p0": "x" * 33_000}}},
            "a userset of a parent": {"relation": "parent", "user": "folder:1#viewer"},
            "itself": {"object": "group:1", "relation": "member", "user": "group:1#member"},
        }.items()
    ),
    # Reads.
    Row("an object without its type", "POST", READ, {"tuple_key": {"user": "user:anne"}}, "validation_error"),
    Row("a type alone", "POST", READ, {"tuple_key": {"object": "document:"}}, "validation_error"),
    Row("a type and a relation alone", "POST", READ, {"tuple_key": {"object": "document:", "relation": "viewer"}}, "validation_error"),
    Row("a type that cannot be one", "GET", f"{CHANGES}?type=a:b", None, "type_invalid_pattern"),
    Row("a moment that has not come", "GET", f"{CHANGES}?start_time={TOMORROW.replace('+', '%2B')}", None, "validation_error"),
    Row("a moment that is none", "GET", f"{CHANGES}?start_time=yesterday", None, "validation_error"),
    # Questions.
    *(
        Row("about nothing", "POST", path, body, "tuple_key_value_not_specified")
        for path, body in {CHECK: {}, EXPAND: {}, BATCH: {"checks": [{"correlation_id": "c"}]}}.items()
    ),
    Row("about nothing", "PUT", ASSERTIONS, {"assertions": [{"expectation": True}]}, "tuple_key_value_not_specified"),
    *(
        Row(f"asked about {what}", "POST", CHECK, {"tuple_key": tuple_key(**changed)}, "validation_error")
        for what, changed in {
            "a type that there is not": {"object": "nothing:1"},
            "a relation that there is not": {"relation": "nothing"},
            "a user's type that there is not": {"user": "nobody:1"},
            "a userset's relation that there is not": {"user": "group:1#nothing"},
            "a user who is none": {"user": "anne"},
            "an object that is none": {"object": "document"},
            "no user": {"user": None},
            "no relation": {"relation": ""},
            "no object": {"object": None},
            "a user with a space": {"user": "user:an ne"},
            "an object that is too long": {"object": f"document:{'x' * 248}"},
        }.items()
    ),
    *(
        Row("of a model that is not there", "POST", path, body | {"authorization_model_id": NOBODY}, "authorization_model_not_found")
        for path, body in {
            CHECK: {"tuple_key": GOOD}, EXPAND: {"tuple_key": GOOD}, BATCH: checks(1), OBJECTS: LISTED, STREAM: LISTED, USERS: OF_WHOM,
        }.items()
    ),
    *(
        Row("of a model whose id is none", "POST", path, body | {"authorization_model_id": "latest"}, "validation_error")
        for path, body in {
            CHECK: {"tuple_key": GOOD}, EXPAND: {"tuple_key": GOOD}, BATCH: checks(1), OBJECTS: LISTED, STREAM: LISTED, USERS: OF_WHOM,
        }.items()
    ),
    *(
        Row("with a tuple that may not be", "POST", path, body | WITH_BAD_TUPLE, "invalid_tuple")
        for path, body in {CHECK: {"tuple_key": GOOD}, EXPAND: {"tuple_key": GOOD}, OBJECTS: LISTED, STREAM: LISTED}.items()
    ),
    Row("with a tuple that may not be", "POST", USERS, OF_WHOM | {"contextual_tuples": [tuple_key(relation="nothing")]}, "invalid_tuple"),
    *(
        Row("with a consistency that there is not", "POST", path, body | {"consistency": "STRONG"}, "validation_error")
        for path, body in {CHECK: {"tuple_key": GOOD}, BATCH: checks(1), OBJECTS: LISTED, STREAM: LISTED, USERS: OF_WHOM}.items()
    ),
    Row("deeper than twenty-five", "POST", CHECK, {"tuple_key": {"user": "user:deep", "relation": "member", "object": "group:0"}}, "authorization_model_resolution_too_complex"),
    Row("a condition without its context", "POST", CHECK, {"tuple_key": tuple_key(user="user:near")}, "validation_error"),
    # Many at once.
    Row("fifty-one at once", "POST", BATCH, checks(51), "validation_error"),
    Row("none at once", "POST", BATCH, {"checks": []}, "validation_error"),
    Row("an id twice", "POST", BATCH, checks(2, correlation_id="c"), "validation_error"),
    *(Row("an id that is none", "POST", BATCH, checks(1, correlation_id=bad), "validation_error") for bad in ("", "a b", "x" * 37)),
    Row("one that is malformed", "POST", BATCH, checks(1, tuple_key=tuple_key(user="")), "validation_error"),
    # Expansions.
    Row("without an object", "POST", EXPAND, {"tuple_key": {"relation": "viewer"}}, "invalid_expand_input"),
    Row("without a relation", "POST", EXPAND, {"tuple_key": {"object": "document:1"}}, "invalid_expand_input"),
    Row("of a type that there is not", "POST", EXPAND, {"tuple_key": tuple_key(object="nothing:1")}, "validation_error"),
    Row("of a relation that there is not", "POST", EXPAND, {"tuple_key": tuple_key(relation="nothing")}, "validation_error"),
    # Lists.
    *(
        Row(f"listed: {what}", "POST", path, LISTED | changed, code)
        for path in (OBJECTS, STREAM)
        for what, changed, code in (
            ("a type that there is not", {"type": "nothing"}, "type_not_found"),
            ("a relation that there is not", {"relation": "nothing"}, "relation_not_found"),
            ("a type that cannot be one", {"type": "a:b"}, "type_invalid_pattern"),
            ("no type", {"type": None}, "type_invalid_pattern"),
            ("a relation that cannot be one", {"relation": "a b"}, "validation_error"),
            ("no relation", {"relation": ""}, "validation_error"),
            ("for nobody", {"user": None}, "validation_error"),
            ("for who is none", {"user": "anne"}, "validation_error"),
            ("for a type that there is not", {"user": "nobody:1"}, "validation_error"),
            ("for who is too long", {"user": f"user:{'x' * 508}"}, "validation_error"),
            ("with a condition without its context", {"user": "user:near"}, "validation_error"),
        )
    ),
    *(
        Row(f"who: {what}", "POST", USERS, OF_WHOM | changed, code)
        for what, changed, code in (
            ("a type that there is not", {"object": OBJECT | {"type": "nothing"}}, "type_not_found"),
            ("a relation that there is not", {"relation": "nothing"}, "relation_not_found"),
            ("a filter's type that there is not", {"user_filters": [{"type": "nobody"}]}, "type_not_found"),
            ("a filter's relation that there is not", {"user_filters": [{"type": "group", "relation": "x"}]}, "relation_not_found"),
            ("a type that cannot be one", {"object": OBJECT | {"type": "a:b"}}, "type_invalid_pattern"),
            ("a filter that cannot be one", {"user_filters": [{"type": "a b"}]}, "type_invalid_pattern"),
            ("a filter's relation that cannot be one", {"user_filters": [{"type": "group", "relation": "a b"}]}, "validation_error"),
            ("a relation that cannot be one", {"relation": "a:b"}, "validation_error"),
            ("no object", {"object": None}, "validation_error"),
            ("no id", {"object": {"type": "document"}}, "validation_error"),
            ("no filter", {"user_filters": []}, "validation_error"),
            ("two filters", {"user_filters": FILTER * 2}, "validation_error"),
        )
    ),
    # Assertions.
    Row("of a model that is not there", "PUT", f"/S/assertions/{NOBODY}", {"assertions": []}, "authorization_model_not_found"),
    Row("of a model that is not there", "GET", f"/S/assertions/{NOBODY}", None, "authorization_model_not_found"),
    Row("of a model whose id is none", "GET", "/S/assertions/x", None, "validation_error"),
    Row("a hundred and one", "PUT", ASSERTIONS, {"assertions": [EXPECTED] * 101}, "assertions_too_many_items"),
    Row("one with twenty-one tuples", "PUT", ASSERTIONS, {"assertions": [EXPECTED | {"contextual_tuples": [GOOD] * 21}]}, "validation_error"),
    Row("what the model does not know", "PUT", ASSERTIONS, {"assertions": [{"tuple_key": tuple_key(relation="nothing")}]}, "validation_error"),
    Row(
        "more than sixty-four thousand octets", "PUT", ASSERTIONS,
        {"assertions": [EXPECTED | {"context": {"p0": "x" * 700}}] * 100}, "exceeded_entity_limit",
    ),
]


@pytest.fixture(scope="module", params=["sqlite", "postgres", "sqlite by SQL"])
def server(request: pytest.FixtureRequest, idp: IdentityProvider):
    """On both databases; and where the database answers every question itself, refusals are the same."""
    kind, _, by_sql = request.param.partition(" ")
    sentinel = Sentinel(kind, idp, **({"POLICY_TUPLES_IN_MEMORY": "0"} if by_sql else {}))
    yield sentinel
    sentinel.stop()


@pytest.fixture(scope="module")
def asked(server: Sentinel):
    """A client, and what stands for a store and its model in paths."""
    service_key = server.cli("service", "create", f"policy-{secrets.token_hex(4)}", "--policy", "all")["key"]
    with server.http(headers={"Authorization": f"Bearer {service_key}"}) as http:
        store = must(http.post("/stores", json={"name": "Errors"}))["id"]
        written = must(http.post(f"/stores/{store}/authorization-models", json=MODEL))["authorization_model_id"]
        near = tuple_key(user="user:near", condition={"name": "near"})
        chain = [{"user": f"group:{at + 1}#member", "relation": "member", "object": f"group:{at}"} for at in range(30)]
        chain.append({"user": "user:deep", "relation": "member", "object": "group:30"})
        must(http.post(f"/stores/{store}/write", json=writes(STORED, near, *chain)))
        yield http, {"/S/": f"/stores/{store}/", "/M": f"/{written}"}


def send(asked: tuple[httpx.Client, dict[str, str]], method: str, path: str, body: Any) -> httpx.Response:
    http, names = asked
    for short, long in names.items():
        path = path.replace(short, long)
    return http.request(method, path, json=body) if method != "GET" else http.get(path)


def test_every_code_and_limit(asked: tuple[httpx.Client, dict[str, str]]):
    before = must(send(asked, "GET", CHANGES, None))
    wrong = []
    for row in ROWS:
        answer = send(asked, row.method, row.path, row.body)
        told = answer.json() if answer.headers["content-type"].startswith("application/json") else {}
        if (answer.status_code, told.get("code")) != (row.status, row.code) or not told.get("message"):
            wrong.append(f"{row.method} {row.path}: {row.what}: {answer.status_code} {answer.text[:200]}, not {row.code}")
    assert not wrong, "\n".join(wrong)
    assert must(send(asked, "GET", CHANGES, None)) == before, "what was refused changed something"


def test_what_is_just_within_the_limits(asked: tuple[httpx.Client, dict[str, str]]):
    http, _ = asked
    made = must(http.post("/stores", json={"name": "a" * 64}))["id"]
    names = {"/S/": f"/stores/{made}/"}

    def well(method: str, path: str, body: Any = None) -> Any:
        return must(send((http, names), method, path, body))

    # Nothing is asked, written or expected before there is a model.
    for path, body in {CHECK: {"tuple_key": GOOD}, OBJECTS: LISTED, USERS: OF_WHOM, WRITE: writes(GOOD), BATCH: checks(1)}.items():
        answer = send((http, names), "POST", path, body)
        assert (answer.status_code, answer.json()["code"]) == (400, "latest_authorization_model_not_found"), path
    conditions = {f"c{at}": condition(f"c{at}", "p0 == ''" + " " * 504, 25) for at in range(24)}
    longest = typed({"r" * 50: [USER]}, name="t" * 254)
    types = [*MODEL["type_definitions"][1:], longest, *({"type": f"t{at}"} for at in range(95))]
    written = well("POST", MODELS, model(*types, conditions=MODEL["conditions"] | conditions))["authorization_model_id"]
    names["/M"] = f"/{written}"
    well("POST", MODELS, {name: part for name, part in MODEL.items() if name != "schema_version"})
    well("POST", WRITE, writes(*(tuple_key(object=f"document:{at}") for at in range(100))))
    well("POST", WRITE, writes(tuple_key(object=f"document:{'x' * 247}", user=f"user:{'y' * 507}")))
    assert len(well("POST", READ, {"page_size": 100})["tuples"]) == 100
    assert len(well("GET", f"{CHANGES}?page_size=100")["changes"]) == 100
    assert len(well("POST", BATCH, checks(50))["result"]) == 50
    assert well("POST", BATCH, checks(1, correlation_id="x" * 36))["result"] == {"x" * 36: {"allowed": True}}
    many = {"tuple_keys": [tuple_key(object=f"document:more-{at}") for at in range(500)]}
    assert well("POST", CHECK, {"tuple_key": tuple_key(object="document:more-499"), "contextual_tuples": many})["allowed"]
    assert well("PUT", ASSERTIONS, {"assertions": [EXPECTED | {"contextual_tuples": [GOOD] * 20}] + [EXPECTED] * 99}) == {}
    deep = [{"user": f"group:{at + 1}#member", "relation": "member", "object": f"group:{at}"} for at in range(24)]
    well("POST", WRITE, writes({"user": "user:deep", "relation": "member", "object": "group:24"}, *deep))
    assert well("POST", CHECK, {"tuple_key": {"user": "user:deep", "relation": "member", "object": "group:0"}})["allowed"]


def test_a_question_that_fails_beside_others(asked: tuple[httpx.Client, dict[str, str]]):
    """What is wrong with one leaves the others, and has its code."""
    body = checks(4)
    body["checks"][1]["tuple_key"] = tuple_key(relation="nothing")
    body["checks"][2]["tuple_key"] = tuple_key(user="user:near")
    body["checks"][3] |= WITH_BAD_TUPLE
    result = must(send(asked, "POST", BATCH, body))["result"]
    assert result.pop("c0") == {"allowed": False}
    errors = {name: one["error"]["input_error"] for name, one in result.items()}
    assert errors == {"c1": "validation_error", "c2": "validation_error", "c3": "invalid_tuple"}
    assert all(one["error"]["message"] for one in result.values())


def test_without_a_key_and_with_a_wrong_one(server: Sentinel, asked: tuple[httpx.Client, dict[str, str]]):
    _, names = asked
    nothing = server.cli("service", "create", f"nothing-{secrets.token_hex(4)}")["key"]
    with server.http() as http:
        for headers, status, code in (
            ({}, 401, "bearer_token_missing"),
            ({"Authorization": "Bearer sk_nobody"}, 401, "unauthenticated"),
            ({"Authorization": "Basic eDp5"}, 401, "unauthenticated"),
            ({"Authorization": f"Bearer {nothing}"}, 403, "forbidden"),
        ):
            answer = http.post(f"{names['/S/']}check", json={"tuple_key": GOOD}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"x"', '{"tuple_key": 1}', '{"tuple_key": {"user": 1}}', '{"a": "\\u0000"}'])
def test_a_body_that_is_none(asked: tuple[httpx.Client, dict[str, str]], body: str):
    http, names = asked
    answer = http.post(f"{names['/S/']}check", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "validation_error", answer.text

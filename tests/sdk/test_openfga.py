"""OpenFGA's Python SDK, unchanged, against the policy stores of the real server."""

import asyncio
import secrets
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from openfga_sdk import (
    ClientConfiguration,
    CreateStoreRequest,
    FgaObject,
    OpenFgaClient,
    ReadRequestTupleKey,
    UserTypeFilter,
)
from openfga_sdk.client.models import (
    ClientAssertion,
    ClientBatchCheckItem,
    ClientBatchCheckRequest,
    ClientCheckRequest,
    ClientExpandRequest,
    ClientListObjectsRequest,
    ClientListRelationsRequest,
    ClientReadChangesRequest,
    ClientTuple,
    ClientWriteRequest,
    WriteTransactionOpts,
)
from openfga_sdk.client.models.list_users_request import ClientListUsersRequest
from openfga_sdk.client.models.write_conflict_opts import (
    ClientWriteRequestOnDuplicateWrites,
    ClientWriteRequestOnMissingDeletes,
    ConflictOptions,
)
from openfga_sdk.credentials import CredentialConfiguration, Credentials
from openfga_sdk.exceptions import NotFoundException, ValidationException
from openfga_sdk.models import RelationshipCondition

from support.idp import IdentityProvider
from support.sentinel import Sentinel

pytestmark = pytest.mark.anyio

HIGHER = {"consistency": "HIGHER_CONSISTENCY"}


def direct(*types: dict) -> dict:
    return {"directly_related_user_types": list(types)}


MODEL = {
    "schema_version": "1.1",
    "type_definitions": [
        {"type": "user"},
        {
            "type": "group",
            "relations": {"member": {"this": {}}},
            "metadata": {"relations": {"member": direct({"type": "user"}, {"type": "group", "relation": "member"})}},
        },
        {
            "type": "folder",
            "relations": {"viewer": {"this": {}}},
            "metadata": {"relations": {"viewer": direct({"type": "user"}, {"type": "group", "relation": "member"})}},
        },
        {
            "type": "document",
            "relations": {
                "parent": {"this": {}},
                "blocked": {"this": {}},
                "editor": {"this": {}},
                "viewer": {
                    "difference": {
                        "base": {
                            "union": {
                                "child": [
                                    {"this": {}},
                                    {"computedUserset": {"relation": "editor"}},
                                    {
                                        "tupleToUserset": {
                                            "tupleset": {"relation": "parent"},
                                            "computedUserset": {"relation": "viewer"},
                                        }
                                    },
                                ]
                            }
                        },
                        "subtract": {"computedUserset": {"relation": "blocked"}},
                    }
                },
            },
            "metadata": {
                "relations": {
                    "parent": direct({"type": "folder"}),
                    "blocked": direct({"type": "user"}),
                    "editor": direct({"type": "user"}),
                    "viewer": direct(
                        {"type": "user"}, {"type": "user", "wildcard": {}}, {"type": "user", "condition": "in_region"}
                    ),
                }
            },
        },
    ],
    "conditions": {
        "in_region": {
            "name": "in_region",
            "expression": "region == allowed",
            "parameters": {"region": {"type_name": "TYPE_NAME_STRING"}, "allowed": {"type_name": "TYPE_NAME_STRING"}},
        }
    },
}


@pytest.fixture(scope="module", params=["sqlite", "postgres", "sqlite by SQL", "postgres by SQL"])
def server(request: pytest.FixtureRequest, idp: IdentityProvider):
    """On both databases, with stores in memory and with stores that are too large for it."""
    kind, _, by_sql = request.param.partition(" ")
    settings = {"POLICY_TUPLES_IN_MEMORY": "0", "POLICY_LOG_DECISIONS": "true"} if by_sql else {}
    sentinel = Sentinel(kind, idp, **settings)
    yield sentinel
    sentinel.stop()


def key(server: Sentinel, policy: str | None) -> str:
    name = f"policy-{secrets.token_hex(4)}"
    bound = ["--policy", policy] if policy else []
    return server.cli("service", "create", name, *bound)["key"]


@pytest.fixture(scope="module")
def service_key(server: Sentinel) -> str:
    return key(server, "all")


def client(server: Sentinel, service_key: str, store_id: str | None = None) -> OpenFgaClient:
    credentials = Credentials(
        method="api_token", configuration=CredentialConfiguration(api_token=service_key)
    )
    return OpenFgaClient(ClientConfiguration(api_url=server.url, store_id=store_id, credentials=credentials))


@pytest.fixture
async def fga(server: Sentinel, service_key: str):
    """A client of a new store with the model above."""
    async with client(server, service_key) as fga:
        store = await fga.create_store(CreateStoreRequest(name="Test store"))
        fga.set_store_id(store.id)
        written = await fga.write_authorization_model(MODEL)
        fga.set_authorization_model_id(written.authorization_model_id)
        yield fga


def one(user: str, relation: str, object: str, **more) -> ClientTuple:
    return ClientTuple(user=user, relation=relation, object=object, **more)


async def write(fga: OpenFgaClient, *tuples: ClientTuple, **options):
    return await fga.write(ClientWriteRequest(writes=list(tuples)), options)


async def allowed(fga: OpenFgaClient, user: str, relation: str, object: str, options=HIGHER, **more) -> bool:
    return (await fga.check(ClientCheckRequest(user=user, relation=relation, object=object, **more), options)).allowed


def told(failed: pytest.ExceptionInfo) -> str:
    """The code and the message of a refusal, as the SDK has parsed them."""
    return f"{failed.value.parsed_exception.code} {failed.value.parsed_exception.message}"


async def test_stores(server: Sentinel, service_key: str):
    async with client(server, service_key) as fga:
        made = [await fga.create_store(CreateStoreRequest(name=f"Store {n}")) for n in range(3)]
        page = await fga.list_stores({"page_size": 2})
        assert [store.id for store in page.stores] == [made[2].id, made[1].id], "the newest first"
        more = await fga.list_stores({"page_size": 1, "continuation_token": page.continuation_token})
        assert [store.id for store in more.stores] == [made[0].id]
        named = await fga.list_stores({"name": "Store 1"})
        assert {store.name for store in named.stores} == {"Store 1"}
        fga.set_store_id(made[0].id)
        found = await fga.get_store()
        assert (found.name, found.created_at.tzinfo is not None) == ("Store 0", True)
        await fga.delete_store()
        with pytest.raises(NotFoundException) as gone:
            await fga.get_store()
        assert "store_id_not_found" in told(gone)
        with pytest.raises(ValidationException):
            await fga.create_store(CreateStoreRequest(name="x"))


async def test_models(fga: OpenFgaClient):
    first = fga.get_authorization_model_id()
    second = (await fga.write_authorization_model(MODEL)).authorization_model_id
    assert second > first
    latest = (await fga.read_latest_authorization_model()).authorization_model
    assert latest.id == second
    assert [found.type for found in latest.type_definitions] == ["user", "group", "folder", "document"]
    assert latest.conditions["in_region"].expression == "region == allowed"
    page = await fga.read_authorization_models({"page_size": 1})
    assert [model.id for model in page.authorization_models] == [second]
    page = await fga.read_authorization_models({"page_size": 1, "continuation_token": page.continuation_token})
    assert ([model.id for model in page.authorization_models], page.continuation_token) == ([first], "")
    assert (await fga.read_authorization_model({"authorization_model_id": first})).authorization_model.id == first
    broken = {"schema_version": "1.1", "type_definitions": [{"type": "a", "relations": {"r": {"computedUserset": {"relation": "x"}}}}]}
    with pytest.raises(ValidationException) as refused:
        await fga.write_authorization_model(broken)
    assert "invalid_authorization_model" in told(refused)
    with pytest.raises(ValidationException) as refused:
        await fga.read_authorization_model({"authorization_model_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV"})
    assert "authorization_model_not_found" in told(refused)


async def test_check(fga: OpenFgaClient):
    await write(
        fga,
        one("user:anne", "member", "group:eng"),
        one("group:eng#member", "member", "group:all"),
        one("group:all#member", "viewer", "folder:top"),
        one("folder:top", "parent", "document:1"),
        one("user:bob", "editor", "document:1"),
        one("user:bob", "blocked", "document:2"),
        one("user:*", "viewer", "document:2"),
    )
    for user, document, expected in [
        ("anne", 1, True),
        ("bob", 1, True),
        ("eve", 1, False),
        ("eve", 2, True),
        ("bob", 2, False),
        ("anne", 3, False),
    ]:
        assert await allowed(fga, f"user:{user}", "viewer", f"document:{document}") is expected, (user, document)
    assert await allowed(fga, "group:eng#member", "viewer", "document:1")
    for wrong in [("user:anne", "nothing", "document:1"), ("person:anne", "viewer", "document:1"), ("anne", "viewer", "document:1")]:
        with pytest.raises(ValidationException) as refused:
            await allowed(fga, *wrong)
        assert "validation_error" in told(refused)


async def test_contextual_tuples_and_conditions(fga: OpenFgaClient):
    condition = RelationshipCondition(name="in_region", context={"allowed": "eu"})
    await write(fga, one("user:anne", "viewer", "document:1", condition=condition))
    assert await allowed(fga, "user:anne", "viewer", "document:1", context={"region": "eu"})
    assert not await allowed(fga, "user:anne", "viewer", "document:1", context={"region": "us"})
    # What was written with the tuple is not the caller's to change.
    assert not await allowed(fga, "user:anne", "viewer", "document:1", context={"region": "us", "allowed": "us"})
    with pytest.raises(ValidationException) as missing:
        await allowed(fga, "user:anne", "viewer", "document:1")
    assert "region" in told(missing)
    contextual = [one("user:eve", "member", "group:eng"), one("group:eng#member", "viewer", "folder:f"), one("folder:f", "parent", "document:9")]
    assert await allowed(fga, "user:eve", "viewer", "document:9", contextual_tuples=contextual)
    assert not await allowed(fga, "user:eve", "viewer", "document:9")
    with pytest.raises(ValidationException) as refused:
        await allowed(fga, "user:eve", "viewer", "document:9", contextual_tuples=[one("user:eve", "parent", "document:9")])
    assert "invalid_tuple" in told(refused)


async def test_writes(fga: OpenFgaClient):
    anne, bob = one("user:anne", "viewer", "document:1"), one("user:bob", "viewer", "document:1")
    await write(fga, anne)
    with pytest.raises(ValidationException) as refused:
        await write(fga, bob, anne)
    assert "write_failed_due_to_invalid_input" in told(refused)
    assert not await allowed(fga, "user:bob", "viewer", "document:1"), "nothing of what was refused"
    with pytest.raises(ValidationException):
        await fga.write(ClientWriteRequest(deletes=[bob]))
    ignoring = ConflictOptions(
        on_duplicate_writes=ClientWriteRequestOnDuplicateWrites.IGNORE,
        on_missing_deletes=ClientWriteRequestOnMissingDeletes.IGNORE,
    )
    await write(fga, bob, anne, conflict=ignoring)
    assert await allowed(fga, "user:bob", "viewer", "document:1")
    other = one("user:anne", "viewer", "document:1", condition=RelationshipCondition(name="in_region", context={}))
    with pytest.raises(Exception) as conflict:
        await write(fga, other, conflict=ignoring)
    assert conflict.value.status == 409
    await fga.write(ClientWriteRequest(deletes=[one("user:eve", "viewer", "document:1")]), {"conflict": ignoring})
    await fga.delete_tuples([anne, bob])
    assert not await allowed(fga, "user:anne", "viewer", "document:1")
    with pytest.raises(ValidationException) as refused:
        await write(fga, anne, anne)
    assert "cannot_allow_duplicate_tuples_in_one_request" in told(refused)
    with pytest.raises(ValidationException) as refused:
        await write(fga, *[one("user:anne", "viewer", f"document:{n}") for n in range(101)])
    assert "exceeded_entity_limit" in told(refused)
    for wrong in [
        one("group:eng#member", "viewer", "document:1"),
        one("user:*", "editor", "document:1"),
        one("user:anne", "viewer", "document:*"),
        one("user:anne", "nothing", "document:1"),
        one("user:anne", "viewer", "document:1", condition=RelationshipCondition(name="unknown")),
        one("user:anne", "viewer", "document:1", condition=RelationshipCondition(name="in_region", context={"x": 1})),
        one("user:anne", "viewer", "document:1", condition=RelationshipCondition(name="in_region", context={"allowed": 1})),
    ]:
        with pytest.raises(ValidationException) as refused:
            await write(fga, wrong)
        assert "validation_error" in told(refused), wrong
    batched = await fga.write(
        ClientWriteRequest(writes=[one("user:anne", "viewer", f"document:n{n}") for n in range(230)]),
        {"transaction": WriteTransactionOpts(disabled=True, max_per_chunk=100)},
    )
    assert all(single.success for single in batched.writes) and len(batched.writes) == 230


async def test_read_and_changes(fga: OpenFgaClient):
    tuples = [one("user:anne", "viewer", f"document:{n}") for n in range(4)] + [one("user:anne", "member", "group:eng")]
    await write(fga, *tuples)
    await fga.delete_tuples(tuples[:1])
    everything, token = [], ""
    while True:
        page = await fga.read(ReadRequestTupleKey(), {"page_size": 3, "continuation_token": token})
        everything += [found.key.object for found in page.tuples]
        token = page.continuation_token
        if not token:
            break
    assert sorted(everything) == ["document:1", "document:2", "document:3", "group:eng"]
    page = await fga.read(ReadRequestTupleKey(user="user:anne", relation="viewer", object="document:"))
    assert len(page.tuples) == 3 and page.tuples[0].timestamp.tzinfo
    assert (await fga.read(ReadRequestTupleKey(object="document:1"))).tuples[0].key.user == "user:anne"
    with pytest.raises(ValidationException):
        await fga.read(ReadRequestTupleKey(object="document:"))
    with pytest.raises(ValidationException) as refused:
        await fga.read(ReadRequestTupleKey(), {"continuation_token": "nonsense"})
    assert "invalid_continuation_token" in told(refused)

    changes = await fga.read_changes(ClientReadChangesRequest("document"), {"page_size": 4})
    assert [change.operation for change in changes.changes] == ["TUPLE_OPERATION_WRITE"] * 4
    rest = await fga.read_changes(ClientReadChangesRequest("document"), {"continuation_token": changes.continuation_token})
    assert [change.operation for change in rest.changes] == ["TUPLE_OPERATION_DELETE"]
    same = await fga.read_changes(ClientReadChangesRequest("document"), {"continuation_token": rest.continuation_token})
    assert (same.changes, same.continuation_token) == ([], rest.continuation_token)
    with pytest.raises(ValidationException) as refused:
        await fga.read_changes(ClientReadChangesRequest("group"), {"continuation_token": rest.continuation_token})
    assert "query_string_type_continuation_token_mismatch" in told(refused)
    last = rest.changes[-1].timestamp
    for since, is_whole in ((last - timedelta(hours=1), True), (last + timedelta(milliseconds=1), False)):
        found = await fga.read_changes(ClientReadChangesRequest("document", since.isoformat()))
        assert found.changes == (changes.changes + rest.changes if is_whole else [])
    later = datetime.now(timezone.utc) + timedelta(hours=1)
    with pytest.raises(ValidationException) as refused:
        await fga.read_changes(ClientReadChangesRequest("document", later.isoformat()))
    assert "value must be less than now" in told(refused)


async def test_batch_check(fga: OpenFgaClient):
    await write(fga, one("user:anne", "editor", "document:1"))
    checks = [
        ClientBatchCheckItem(user="user:anne", relation="viewer", object="document:1", correlation_id="yes"),
        ClientBatchCheckItem(user="user:bob", relation="viewer", object="document:1", correlation_id="no"),
        ClientBatchCheckItem(user="user:bob", relation="unknown", object="document:1", correlation_id="wrong"),
        ClientBatchCheckItem(
            user="user:bob", relation="viewer", object="document:1", correlation_id="context",
            contextual_tuples=[one("user:bob", "editor", "document:1")],
        ),
    ]
    answer = await fga.batch_check(ClientBatchCheckRequest(checks=checks), dict(HIGHER))
    found = {single.correlation_id: (single.allowed, single.error) for single in answer.result}
    assert (found["yes"][0], found["no"][0], found["context"][0]) == (True, False, True)
    assert found["wrong"][1].input_error == "validation_error"
    many = [ClientBatchCheckItem(user=f"user:{n}", relation="viewer", object="document:1") for n in range(120)]
    assert len((await fga.batch_check(ClientBatchCheckRequest(checks=many))).result) == 120
    relations = await fga.list_relations(
        ClientListRelationsRequest(user="user:anne", object="document:1", relations=["viewer", "editor", "blocked"]), dict(HIGHER)
    )
    assert sorted(relations) == ["editor", "viewer"]


async def test_expand(fga: OpenFgaClient):
    await write(fga, one("user:bob", "viewer", "document:1"), one("folder:f", "parent", "document:1"))
    root = (await fga.expand(ClientExpandRequest(relation="viewer", object="document:1"))).tree.root
    assert root.name == "document:1#viewer"
    base, subtract = root.difference.base, root.difference.subtract
    assert subtract.leaf.computed.userset == "document:1#blocked"
    users, computed, through = base.union.nodes
    assert users.leaf.users.users == ["user:bob"]
    assert computed.leaf.computed.userset == "document:1#editor"
    assert through.leaf.tuple_to_userset.computed[0].userset == "folder:f#viewer"


async def test_lists(fga: OpenFgaClient):
    await write(
        fga,
        one("user:anne", "viewer", "document:1"),
        one("user:anne", "editor", "document:2"),
        one("user:*", "viewer", "document:3"),
        one("user:anne", "blocked", "document:1"),
        one("user:anne", "member", "group:eng"),
        one("group:eng#member", "viewer", "folder:f"),
        one("folder:f", "parent", "document:4"),
    )
    wanted = ClientListObjectsRequest(user="user:anne", relation="viewer", type="document")
    found = await fga.list_objects(wanted, dict(HIGHER))
    assert sorted(found.objects) == ["document:2", "document:3", "document:4"]
    streamed = [answer.object async for answer in fga.streamed_list_objects(wanted, dict(HIGHER))]
    assert sorted(streamed) == sorted(found.objects)
    with pytest.raises(ValidationException) as refused:
        await fga.list_objects(ClientListObjectsRequest(user="user:anne", relation="viewer", type="thing"))
    assert "type_not_found" in told(refused)

    async def users(document: str, of: str, relation: str | None = None):
        request = ClientListUsersRequest(
            object=FgaObject(type="document", id=document),
            relation="viewer",
            user_filters=[UserTypeFilter(type=of, relation=relation)],
        )
        return (await fga.list_users(request, dict(HIGHER))).users

    assert [user.object.id for user in await users("2", "user")] == ["anne"]
    assert [user.wildcard.type for user in await users("3", "user")] == ["user"]
    assert [user.object.id for user in await users("4", "user")] == ["anne"]
    assert [(user.userset.id, user.userset.relation) for user in await users("4", "group", "member")] == [("eng", "member")]
    assert await users("1", "user") == []


async def test_assertions(fga: OpenFgaClient):
    assert (await fga.read_assertions()).assertions == []
    await fga.write_assertions([ClientAssertion(user="user:anne", relation="viewer", object="document:1", expectation=True)])
    found = (await fga.read_assertions()).assertions
    assert [(one.tuple_key.user, one.expectation) for one in found] == [("user:anne", True)]
    with pytest.raises(ValidationException):
        await fga.write_assertions([ClientAssertion(user="user:anne", relation="nothing", object="document:1", expectation=True)])


async def test_an_own_write_is_seen_at_once_and_another_replica_s_within_a_second(server: Sentinel, fga: OpenFgaClient):
    """Without asking for more consistency than a second."""
    for n in range(20):
        document = f"document:{n}"
        assert not await allowed(fga, "user:anne", "viewer", document, {})
        await write(fga, one("user:anne", "viewer", document))
        assert await allowed(fga, "user:anne", "viewer", document, {})


async def test_the_consistency_token_is_honoured(server: Sentinel, fga: OpenFgaClient, service_key: str):
    store, model = fga.get_store_id(), fga.get_authorization_model_id()
    with server.http(headers={"Authorization": f"Bearer {service_key}"}) as http:
        body = {"writes": {"tuple_keys": [{"user": "user:anne", "relation": "viewer", "object": "document:1"}]}}
        written = http.post(f"/stores/{store}/write", json=body)
        token = written.headers["sentinel-consistency-token"]
        question = {"tuple_key": {"user": "user:anne", "relation": "viewer", "object": "document:1"}, "authorization_model_id": model}
        answer = http.post(f"/stores/{store}/check", json=question, headers={"Sentinel-Consistency-Token": token})
        assert answer.json()["allowed"] is True
        for wrong in ("nonsense", token[:-4]):
            refused = http.post(f"/stores/{store}/check", json=question, headers={"Sentinel-Consistency-Token": wrong})
            assert (refused.status_code, refused.json()["code"]) == (400, "validation_error")
        short = dict(body["writes"]["tuple_keys"][0], object="document:2")
        short["expires_at"] = (datetime.now(timezone.utc) + timedelta(seconds=1)).isoformat()
        assert http.post(f"/stores/{store}/write", json={"writes": {"tuple_keys": [short]}}).status_code == 200
        question["tuple_key"] = {"user": "user:anne", "relation": "viewer", "object": "document:2"}
        assert http.post(f"/stores/{store}/check", json=question).json()["allowed"] is True
        await asyncio.sleep(1.1)
        assert http.post(f"/stores/{store}/check", json=question).json()["allowed"] is False


async def test_keys_open_what_they_are_bound_to(server: Sentinel, fga: OpenFgaClient):
    store = fga.get_store_id()
    answer = httpx.get(f"{server.url}/stores/{store}")
    assert (answer.status_code, answer.json()["code"]) == (401, "bearer_token_missing")
    for token in ("sk_nonsense", "x" * 3000):
        answer = httpx.get(f"{server.url}/stores/{store}", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401
    unbound = httpx.get(f"{server.url}/stores/{store}", headers={"Authorization": f"Bearer {key(server, None)}"})
    assert (unbound.status_code, unbound.json()["code"]) == (403, "forbidden")
    async with client(server, key(server, f"store:{store}"), store) as bound:
        assert (await bound.get_store()).id == store
        assert [found.id for found in (await bound.list_stores()).stores] == [store]
        for refused in (bound.delete_store(), bound.create_store(CreateStoreRequest(name="Another"))):
            with pytest.raises(Exception) as failed:
                await refused
            assert failed.value.status == 403
    owner = f"owner-{secrets.token_hex(4)}@example.test"
    slug = f"lab-{secrets.token_hex(4)}"
    server.cli("user", "create", owner, "--name", "Owner")
    server.cli("workspace", "create", slug, "--name", "Lab", "--owner", owner)
    async with client(server, key(server, f"workspace:{slug}")) as own:
        [made] = (await own.list_stores()).stores
        assert made.name == slug
        own.set_store_id(made.id)
        await own.write_authorization_model(MODEL)
        await write(own, one("user:anne", "viewer", "document:1"))
        assert await allowed(own, "user:anne", "viewer", "document:1")
        assert not await allowed(own, "user:bob", "viewer", "document:1")
        with pytest.raises(Exception) as failed:
            await own.create_store(CreateStoreRequest(name="Another"))
        assert failed.value.status == 403
        own.set_store_id(store)
        # Known to this process already, which must not open it either.
        for refused in (own.get_store(), allowed(own, "user:anne", "viewer", "document:1")):
            with pytest.raises(NotFoundException):
                await refused


def test_the_javascript_sdk(server: Sentinel, service_key: str):
    script = Path(__file__).parents[1] / "e2e" / "openfga.mjs"
    done = subprocess.run(
        ["node", str(script), server.url, service_key], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "ok", done.stdout + done.stderr

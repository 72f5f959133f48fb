"""Lists that are sent while they are made, and imports while the server runs."""

import json
import secrets
import socket
import time
from pathlib import Path

import httpx
import pytest

from support.idp import IdentityProvider
from support.sentinel import Sentinel
from support.team import must

USER, GROUP = {"type": "user"}, {"type": "group"}
MODEL = {
    "schema_version": "1.1",
    "type_definitions": [
        USER,
        {
            "type": "group",
            "relations": {"member": {"this": {}}, "barred": {"this": {}}},
            "metadata": {
                "relations": {
                    "member": {"directly_related_user_types": [USER]},
                    "barred": {"directly_related_user_types": [GROUP | {"relation": "member"}]},
                }
            },
        },
        {
            "type": "document",
            "relations": {
                "group": {"this": {}},
                "blocked": {"this": {}},
                # Every candidate is decided by itself.
                "viewer": {
                    "difference": {
                        "base": {
                            "tupleToUserset": {"tupleset": {"relation": "group"}, "computedUserset": {"relation": "member"}}
                        },
                        "subtract": {"computedUserset": {"relation": "blocked"}},
                    }
                },
                # As `viewer`, and each decision takes a while: as many groups are looked at as are barred.
                "slow": {
                    "difference": {
                        "base": {
                            "tupleToUserset": {"tupleset": {"relation": "group"}, "computedUserset": {"relation": "member"}}
                        },
                        "subtract": {
                            "tupleToUserset": {"tupleset": {"relation": "group"}, "computedUserset": {"relation": "barred"}}
                        },
                    }
                },
            },
            "metadata": {
                "relations": {
                    "group": {"directly_related_user_types": [GROUP]},
                    "blocked": {"directly_related_user_types": [USER]},
                }
            },
        },
    ],
}
#: More than the buffers between a server and a client who does not read hold: each line has some 250 octets.
MANY = 60_000
ANNE = {"user": "user:anne", "relation": "member", "object": "group:staff"}
QUESTION = {"type": "document", "relation": "viewer", "user": "user:anne"}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, idp: IdentityProvider):
    sentinel = Sentinel(request.param, idp, POLICY_LIST_SECONDS="60", POLICY_LIST_RESULTS="1500")
    yield sentinel
    sentinel.stop()


@pytest.fixture(scope="module")
def http(server: Sentinel):
    service_key = server.cli("service", "create", f"policy-{secrets.token_hex(4)}", "--policy", "all")["key"]
    with server.http(headers={"Authorization": f"Bearer {service_key}"}) as client:
        yield client


def store(http: httpx.Client) -> str:
    made = must(http.post("/stores", json={"name": "Streams"}))["id"]
    must(http.post(f"/stores/{made}/authorization-models", json=MODEL))
    return made


def imported(server: Sentinel, made: str, documents: range, more: list[tuple[str, str, str]] = []) -> dict:
    """Tuples that come by the command line, while the server runs."""
    file = Path(server.folder.name) / f"{secrets.token_hex(4)}.jsonl"
    tuples = [("group:staff", "group", f"document:{at:06}-" + "x" * 200) for at in documents] + more
    lines = (json.dumps({"user": user, "relation": relation, "object": of}) for user, relation, of in tuples)
    file.write_text("\n".join(lines))
    return server.cli("tuples", "import", str(file), "--store", made)


@pytest.fixture(scope="module")
def many(server: Sentinel, http: httpx.Client) -> str:
    made = store(http)
    assert imported(server, made, range(MANY))["written"] == MANY
    return made


def member(http: httpx.Client, made: str, is_member: bool) -> None:
    what = "writes" if is_member else "deletes"
    must(http.post(f"/stores/{made}/write", json={what: {"tuple_keys": [ANNE]}}))


class Stream:
    """A stream that is read as slowly as a test wants: nobody reads ahead."""

    def __init__(self, server: Sentinel, http: httpx.Client, made: str):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect(("127.0.0.1", httpx.URL(server.url).port))
        self.socket.settimeout(60)
        body = json.dumps(QUESTION)
        head = [
            f"POST /stores/{made}/streamed-list-objects HTTP/1.1", f"Host: {httpx.URL(server.url).netloc.decode()}",
            f"Authorization: {http.headers['Authorization']}", "Content-Type: application/json",
            f"Content-Length: {len(body)}", "Connection: close", "", body,
        ]
        self.socket.sendall("\r\n".join(head).encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = dict(line.decode().strip().lower().split(": ", 1) for line in iter(self.file.readline, b"\r\n"))

    def chunk(self) -> list[dict]:
        """The lines of the next chunk; none at the end."""
        size = int(self.file.readline(), 16)
        lines = self.file.read(size).decode().splitlines()
        assert self.file.readline() == b"\r\n"
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def test_results_go_out_while_the_list_is_made(server: Sentinel, http: httpx.Client, many: str):
    member(http, many, True)
    stream = Stream(server, http, many)
    assert (stream.status, stream.headers["content-type"]) == (200, "application/x-ndjson")
    assert stream.headers["transfer-encoding"] == "chunked" and stream.headers["sentinel-consistency-token"]
    told = stream.chunk()
    assert 0 < len(told) < MANY
    # Taken away before the rest has been decided: it is not told any more.
    member(http, many, False)
    check = {"tuple_key": {"user": "user:anne", "relation": "member", "object": "group:staff"}}
    assert must(http.post(f"/stores/{many}/check", json=check))["allowed"] is False
    while lines := stream.chunk():
        told += lines
    stream.close()
    names = [line["result"]["object"] for line in told]
    assert len(names) == len(set(names)) and 0 < len(names) < MANY


def test_all_of_it_is_told_once(http: httpx.Client, many: str):
    member(http, many, True)
    with http.stream("POST", f"/stores/{many}/streamed-list-objects", json=QUESTION, timeout=60) as answer:
        names = [json.loads(line)["result"]["object"] for line in answer.iter_lines()]
    assert len(names) == len(set(names)) == MANY
    listed = must(http.post(f"/stores/{many}/list-objects", json=QUESTION))["objects"]
    assert len(listed) == 1500 and listed == sorted(listed) and set(listed) <= set(names)
    member(http, many, False)


def test_who_goes_away_ends_it(server: Sentinel, http: httpx.Client, many: str):
    """Many times as many as there is room for: each gives its room back."""
    member(http, many, True)
    for _ in range(300):
        stream = Stream(server, http, many)
        assert stream.status == 200
        stream.chunk()
        stream.close()
    member(http, many, False)


def test_nothing_and_a_refusal(server: Sentinel, http: httpx.Client, many: str):
    with http.stream("POST", f"/stores/{many}/streamed-list-objects", json=QUESTION) as answer:
        assert (answer.status_code, answer.read()) == (200, b"")
    refused = http.post(f"/stores/{many}/streamed-list-objects", json=QUESTION | {"relation": "nothing"})
    assert (refused.status_code, refused.json()["code"]) == (400, "relation_not_found")


def test_an_import_is_followed_within_a_second(server: Sentinel, http: httpx.Client):
    """What the command line writes while the server has the store in memory."""
    made = store(http)
    member(http, made, True)

    def is_viewer(at: int, **more: str) -> bool:
        key = {"user": "user:anne", "relation": "viewer", "object": f"document:{at:06}-" + "x" * 200}
        return must(http.post(f"/stores/{made}/check", json={"tuple_key": key} | more))["allowed"]

    for start in range(0, 12_000, 4_000):
        # In memory, and fresh.
        assert not is_viewer(start) and not is_viewer(start, consistency="HIGHER_CONSISTENCY")
        done = imported(server, made, range(start, start + 4_000))
        committed = time.monotonic()
        assert (done["written"], done["ignored"]) == (4_000, 0)
        assert is_viewer(start + 3_999, consistency="HIGHER_CONSISTENCY"), "what is committed counts for who asks for it"
        time.sleep(max(0.0, committed + 1 - time.monotonic()))
        assert all(is_viewer(at) for at in (start, start + 1_999, start + 3_999)), "a second later for everybody"
    # And the other way round: what the server wrote, the command line finds.
    member(http, made, False)
    assert not is_viewer(0)
    again = imported(server, made, range(12_000, 12_001))
    assert (again["written"], again["revision"]) == (1, 6)


def test_a_list_ends_when_its_time_is_up(idp: IdentityProvider):
    """With what was found so far, as OpenFGA's: all of them would take many times as long."""
    server = Sentinel("sqlite", idp, POLICY_LIST_SECONDS="1", POLICY_LIST_RESULTS="100000")
    service_key = server.cli("service", "create", "policy", "--policy", "all")["key"]
    with server.http(headers={"Authorization": f"Bearer {service_key}"}) as http:
        made = store(http)
        barred = [(f"group:{at}#member", "barred", "group:staff") for at in range(10_000)]
        members = [(f"user:{at}", "member", "group:staff") for at in range(20_000)]
        imported(server, made, range(MANY), barred + members)
        member(http, made, True)
        slow = QUESTION | {"relation": "slow"}
        found = must(http.post(f"/stores/{made}/list-objects", json=slow))["objects"]
        assert 0 < len(found) < MANY and found == sorted(found)
        with http.stream("POST", f"/stores/{made}/streamed-list-objects", json=slow) as answer:
            told = [json.loads(line) for line in answer.iter_lines()]
        assert 0 < len(told) < MANY and all("result" in line for line in told)
        who = {"object": {"type": "document", "id": found[0].removeprefix("document:")}, "relation": "slow"}
        users = must(http.post(f"/stores/{made}/list-users", json=who | {"user_filters": [USER]}))["users"]
        assert 0 < len(users) <= 20_000
    server.stop()

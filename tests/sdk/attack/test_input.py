"""Every route with input that nobody meant it for, and credentials that pass its door: 4xx, never a fault."""

import copy
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from attack.conftest import send
from support.openapi import METHODS, Ids, Operation
from support.team import Administrator, Team

TEXTS = [
    "\0",
    "a\0b",
    "",
    " ",
    "\u202e\ufeff",
    "'; DROP TABLE users; --",
    "${jndi:ldap://127.0.0.1:9/}{{7*7}}%s%n",
    "../../../../etc/passwd",
    "<script>alert(1)</script>",
    "\U0001f4a9" * 50,
    "9" * 400,
    "\r\nSet-Cookie: admin_token=x",
]
VALUES = [None, True, -1, 0, 2**63, 1e308, [], {}, [[[[]]]], {"$gt": ""}]
SEGMENTS = ["%00", "%ff", "..%2f..%2fadmin", "%2e%2e", "-", "0", "x" * 5000, "%F0%9F%92%A9", "null", "'", "%0d%0aX: y"]


@pytest.fixture(scope="session")
def team(attacker: Team) -> Team:
    """Whose credentials pass the doors; what they break is their own."""
    return attacker


@pytest.fixture(scope="session")
def headers(team: Team, root: Administrator):
    """Everything that an operation's rule could ask for."""
    cookie = {"Cookie": f"admin_token={root.browser.cookie('admin_token')}", "X-Requested-With": "XMLHttpRequest"}
    policy = team.server.cli("service", "create", f"policy-input-{secrets.token_hex(4)}", "--policy", "all")["key"]
    scim = team.server.cli("scim", "create", f"input-{secrets.token_hex(4)}", "--workspace", team.slug)["key"]
    by_rule = {
        "public": {},
        "user": team.owner.headers,
        "directory": team.owner.headers,
        "service": team.key,
        "service-user": team.owner.headers | team.key,
        "resolve": team.key,
        "admin": cookie,
        "policy": {"Authorization": f"Bearer {policy}"},
        "bundle": {"Authorization": f"Bearer {policy}"},
        "events": team.owner.headers,
        "scim": {"Authorization": f"Bearer {scim}"},
    }
    return lambda operation: by_rule[operation.access]


@pytest.fixture(scope="session")
def own(team: Team) -> Ids:
    known = {"service_name": team.service_name, "workspace": team.workspace_id, "idp_token": team.owner.id_token}
    return Ids(known)


def harmless(operation: Operation) -> bool:
    """Whether the requests below leave the ones who send them with their standing."""
    ends_own = operation.method == "delete" and operation.path.endswith("/workspaces/{workspace_id}")
    return not ends_own and not operation.path.endswith("/logout")


def sweep(routes: list[Operation], attempts) -> None:
    """Sends what `attempts` makes for each route; every answer of 500 and above is a finding."""
    wrong = []
    for operation in filter(harmless, routes):
        for what, answer in attempts(operation):
            if answer.status_code >= 500:
                wrong.append(f"{operation.name} with {what!r:.200}: {answer.status_code} {answer.text[:200]}")
            if answer.status_code in range(400, 500) and "json" in answer.headers.get("content-type", ""):
                told = answer.json()
                assert told.get("detail") or told.get("error") or told.get("message"), f"{operation.name}: {answer.text[:200]}"
    assert not wrong, "\n".join(wrong)


def leaves(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """Where the members of a body are."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield (*path, name)
            yield from leaves(member, (*path, name))
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from leaves(member, (*path, number))


def put(body: Any, path: tuple, value: Any) -> Any:
    body = copy.deepcopy(body)
    at = body
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return body


def test_every_member_of_every_body(routes: list[Operation], team: Team, headers, own: Ids):
    with team.server.http() as http:

        def attempts(operation: Operation):
            if operation.body() is None:
                return
            body = operation.json(own)
            for path in leaves(body):
                for value in [*TEXTS, *VALUES]:
                    changed = put(body, path, value)
                    yield (path, value), send(http, operation, own, headers(operation), json=changed)

        sweep(routes, attempts)


def test_no_nul_gets_in(routes: list[Operation], team: Team, headers, own: Ids):
    """PostgreSQL cannot store one, and two programs may disagree about where the text ends."""
    wrong = []
    with team.server.http() as http:
        for operation in filter(harmless, routes):
            if operation.body() is not None:
                body = operation.json(own)
                for path in leaves(body):
                    answer = send(http, operation, own, headers(operation), json=put(body, path, "a\0b"))
                    if answer.status_code not in range(400, 500):
                        wrong.append(f"{operation.name} {path}: {answer.status_code}")
            for parameter in operation.parameters("query"):
                query = operation.query(own) | {parameter["name"]: "a\0b"}
                answer = send(http, operation, own, headers(operation), params=query)
                if answer.status_code not in range(400, 500):
                    wrong.append(f"{operation.name} ?{parameter['name']}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_bodies_that_are_too_large_or_none_at_all(routes: list[Operation], team: Team, headers, own: Ids):
    with team.server.http() as http:

        def attempts(operation: Operation):
            if operation.method == "get":
                return
            for content in (
                b'{"x": "' + b"x" * 1_000_000 + b'"}',
                b"[" * 1_000_000,
                b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
                b"\x00",
                b"\xff\xfe\x00",
                b"",
                b"null",
                b'"text"',
                b"[]",
            ):
                sent = {"content": content, "json": None}
                kind = {"Content-Type": "application/json"}
                yield content[:20], send(http, operation, own, headers(operation) | kind, **sent)
            body = operation.json(own)
            for path in leaves(body):
                yield path, send(http, operation, own, headers(operation), json=put(body, path, "x" * 1_000_000))

        sweep(routes, attempts)


def test_every_variable_of_every_path(routes: list[Operation], team: Team, headers, own: Ids):
    with team.server.http() as http:

        def attempts(operation: Operation):
            for name, _, _ in operation.variables():
                for segment in SEGMENTS:
                    url = operation.url(own, {name: segment})
                    yield (name, segment), send(http, operation, own, headers(operation), url=url)

        sweep(routes, attempts)


def test_every_parameter_of_every_query(routes: list[Operation], team: Team, headers, own: Ids):
    with team.server.http() as http:

        def attempts(operation: Operation):
            for parameter in operation.parameters("query"):
                name = parameter["name"]
                for value in [*TEXTS, "-1", "1e9", "9" * 30, "true", "%"]:
                    query = operation.query(own) | {name: value}
                    yield (name, value), send(http, operation, own, headers(operation), params=query)
                twice = [(name, "a"), (name, "b")]
                yield (name, "twice"), send(http, operation, own, headers(operation), params=twice)

        sweep(routes, attempts)


def test_other_methods(routes: list[Operation], team: Team, headers, own: Ids):
    known = {(operation.path, operation.method) for operation in routes}
    wrong = []
    with team.server.http() as http:
        for operation in routes:
            for method in {*METHODS, "trace", "connect-not", "propfind"} - {
                method for path, method in known if path == operation.path
            }:
                answer = http.request(method.upper(), operation.url(own), headers=headers(operation))
                if answer.status_code not in (404, 405, 501) or answer.status_code == 500:
                    wrong.append(f"{method} {operation.path}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def test_nobody_lost_their_standing_by_this(team: Team):
    """The sweeps above ran with credentials that held to the end."""
    assert team.http.get("/users/me", headers=team.owner.headers).status_code == 200


def test_headers_that_every_answer_carries(routes: list[Operation], team: Team, headers, own: Ids):
    wrong = []
    with team.server.http() as http:
        for operation in filter(harmless, routes):
            answer = send(http, operation, Ids(), headers(operation))
            if answer.headers.get("x-content-type-options") != "nosniff":
                wrong.append(f"{operation.name}: no nosniff")
            if operation.access != "public" and "no-store" not in answer.headers.get("cache-control", ""):
                wrong.append(f"{operation.name}: may be kept by a cache")
            if "server" in answer.headers or "x-powered-by" in answer.headers:
                wrong.append(f"{operation.name}: names its software")
    assert not wrong, "\n".join(wrong)

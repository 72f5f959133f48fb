"""Every route with every credential: what its rule does not name, it refuses. Generated from the OpenAPI document, so
that a route without a rule, or with one that nobody thought about, fails."""

import pytest

from attack.conftest import send, state
from support.openapi import RULES, Ids, Operation
from support.team import Administrator, Team
from support.wallet import BY_KEY, Credential

#: What any member may change in their own workspace, and anyone of themselves. Every other change is for those above.
FOR_EVERYONE = {
    "POST /auth/logout",
    "POST /users/me/sessions/revoke-others",
    "PATCH /users/me",
    "POST /workspaces",
    "POST /permissions/check",
    "POST /permissions/accessible",
    "POST /roles/check-action",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/password",
}


def test_every_route_has_a_rule(routes: list[Operation]):
    assert len(routes) > 90
    for operation in routes:
        assert operation.access in RULES, f"{operation.name}: no rule, or one that these attacks do not know"
        security = [set(alternative) for alternative in operation.spec.get("security", [])]
        assert security == RULES[operation.access], f"{operation.name}: the document says something else than the rule"


def test_what_anyone_may_call_is_this_list(routes: list[Operation]):
    """A new public route is added here by someone who thought about it."""
    prefixes = ("/auth/", "/api/v1/auth/", "/authz/idp/", "/.well-known/", "/health", "/docs", "/openapi.json")
    prefixes += ("/oauth2/", "/admin", "/local/login", "/account", "/password")
    for operation in routes:
        if operation.access == "public":
            assert operation.path.startswith(prefixes) or operation.path == "/", operation.name


def test_a_credential_opens_what_its_rule_names_and_nothing_else(
    routes: list[Operation], credentials: list[Credential], victim: Team, treasure: Ids
):
    before, wrong = state(victim), []
    with victim.server.http() as http:
        for operation in routes:
            if operation.access == "public":
                continue
            for credential in credentials:
                if operation.access in credential.opens:
                    continue
                answer = send(http, operation, treasure, credential.headers)
                if answer.status_code not in (401, 403):
                    wrong.append(f"{operation.name} with {credential.name}: {answer.status_code} {answer.text[:200]}")
                elif not answer.json().get("message" if operation.access == "policy" else "detail"):
                    wrong.append(f"{operation.name} with {credential.name}: no detail")
    assert not wrong, "\n".join(wrong)
    assert state(victim) == before


def test_the_right_credential_passes_the_door(
    routes: list[Operation], credentials: list[Credential], attacker: Team, root: Administrator, idp
):
    """Or else the test above would praise a server that refuses everyone."""
    wrong = []
    ids = Ids({"service_name": attacker.service_name, "idp_token": attacker.owner.id_token})
    with attacker.server.http() as http:
        for operation in routes:
            if operation.access == "public" or operation.path.endswith("/logout"):
                continue
            for credential in own(credentials, attacker):
                if operation.access in credential.opens:
                    answer = send(http, operation, ids, credential.headers)
                    if answer.status_code == 401 or answer.status_code >= 500:
                        told = f"{answer.status_code} {answer.text[:200]}"
                        wrong.append(f"{operation.name} with {credential.name}: {told}")
    assert not wrong, "\n".join(wrong)


def own(credentials: list[Credential], team: Team) -> list[Credential]:
    """The good credentials, of this team's owner where they are a person's or a service's."""
    access, key = team.owner.headers, team.key
    return [
        Credential("access", access, {"user", "directory"}),
        Credential("access + key", access | key, {"service-user", *BY_KEY}),
        Credential("key", key, BY_KEY),
        *[credential for credential in credentials if credential.name in ("admin cookie", "policy key")],
    ]


def test_across_workspaces(routes: list[Operation], attacker: Team, victim: Team, treasure: Ids):
    """The owner of one workspace, with every id of another."""
    before, wrong = state(victim), []
    theirs = Ids({**treasure.known, "service_name": attacker.service_name})
    with victim.server.http() as http:
        for operation in routes:
            # A service alone is at home in every workspace: across services it is attacked below.
            if operation.access not in ("user", "directory", "events", "service-user") or not operation.names_ids():
                continue
            headers = attacker.owner.headers | (attacker.key if operation.access == "service-user" else {})
            answer = send(http, operation, theirs, headers, params=operation.query(theirs, everything=True))
            # A batch is answered one by one.
            denied = answer.is_success and "true" not in answer.text and operation.path.endswith("/check")
            if answer.status_code not in (400, 403, 404, 409, 422) and not denied:
                wrong.append(f"{operation.name}: {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert state(victim) == before


def test_others_things_under_an_own_workspace(routes: list[Operation], attacker: Team, victim: Team, treasure: Ids):
    """/workspaces/{mine}/groups/{yours}: the outer id opens the door, the inner one must not ride along."""
    before, wrong = state(victim), []
    mixed = Ids({**treasure.known, "workspace": attacker.workspace_id})
    with victim.server.http() as http:
        for operation in routes:
            inner = [before for _, before, _ in operation.variables()][1:]
            if operation.access not in ("user", "directory") or not inner or "/workspaces/" not in operation.path:
                continue
            answer = send(http, operation, mixed, attacker.owner.headers)
            if answer.status_code not in (400, 403, 404, 409, 422):
                wrong.append(f"{operation.name}: {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert state(victim) == before


def test_across_services(routes: list[Operation], attacker: Team, victim: Team, treasure: Ids):
    """Another service's key: on its own, and with the token of a person who may."""
    before, wrong = state(victim), []
    with victim.server.http() as http:
        for operation in routes:
            if operation.access not in ("service", "service-user") or not operation.names_ids():
                continue
            for name, headers in (
                ("a key", attacker.key),
                ("a key and the owner's token", attacker.key | victim.owner.headers),
            ):
                answer = send(http, operation, treasure, headers)
                if answer.status_code not in (401, 403, 404):
                    wrong.append(f"{operation.name} with {name}: {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert state(victim) == before


def test_a_viewer_changes_nothing(routes: list[Operation], victim: Team, treasure: Ids):
    """A new route that changes something is refused to viewers, or named above by someone who thought about it."""
    before, wrong = state(victim), []
    viewer = victim.viewer
    # Their own membership is theirs to end: here it is another's.
    ids = Ids({**treasure.known, "user": victim.editor.id})
    with victim.server.http() as http:
        for operation in routes:
            if operation.access not in ("user", "service-user") or not operation.changes:
                continue
            if operation.name in FOR_EVERYONE:
                continue
            headers = viewer.headers | (victim.key if operation.access == "service-user" else {})
            answer = send(http, operation, ids, headers)
            if answer.status_code not in (403, 404):
                wrong.append(f"{operation.name}: {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert state(victim) == before


def test_an_administrator_s_change_needs_the_header_that_no_foreign_page_can_send(
    routes: list[Operation], root: Administrator, victim: Team, treasure: Ids
):
    before, wrong = state(victim), []
    cookie = {"Cookie": f"admin_token={root.browser.cookie('admin_token')}", "Origin": "https://evil.test"}
    with victim.server.http() as http:
        for operation in routes:
            if operation.access == "admin" and operation.changes:
                for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded"):
                    answer = send(http, operation, treasure, cookie | {"Content-Type": kind})
                    if answer.status_code != 403:
                        wrong.append(f"{operation.name}: {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert state(victim) == before


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "https://evil.test, https://x.test"])
def test_a_foreign_page_reads_nothing(routes: list[Operation], victim: Team, treasure: Ids, origin: str):
    """CORS: neither the answer nor the preflight tells a browser that an unknown origin may."""
    wrong = []
    with victim.server.http() as http:
        for operation in routes:
            ask = {"Origin": origin, "Access-Control-Request-Method": operation.method.upper()}
            ask["Access-Control-Request-Headers"] = "authorization,x-requested-with,x-service-key"
            preflight = http.options(operation.url(treasure), headers=ask)
            answer = send(http, operation, Ids(), {"Origin": origin})
            for response in (preflight, answer):
                allowed = response.headers.get("access-control-allow-origin")
                public = allowed == "*" and "access-control-allow-credentials" not in response.headers
                if allowed and not (public and operation.access == "public"):
                    wrong.append(f"{operation.name}: {allowed}")
    assert not wrong, "\n".join(wrong)


def test_a_registered_front_end_may_read(victim: Team):
    ask = {"Origin": victim.origin, "Access-Control-Request-Method": "GET"}
    ask["Access-Control-Request-Headers"] = "authorization,x-authz-token"
    preflight = victim.http.options("/users/me", headers=ask)
    assert preflight.status_code in (200, 204)
    assert preflight.headers["access-control-allow-origin"] == victim.origin
    answer = victim.http.get("/users/me", headers=victim.viewer.headers | {"Origin": victim.origin})
    assert answer.headers["access-control-allow-origin"] == victim.origin
    assert "origin" in answer.headers["vary"].lower()

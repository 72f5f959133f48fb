"""A workspace as a company would have it: a service with its key, a front end, and people with roles."""

import contextlib
import secrets
import uuid
from functools import cached_property

import httpx

from .browser import Browser, LoginFailed, pkce, query, with_query
from .sentinel import Sentinel

ROLES = ["owner", "admin", "editor", "viewer"]


class Person:
    """Someone who has logged in once. Tokens are fetched when they are first asked for, each by a real login."""

    def __init__(self, team: "Team", login: str):
        self.team, self.login, self.email = team, login, f"{login}@example.test"
        self.id_token = team.idp.id_token(login)
        self.id: str = team.resolve(self.id_token)["user"]["id"]

    @cached_property
    def tokens(self) -> dict:
        return self.team.log_in(self.login)

    @property
    def access(self) -> str:
        return self.tokens["access_token"]

    @cached_property
    def authz(self) -> str:
        return self.team.resolve(self.id_token, self.team.workspace_id)["authz_token"]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}


class Team:
    """One workspace, one service and one front end on a server."""

    def __init__(self, server: Sentinel):
        self.server, self.idp = server, server.idp
        tag = secrets.token_hex(4)
        self.slug, self.service_name = f"team-{tag}", f"notes-{tag}"
        self.redirect_uri, self.origin = f"https://{tag}.example.test/callback", f"https://{tag}.example.test"
        self.relay_uri = f"{self.origin}/logged-in"
        service = ["service", "create", self.service_name, "--origin", self.origin, "--relay-redirect-uri", self.relay_uri]
        self.service_key: str = server.cli(*service)["key"]
        client = ["client", "create", f"front-end-{tag}", "--redirect-uri", self.redirect_uri, "--origin", self.origin]
        server.cli(*client)
        self.http = server.http()
        owner = Person(self, f"owner-{tag}")
        created = ["workspace", "create", self.slug, "--name", f"Team {tag}", "--owner", owner.email]
        self.workspace_id: str = server.cli(*created)["id"]
        self.people = {"owner": owner} | {role: self.person(role) for role in ROLES[1:]}

    def __getattr__(self, role: str) -> Person:
        """`team.viewer` and the like."""
        if role in ROLES:
            return self.people[role]
        raise AttributeError(role)

    @property
    def key(self) -> dict[str, str]:
        return {"X-Service-Key": self.service_key}

    def person(self, role: str | None = None) -> Person:
        """Someone new, a member where a role is named."""
        person = Person(self, f"person-{secrets.token_hex(5)}")
        if role:
            self.server.cli("workspace", "add-member", self.slug, person.email, "--role", role)
        return person

    def group(self, *members: Person) -> str:
        """A new group with these members."""
        http, owner = self.http, self.owner.headers
        path = f"/workspaces/{self.workspace_id}/groups"
        group = must(http.post(path, headers=owner, json={"name": f"group-{secrets.token_hex(4)}"}))["id"]
        for member in members:
            must(http.post(f"{path}/{group}/members/{member.id}", headers=owner))
        return group

    def resource(self, owner: Person, visibility: str = "private", kind: str = "note") -> dict:
        """A new resource's record."""
        body = {
            "service_name": self.service_name,
            "resource_type": kind,
            "resource_id": new_id(),
            "workspace_id": self.workspace_id,
            "owner_id": owner.id,
            "visibility": visibility,
        }
        return must(self.http.post("/permissions/register", headers=self.key, json=body))

    def resolve(self, id_token: str, workspace_id: str | None = None, **more) -> dict:
        """`POST /authz/resolve` with the service's key."""
        body = {"idp_token": id_token, "provider": "oidc", **more}
        if workspace_id:
            body["workspace_id"] = workspace_id
        return must(self.http.post("/authz/resolve", headers=self.key, json=body))

    def start(self, browser: Browser, login: str, challenge: str, **more) -> dict[str, str]:
        """Proxy mode up to the front end: what its redirect URI receives."""
        parameters = {
            "redirect_uri": self.redirect_uri,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **more,
        }
        login_page = with_query(f"{self.server.url}/auth/login/oidc", parameters)
        return query(browser.open(login_page, login, self.redirect_uri))

    def log_in(self, login: str, workspace_id: str | None = None) -> dict:
        """Proxy mode to its end: the token answer."""
        verifier, challenge = pkce()
        with Browser() as browser:
            code = self.start(browser, login, challenge)["code"]
        workspace_id = workspace_id or self.workspace_id
        offered = must(self.http.get("/auth/workspaces", params={"code": code}))
        assert workspace_id in [workspace["id"] for workspace in offered]
        body = {"code": code, "workspace_id": workspace_id, "code_verifier": verifier}
        return must(self.http.post("/auth/token", json=body))


class Administrator:
    """Someone at the admin pages: the cookie of a real login, and the header that changes need."""

    def __init__(self, server: Sentinel, login: str):
        self.browser = Browser(headers={"X-Requested-With": "XMLHttpRequest"})
        # The callback's own page, if it is one, has no form to fill in: the cookie is what counts.
        with contextlib.suppress(LoginFailed):
            self.browser.open(f"{server.url}/auth/admin/login/oidc", login, f"{server.url}/admin")
        assert self.browser.cookie("admin_token"), f"no admin cookie for {login}"
        self.http: httpx.Client = self.browser.client
        self.http.base_url = server.url


def new_id() -> str:
    return str(uuid.uuid4())


def must(response: httpx.Response) -> dict:
    """The body of a good answer; anything else fails with what was said."""
    assert response.is_success, f"{response.status_code} from {response.request.method} {response.url}: {response.text}"
    return response.json() if response.content else {}


def detail(response: httpx.Response, *statuses: int) -> str:
    """The `detail` of a refusal, which says something; anything else fails."""
    what = f"{response.status_code} from {response.request.method} {response.url}: {response.text[:500]}"
    assert response.status_code in statuses, f"expected {statuses}, {what}"
    told = response.json().get("detail")
    assert told, f"no detail, {what}"
    return told if isinstance(told, str) else "; ".join(item["msg"] for item in told)

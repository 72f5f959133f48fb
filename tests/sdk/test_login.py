"""Proxy mode from the login page to the tokens, and what an attacker would change on the way."""

import httpx
import jwt
import pytest

from support.browser import Browser, pkce, query, with_query
from support.team import Team, detail, must, new_id


@pytest.fixture
def browser():
    with Browser() as browser:
        yield browser


def login_page(team: Team, **parameters: str) -> httpx.Response:
    given = {
        "redirect_uri": team.redirect_uri,
        "code_challenge": pkce()[1],
        "code_challenge_method": "S256",
        **parameters,
    }
    return team.http.get("/auth/login/oidc", params={name: value for name, value in given.items() if value is not None})


def exchange(team: Team, code: str, verifier: str, workspace_id: str | None = None) -> httpx.Response:
    body = {"code": code, "workspace_id": workspace_id or team.workspace_id, "code_verifier": verifier}
    return team.http.post("/auth/token", json=body)


def test_providers(team: Team):
    assert sorted(must(team.http.get("/auth/providers"))["providers"]) == ["github", "oidc"]


def test_from_the_login_to_the_tokens(team: Team, browser: Browser):
    verifier, challenge = pkce()
    answer = team.start(browser, team.editor.login, challenge, state="the front end's own")
    assert answer["state"] == "the front end's own"
    code = answer["code"]
    offered = must(team.http.get("/auth/workspaces", params={"code": code}))
    assert all(found["name"] for found in offered)
    mine = next(found for found in offered if found["id"] == team.workspace_id)
    assert (mine["slug"], mine["role"]) == (team.slug, "editor")
    tokens = must(exchange(team, code, verifier))
    assert tokens["token_type"].lower() == "bearer" and tokens["expires_in"] == 900
    keys = jwt.PyJWKClient(f"{team.server.url}/.well-known/jwks.json")
    key = keys.get_signing_key_from_jwt(tokens["access_token"])
    claims = jwt.decode(tokens["access_token"], key.key, algorithms=["RS256"], audience="sentinel:access")
    assert claims["iss"] == team.server.url and claims["type"] == "access"
    assert claims["sub"] == team.editor.id and claims["email"] == team.editor.email and claims["name"]
    assert (claims["wid"], claims["wslug"], claims["wrole"]) == (team.workspace_id, team.slug, "editor")
    assert isinstance(claims["groups"], list) and claims["jti"] and claims["exp"] - claims["iat"] == 900
    me = must(team.http.get("/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}))
    assert me["id"] == team.editor.id and me["email"] == team.editor.email


def test_a_code_is_used_once_and_a_second_use_ends_what_it_led_to(team: Team, browser: Browser):
    verifier, challenge = pkce()
    code = team.start(browser, team.viewer.login, challenge)["code"]
    tokens = must(exchange(team, code, verifier))
    detail(exchange(team, code, verifier), 400, 401)
    detail(team.http.get("/auth/workspaces", params={"code": code}), 400, 401, 404)
    # RFC 6749, section 4.1.2: whoever else used it may have been the thief.
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    detail(team.http.get("/users/me", headers=headers), 401)
    detail(team.http.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]}), 401)


def test_a_stolen_code_is_worth_nothing_without_its_verifier(team: Team, browser: Browser):
    verifier, challenge = pkce()
    code = team.start(browser, team.viewer.login, challenge)["code"]
    for wrong in (pkce()[0], challenge, "", "x" * 43, verifier + "x", verifier.upper()):
        detail(exchange(team, code, wrong), 400, 401, 422)
    body = {"code": code, "workspace_id": team.workspace_id}
    detail(team.http.post("/auth/token", json=body), 400, 422)


def test_a_code_opens_only_workspaces_of_its_person(team: Team, other_team: Team, browser: Browser):
    verifier, challenge = pkce()
    code = team.start(browser, team.viewer.login, challenge)["code"]
    for workspace in (other_team.workspace_id, new_id()):
        detail(exchange(team, code, verifier, workspace), 403, 404)


@pytest.mark.parametrize(
    "twist",
    [
        lambda uri: uri + "/",
        lambda uri: uri + "?x=1",
        lambda uri: uri + "#f",
        lambda uri: uri.replace("https://", "http://"),
        lambda uri: uri.replace(".test/", ".test:444/"),
        lambda uri: uri.replace(".test/", ".test.evil.test/"),
        lambda uri: uri.replace("https://", "https://evil.test@"),
        lambda uri: uri.replace("/callback", "/%63allback"),
        lambda uri: uri.replace("/callback", "/x/../callback"),
        lambda uri: uri.upper(),
        lambda uri: "//" + uri.split("://")[1],
        lambda uri: uri + "\r\nSet-Cookie: a=b",
        lambda uri: uri + "\0",
        lambda uri: "javascript:alert(1)",
        lambda uri: "https://evil.test/callback",
        lambda uri: "",
        lambda uri: None,
    ],
)
def test_only_the_registered_redirect_uri_will_do(team: Team, twist):
    answer = login_page(team, redirect_uri=twist(team.redirect_uri))
    detail(answer, 400, 422)
    assert "location" not in answer.headers and not answer.cookies


@pytest.mark.parametrize(
    "change",
    [
        {"code_challenge": None},
        {"code_challenge": ""},
        {"code_challenge": "short"},
        {"code_challenge": "x" * 200},
        {"code_challenge": "?" * 43},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge_method": None},
        {"state": "x" * 10_000},
    ],
)
def test_a_login_without_a_sound_challenge_does_not_begin(team: Team, change: dict):
    answer = login_page(team, **change)
    detail(answer, 400, 422)
    assert "location" not in answer.headers


def test_providers_that_are_not_there(team: Team):
    for provider in ("google", "nobody", "%00", "..%2f", "oidc%20"):
        parameters = {"redirect_uri": team.redirect_uri, "code_challenge": pkce()[1], "code_challenge_method": "S256"}
        answer = team.http.get(with_query(f"/auth/login/{provider}", parameters))
        detail(answer, 400, 404, 422)


def callback(team: Team, browser: Browser, login: str) -> str:
    """The address that the provider sends the browser to, not yet opened."""
    start = with_query(
        f"{team.server.url}/auth/login/oidc",
        {"redirect_uri": team.redirect_uri, "code_challenge": pkce()[1], "code_challenge_method": "S256"},
    )
    return browser.open(start, login, f"{team.server.url}/auth/callback/")


def refuses(browser: Browser, team: Team, url: str) -> None:
    answer = browser.client.get(url)
    landed = answer.headers.get("location", "")
    assert "code=" not in landed, f"a code came of {url}"
    if answer.status_code in (302, 303, 307):
        assert landed.startswith(team.redirect_uri) and query(landed)["error"]
    else:
        detail(answer, 400, 401, 403)


def test_a_callback_is_used_once(team: Team, browser: Browser):
    url = callback(team, browser, team.viewer.login)
    assert "code=" in browser.client.get(url).headers["location"]
    refuses(browser, team, url)


def test_a_state_belongs_to_one_browser(team: Team, browser: Browser):
    """Login CSRF: the attacker's own login, finished in the victim's browser."""
    url = callback(team, browser, team.viewer.login)
    with Browser() as victim:
        refuses(victim, team, url)


def test_a_callback_that_was_changed(team: Team, browser: Browser):
    url = callback(team, browser, team.viewer.login)
    given = query(url)
    base = url.split("?")[0]
    changes = [
        {"state": given["state"][:-1] + "x"},
        {"state": ""},
        {"code": ""},
        {"code": "x"},
        {"iss": "https://evil.test"},
        {"error": "access_denied"},
    ]
    for change in changes:
        with Browser() as other:
            refuses(other, team, with_query(base, given | change))
    refuses(browser, team, with_query(base, {"error": "access_denied", "state": given["state"]}))


def test_the_state_of_one_provider_is_not_another_s(team: Team, browser: Browser):
    url = callback(team, browser, team.viewer.login)
    answer = browser.client.get(url.replace("/callback/oidc", "/callback/google"))
    assert answer.status_code in (400, 404) and "location" not in answer.headers


def test_the_admin_callback_does_not_take_a_front_end_s_state(team: Team, browser: Browser):
    url = callback(team, browser, "root")
    answer = browser.client.get(url.replace("/auth/callback/", "/auth/admin/callback/"))
    assert not browser.cookie("admin_token")
    assert answer.status_code >= 400 or "error" in answer.headers.get("location", "")


@pytest.mark.parametrize("path", ["/auth/login/github", "/authz/idp/github/login"])
def test_github_leads_back_to_registered_addresses_alone(team: Team, path: str):
    """In authz mode the answer there leads to a token: it must not go to whoever asks."""
    own, foreign = (team.redirect_uri, team.relay_uri) if path.startswith("/auth/") else (team.relay_uri, team.redirect_uri)
    proof = {"code_challenge": pkce()[1], "code_challenge_method": "S256"}
    elsewhere = [
        "https://evil.test/callback",
        team.origin + ".evil.test/",
        team.origin + "@evil.test/",
        team.origin + "/",
        own + "?next=https://evil.test/",
        foreign,
        "javascript:x",
        "",
    ]
    for uri in elsewhere:
        answer = team.http.get(path, params=proof | {"redirect_uri": uri})
        detail(answer, 400, 422)
        assert "location" not in answer.headers
    detail(team.http.get(path, params={"redirect_uri": own}), 400, 422)
    answer = team.http.get(path, params=proof | {"redirect_uri": own})
    asked = query(answer.headers["location"])
    assert answer.status_code == 302 and answer.headers["location"].startswith("https://github.com/login/oauth/")
    assert asked["client_id"] == "github-client" and asked["code_challenge_method"] == "S256" and asked["state"]
    assert asked["redirect_uri"].startswith(f"{team.server.url}/auth")

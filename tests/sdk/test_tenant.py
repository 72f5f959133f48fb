"""The tenant API of the real program with its own settings: secrets from the command line, what a flood of guesses
costs, and how it speaks where requests end before they reach a route."""

import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from support.idp import IdentityProvider
from support.sentinel import Sentinel
from support.team import Administrator, detail, must

PASSWORD, OTHER, WRONG = "secure-Passw0rd-of-mine", "another-Passw0rd-of-mine", "wrong-Passw0rd-of-mine"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def firm(request: pytest.FixtureRequest, idp: IdentityProvider):
    """Behind a proxy, so that tests come from networks of their own."""
    sentinel = Sentinel(request.param, idp, TRUSTED_PROXIES="127.0.0.1")
    yield sentinel
    assert not [line for line in sentinel.program.lines if re.search("Passw0rd", line)], "a password in the log"
    sentinel.stop()


def account(server: Sentinel) -> str:
    """Someone with a tenant of their own and a password."""
    email = f"user-{secrets.token_hex(4)}@firm.test"
    server.cli("user", "create", email, "--name", "Uma User")
    server.cli("workspace", "create", f"firm-{secrets.token_hex(4)}", "--name", "Firm", "--owner", email)
    assert reset(server, server.cli("password", "link", email)["secret"], PASSWORD).status_code == 204
    return email


def post(server: Sentinel, path: str, body: dict, network: str = "192.0.2.1", **headers: str) -> httpx.Response:
    # A machine that does a hundred things at once takes seconds for what takes a tenth of one.
    with server.http() as http:
        return http.post(f"/api/v1/auth/{path}", json=body, headers={"X-Forwarded-For": network} | headers, timeout=60)


def login(server: Sentinel, email: str, password: str, network: str = "192.0.2.1") -> httpx.Response:
    return post(server, "login", {"email": email, "password": password}, network)


def reset(server: Sentinel, secret: str, password: str) -> httpx.Response:
    return post(server, "password/reset", {"secret": secret, "new_password": password})


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


def test_secrets_from_the_command_line(firm: Sentinel):
    email = account(firm)
    session = must(login(firm, email, PASSWORD))
    assert session["expires_in"] == 3600 and session["user"]["role"] == "admin"
    assert re.fullmatch(r"usr_[0-9a-f-]{36}", session["user"]["id"])
    for _ in range(5):
        assert code(login(firm, email, WRONG, "203.0.113.9")) == (401, "invalid_credentials")
    waiting = login(firm, email, PASSWORD, "203.0.113.9")
    assert code(waiting) == (429, "too_many_requests") and 0 < int(waiting.headers["retry-after"]) <= 30
    assert must(login(firm, email, PASSWORD)), "elsewhere its owner comes in"
    firm.cli("password", "unlock", email)
    assert must(login(firm, email, PASSWORD, "203.0.113.9"))
    firm.cli("password", "remove", email)
    assert code(login(firm, email, PASSWORD)) == (401, "invalid_credentials")
    with pytest.raises(RuntimeError, match="no password"):
        firm.cli("password", "remove", email)


def test_secrets_from_an_administrator(firm: Sentinel):
    root, email = Administrator(firm, "root"), account(firm)
    user = must(root.http.get("/admin/users", params={"q": email}))[0]["id"]
    link = root.http.post(f"/admin/users/{user}/password-link")
    assert link.status_code == 201 and link.headers["cache-control"] == "no-store"
    assert link.json()["url"] == f"{firm.url}/password#{link.json()['secret']}"
    assert reset(firm, link.json()["secret"], OTHER).status_code == 204
    assert must(login(firm, email, OTHER))
    assert root.http.delete(f"/admin/users/{user}/failed-logins").status_code == 204
    assert root.http.delete(f"/admin/users/{user}/password").status_code == 204
    detail(root.http.delete(f"/admin/users/{user}/password"), 404)
    must(root.http.patch(f"/admin/users/{user}", json={"is_active": False}))
    detail(root.http.post(f"/admin/users/{user}/password-link"), 409)
    told = {change["action"] for change in must(root.http.get("/admin/activity", params={"limit": 1000}))}
    assert {"password.link", "password.reset", "password.remove", "password.unlock"} <= told


def test_refusals_are_problems_wherever_they_come_from(firm: Sentinel):
    with firm.http() as http:
        assert code(http.post("/api/v1/auth/nothing")) == (404, "not_found")
        assert code(http.get("/api/v1/auth/login")) == (405, "method_not_allowed")
        assert code(http.post("/api/v1/auth/login", content="x" * 2_000_000)) == (413, "request_too_large")
        assert code(http.post("/api/v1/auth/logout")) == (401, "unauthenticated")
        assert http.post("/nothing").headers["content-type"] == "application/json", "others speak as they did"


def test_a_flood_of_guesses_takes_the_memory_of_two(firm: Sentinel):
    """200 at once, with the hash as it is by default: 64 MiB each."""
    email = account(firm)
    access = must(login(firm, email, PASSWORD))["access_token"]

    def memory(line: str) -> int:
        status = Path(f"/proc/{firm.program.child.pid}/status").read_text()
        return int(re.search(rf"{line}:\s+(\d+) kB", status)[1]) // 1024

    before = memory("VmRSS")
    with ThreadPoolExecutor(200) as guessing:
        guesses = [
            guessing.submit(login, firm, f"nobody-{number}@firm.test", WRONG, f"198.18.{number}.1")
            for number in range(200)
        ]
        # Others are answered meanwhile.
        with firm.http() as http:
            while not all(guess.done() for guess in guesses):
                assert http.get("/users/me", headers={"Authorization": f"Bearer {access}"}).is_success
        answers = [guess.result() for guess in guesses]
    told = [code(answer) for answer in answers]
    assert set(told) == {(401, "invalid_credentials"), (503, "unavailable")}, set(told)
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status_code == 503)
    # Two hashes, and some for 200 requests; all of them would take 12,800.
    assert memory("VmHWM") - before < 256, f"{before} MiB before, {memory('VmHWM')} MiB at most"
    assert must(login(firm, email, PASSWORD))


def test_a_browser_s_cookie_is_this_host_s_alone(idp: IdentityProvider):
    server = Sentinel("sqlite", idp, BASE_URL="https://auth.example.test", ALLOWED_HOSTS="127.0.0.1,auth.example.test")
    try:
        email = account(server)
        body = {"email": email, "password": PASSWORD, "refresh_token_in": "cookie"}
        answer = post(server, "login", body, Origin="https://auth.example.test")
        assert "refresh_token" not in must(answer)
        name, _, rest = answer.headers["set-cookie"].partition("=")
        assert name == "__Host-sentinel_refresh"
        assert rest.split("; ")[1:] == ["Path=/", "Max-Age=2592000", "HttpOnly", "SameSite=Strict", "Secure"]
        assert code(post(server, "login", body, Origin=server.url)) == (403, "origin_not_allowed")
    finally:
        server.stop()

"""Rate limits, and whose address counts: a header counts only where it comes from a proxy that is trusted."""

import pytest

from support.browser import Browser, pkce, query, with_query
from support.idp import IdentityProvider
from support.sentinel import Sentinel
from support.team import detail, must


@pytest.fixture(scope="module")
def limited(idp: IdentityProvider):
    """A server that answers few requests a minute. Its database has no part in this."""
    sentinel = Sentinel("sqlite", idp, RATE_LIMIT_RPM="20")
    yield sentinel
    sentinel.stop()


@pytest.fixture(scope="module")
def behind_proxy(idp: IdentityProvider):
    sentinel = Sentinel("sqlite", idp, RATE_LIMIT_RPM="20", TRUSTED_PROXIES="127.0.0.0/8")
    yield sentinel
    sentinel.stop()


def flood(server: Sentinel, headers) -> list:
    with server.http() as http:
        return [http.get("/auth/providers", headers=headers(number)) for number in range(60)]


def test_too_many_requests_are_told_when_to_come_again(limited: Sentinel):
    refused = [answer for answer in flood(limited, lambda _: {}) if answer.status_code == 429]
    assert refused
    for answer in refused:
        assert detail(answer, 429) and 1 <= int(answer.headers["retry-after"]) <= 60


def test_nobody_evades_the_limit_by_a_header(limited: Sentinel):
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP"):
        answers = flood(limited, lambda number, name=name: {name: f"203.0.113.{number}"})
        assert answers[-1].status_code == 429


def test_behind_a_trusted_proxy_each_client_is_counted_alone(behind_proxy: Sentinel):
    answers = flood(behind_proxy, lambda number: {"X-Forwarded-For": f"203.0.113.{number}"})
    assert all(answer.status_code == 200 for answer in answers)
    # The proxy appends the address that it saw: what stands before it is the client's own invention.
    answers = flood(behind_proxy, lambda number: {"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.200"})
    assert answers[-1].status_code == 429


def test_an_account_has_a_share_of_its_own_behind_many_addresses(behind_proxy: Sentinel):
    redirect = "https://limits.example.test/callback"
    behind_proxy.cli("client", "create", "limits", "--redirect-uri", redirect)

    def log_in(login: str, address: str) -> dict[str, str]:
        verifier, challenge = pkce()
        asked = {"redirect_uri": redirect, "code_challenge": challenge, "code_challenge_method": "S256"}
        with Browser({"X-Forwarded-For": address}) as browser:
            page = with_query(f"{behind_proxy.url}/auth/login/oidc", asked)
            code = query(browser.open(page, login, redirect))["code"]
            choices = browser.client.get(f"{behind_proxy.url}/auth/workspaces", params={"code": code})
            body = {"code": code, "workspace_id": choices.json()[0]["id"], "code_verifier": verifier}
            tokens = must(browser.client.post(f"{behind_proxy.url}/auth/token", json=body))
        return {"Authorization": f"Bearer {tokens['access_token']}"}

    ada, bob = log_in("ada", "192.0.2.1"), log_in("bob", "192.0.2.2")
    with behind_proxy.http() as http:

        def me(person: dict[str, str], address: int):
            return http.get("/users/me", headers=person | {"X-Forwarded-For": f"192.0.2.{address}"})

        # No address has used up its own share when the account has.
        answers = [me(ada, 10 + number // 15) for number in range(180)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert answers[0].status_code == 200 and refused and answers[-1].status_code == 429
        assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in refused)
        # The refusal is hers alone, from the same address.
        assert me(bob, 21).status_code == 200

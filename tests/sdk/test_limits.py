"""Rate limits, and whose address counts: a header counts only where it comes from a proxy that is trusted."""

import pytest

from support.idp import IdentityProvider
from support.sentinel import Sentinel
from support.team import detail


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

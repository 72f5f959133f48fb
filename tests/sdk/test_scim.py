"""SCIM as a public validator judges it (scim2-tester): discovery, and every attribute that we say we have, made, read,
changed, replaced and removed."""

import secrets

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from support.sentinel import Sentinel
from support.team import Team

#: What a check may come to: what we say that we do not have is skipped.
GOOD = {Status.SUCCESS, Status.SKIPPED, Status.COMPLIANT, Status.ACCEPTABLE}


def test_a_public_validator_finds_nothing(server: Sentinel, team: Team) -> None:
    made = server.cli("scim", "create", f"validator-{secrets.token_hex(4)}", "--workspace", team.slug)
    with Client(base_url=f"{server.url}/scim/v2", headers={"Authorization": f"Bearer {made['key']}"}) as http:
        results = check_server(SyncSCIMClient(http))
    assert len(results) > 50, [result.title for result in results]
    wrong = [f"{result.title}: {result.reason}" for result in results if result.status not in GOOD]
    assert not wrong, "\n".join(wrong)

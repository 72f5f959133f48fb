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
#: What the guide says that there is not: whole persons are answered whatever `attributes` and `excludedAttributes` say, there
#: is no `.search`, a path of no route is refused in the server's own words, and `active` is always there.
KNOWN = {
    "random_url",
    "search_with_attributes",
    "object_query_with_attributes",
    "object_list_with_attributes",
    "check_remove_attribute: PATCH modify() did not remove attribute 'active'",
}


def test_a_public_validator_finds_what_the_guide_says(server: Sentinel, team: Team) -> None:
    made = server.cli("scim", "create", f"validator-{secrets.token_hex(4)}", "--workspace", team.slug)
    with Client(base_url=f"{server.url}/scim/v2", headers={"Authorization": f"Bearer {made['key']}"}) as http:
        results = check_server(SyncSCIMClient(http))
    assert len(results) > 50, [result.title for result in results]
    wrong = {f"{result.title}: {result.reason}" for result in results if result.status not in GOOD}
    unknown = {one for one in wrong if one not in KNOWN and one.split(":")[0] not in KNOWN}
    assert not unknown, "\n".join(unknown)

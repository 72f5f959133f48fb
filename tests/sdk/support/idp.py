"""The certified npm `oidc-provider`, and what a front end in authz mode does with it: a login of its own."""

import json
import secrets
from pathlib import Path

import httpx

from .browser import Browser, pkce, query, with_query
from .program import Program

PROGRAM = Path(__file__).parents[2] / "e2e" / "provider-cli.mjs"

#: The one client that Sentinel and the front ends share, as they do at Google.
CLIENT_ID = "sentinel"
CLIENT_SECRET = secrets.token_urlsafe(32)
#: Another application of the same provider, whose tokens must not open ours.
FOREIGN_CLIENT = "another-application"
#: Its ID tokens live for a second.
SHORT_LIVED = "short-lived"
FRONT_END = "http://127.0.0.1/front-end"


def client(client_id: str, **more) -> dict:
    callbacks = [f"http://127.0.0.1/{path}" for path in CALLBACKS]
    return {"client_id": client_id, "client_secret": CLIENT_SECRET, "redirect_uris": [FRONT_END, *callbacks], **more}


#: Where Sentinel has the provider send a browser back to; the port does not count.
CALLBACKS = [
    f"{flow}/callback/{provider}" for flow in ("auth", "auth/admin") for provider in ("oidc", "google", "entra_id")
] + [f"authz/idp/{provider}/callback" for provider in ("oidc", "google", "entra_id")]


class IdentityProvider:
    """A running provider. Every login name exists; `users` names the claims of those who are special."""

    def __init__(self, users: dict[str, dict] | None = None):
        clients = [client(CLIENT_ID), client(FOREIGN_CLIENT), client(SHORT_LIVED, id_token_seconds=1)]
        configuration = json.dumps({"clients": clients, "users": users or {}})
        self.program = Program("oidc-provider", ["node", str(PROGRAM), configuration])
        ready = self.program.wait_for(lambda line: json.loads(line) if line.startswith("{") else None)
        self.issuer, self.jwks_url = ready["issuer"], ready["jwksUrl"]

    def stop(self) -> None:
        self.program.stop()

    def id_token(self, login: str, client_id: str = CLIENT_ID, nonce: str | None = None) -> str:
        """Logs in as a front end does and gives the ID token."""
        verifier, challenge = pkce()
        parameters = {
            "client_id": client_id,
            "response_type": "code",
            "scope": "openid email profile",
            "redirect_uri": FRONT_END,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "state": secrets.token_urlsafe(16),
        }
        if nonce:
            parameters["nonce"] = nonce
        with Browser() as browser:
            at = query(browser.open(with_query(f"{self.issuer}/auth", parameters), login, FRONT_END))
        form = {"grant_type": "authorization_code", "code": at["code"], "redirect_uri": FRONT_END}
        response = httpx.post(
            f"{self.issuer}/token", data={**form, "code_verifier": verifier}, auth=(client_id, CLIENT_SECRET)
        )
        response.raise_for_status()
        return response.json()["id_token"]

"""Credentials of every kind, in every place where they belong and where they do not."""

import base64
import json
import secrets
from dataclasses import dataclass, field

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from .team import Administrator, Team, must

#: What each good combination opens; `service` here includes what a key alone is enough for.
BY_KEY = {"service", "resolve"}
BY_USER = {"user", "directory", "events"}
#: The same for a key that stores of policy were opened to.
BY_POLICY = {"policy", "bundle", "events"}
#: Headers that the edge sets for an application behind it: nothing to the server.
SPOOFED = {
    "X-Sentinel-User-Id": "",
    "X-Sentinel-Email": "root@example.test",
    "X-Sentinel-Workspace-Role": "owner",
    "X-Forwarded-User": "root@example.test",
    "X-Forwarded-For": "127.0.0.1",
    "X-Real-IP": "127.0.0.1",
    "X-Original-URL": "/health",
    "X-Rewrite-URL": "/health",
    "X-HTTP-Method-Override": "GET",
    "X-Admin": "true",
    "X-Requested-With": "XMLHttpRequest",
}


@dataclass
class Credential:
    """Headers, and the rules that they satisfy. Every other rule must refuse them."""

    name: str
    headers: list[tuple[str, str]] | dict[str, str]
    opens: set[str] = field(default_factory=set)
    #: Whether it satisfies its rules as a person of the team would: what follows is the route's to decide.
    good: bool = False


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def admin_cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"admin_token={token}", "X-Requested-With": "XMLHttpRequest"}


def wallet(team: Team, foreign: Team, root: Administrator, machine: str) -> list[Credential]:
    """Everything that someone could send. `machine` is an m2m token of a realm's member."""
    person = team.owner
    access, authz, idp = person.access, person.authz, person.id_token
    refresh, admin = person.tokens["refresh_token"], root.browser.cookie("admin_token")
    key, other_key = team.key, foreign.key
    policy = team.server.cli("service", "create", f"policy-{secrets.token_hex(4)}", "--policy", "all")["key"]
    pair = bearer(idp) | {"X-Authz-Token": authz}
    everyone = BY_USER | BY_KEY | {"service-user"}
    good = [
        Credential("access", bearer(access), BY_USER, good=True),
        Credential("access + key", bearer(access) | key, everyone, good=True),
        Credential("authz + key", bearer(authz) | key, everyone, good=True),
        Credential("key", key, BY_KEY, good=True),
        Credential("pair", pair, {"directory", "events"}, good=True),
        Credential("admin cookie", admin_cookie(admin), {"admin"}, good=True),
        # As OpenFGA's and AuthZEN's clients send it. As a bearer token it opens nothing else.
        Credential("policy key", bearer(policy), BY_POLICY, good=True),
        # It identifies a front end, which may ask for what its person is anyway allowed to have.
        Credential("a registered origin", {"Origin": team.origin}, {"resolve"}),
        # A key of another service is one; what is ours it must not touch (see the attacks across services).
        Credential("another service's key", other_key, BY_KEY),
        Credential("access + another service's key", bearer(access) | other_key, everyone),
    ]
    tokens = {
        "refresh": refresh,
        "admin token": admin,
        "m2m": machine,
        "IdP token": idp,
        "a service's key": team.service_key,
        "nonsense": "nonsense",
        "three parts": "a.b.c",
        "empty parts": "..",
        "4096 bytes": "x" * 4096,
    } | forged(team, access, authz)
    bad = [
        Credential("nothing", {}),
        Credential("authz alone", bearer(authz)),
        Credential("authz + another service's key", bearer(authz) | other_key, BY_KEY),
        Credential("pair + key", pair | key, BY_KEY),
        Credential("pair, turned", bearer(authz) | {"X-Authz-Token": idp}),
        Credential("pair of two persons", bearer(team.editor.id_token) | {"X-Authz-Token": authz}),
        Credential("access as X-Authz-Token", bearer(idp) | {"X-Authz-Token": access}),
        Credential("X-Authz-Token alone", {"X-Authz-Token": authz}),
        Credential("access in lower case basic", {"Authorization": f"Basic {access}"}),
        Credential("access without a scheme", {"Authorization": access}),
        Credential("no token", {"Authorization": "Bearer"}),
        Credential("two tokens", [("Authorization", f"Bearer {access}"), ("Authorization", f"Bearer {authz}")]),
        Credential("two tokens in one", {"Authorization": f"Bearer {access}, Bearer {access}"}),
        Credential("two keys", [("X-Service-Key", team.service_key), ("X-Service-Key", foreign.service_key)]),
        Credential("basic", {"Authorization": "Basic " + base64.b64encode(b"root:root").decode()}),
        Credential("spoofed headers", SPOOFED | {"X-Sentinel-User-Id": person.id}),
        Credential("access in a cookie", {"Cookie": f"sentinel_access_token={access}; token={access}"}),
        Credential("access as a key", {"X-Service-Key": access}),
        Credential("key's hash", {"X-Service-Key": "sk_" + "0" * 64}),
        Credential("key's prefix", {"X-Service-Key": team.service_key[:10]}),
        Credential("an unknown origin", {"Origin": "https://evil.test"}),
        Credential("no origin", {"Origin": "null"}),
        Credential("an origin like ours", {"Origin": team.origin + ".evil.test"}),
    ]
    for name, token in tokens.items():
        bad.append(Credential(f"{name} as bearer", bearer(token)))
        # The key is good, and opens what a key alone opens.
        bad.append(Credential(f"{name} as bearer + key", bearer(token) | key, BY_KEY))
        bad.append(Credential(f"{name} as X-Authz-Token", bearer(idp) | {"X-Authz-Token": token}))
        if name != "admin token":
            bad.append(Credential(f"{name} as admin cookie", admin_cookie(token)))
    bad.append(Credential("access as admin cookie", admin_cookie(access)))
    bad.append(Credential("authz as admin cookie", admin_cookie(authz)))
    return good + bad


def forged(team: Team, access: str, authz: str) -> dict[str, str]:
    """Tokens that name the right person and are signed by nobody who may."""
    claims = jwt.decode(access, options={"verify_signature": False})
    kid = jwt.get_unverified_header(access)["kid"]
    keys = must(httpx.get(f"{team.server.url}/.well-known/jwks.json"))["keys"]
    public = jwt.PyJWK(next(key for key in keys if key["kid"] == kid)).key
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    own_jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(own.public_key()))
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head, payload, signature = access.split(".")
    found = {
        "alg none": jwt.encode(claims, None, algorithm="none", headers={"kid": kid}),
        "another's key": jwt.encode(claims, own, algorithm="RS256", headers={"kid": kid}),
        "an own jwk": jwt.encode(claims, own, algorithm="RS256", headers={"kid": kid, "jwk": own_jwk}),
        "an unknown kid": jwt.encode(claims, own, algorithm="RS256", headers={"kid": "../../dev/null"}),
        "an own jku": jwt.encode(claims, own, algorithm="RS256", headers={"jku": "http://127.0.0.1:9/jwks"}),
        "HS256 with the public key": hs256(claims, pem, kid),
        "HS256 with nothing": hs256(claims, b"", kid),
        "no signature": f"{head}.{payload}.",
        "another's payload": f"{head}.{authz.split('.')[1]}.{signature}",
        "padded": access + "=",
        "with a space": f"{head}. {payload}.{signature}",
    }
    for name, change in {
        "a far future": {"exp": 2**53},
        "another audience": {"aud": ["sentinel:access", "sentinel:admin"]},
        "no expiry": {"exp": None},
    }.items():
        found[name] = jwt.encode({**claims, **change}, own, algorithm="RS256", headers={"kid": kid})
    return found


def hs256(claims: dict, secret: bytes, kid: str) -> str:
    """PyJWT refuses to do this, as it should."""
    import hashlib
    import hmac

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    head = part(json.dumps({"alg": "HS256", "typ": "JWT", "kid": kid}).encode())
    payload = part(json.dumps(claims).encode())
    return f"{head}.{payload}.{part(hmac.new(secret, f'{head}.{payload}'.encode(), hashlib.sha256).digest())}"

"""Tokens, key sets and cases in the shape of ../README.md."""

import json

import crypto
from crypto import b64, unb64
from keys import KEYS

NOW = 1_700_000_000
ISSUER = "https://issuer.example"
AUDIENCE = "https://api.example"

# The algorithms and a key that fits each.
KEY_OF = {
    "RS256": "rsa2048", "RS384": "rsa2048", "RS512": "rsa2048",
    "PS256": "rsa2048", "PS384": "rsa2048", "PS512": "rsa2048",
    "ES256": "p256", "ES384": "p384", "ES512": "p521",
    "EdDSA": "ed25519", "Ed25519": "ed25519",
    "HS256": "hs256", "HS384": "hs384", "HS512": "hs512",
}
ALGORITHMS = list(KEY_OF)

# Codes that several steps may justifiably give.
NO_KEY = ["key_not_found", "key_unusable"]
NO_ALGORITHM = ["algorithm_not_allowed", "token_malformed"]
MALFORMED = "token_malformed"
BAD = "signature_invalid"


def claims(**changes):
    """The default claims set; a change to None leaves the claim out (use Null for a JSON null)."""
    default = {"iss": ISSUER, "sub": "user-1", "aud": AUDIENCE, "iat": NOW - 60, "exp": NOW + 600, "jti": "t-1"}
    return {k: (None if v is Null else v) for k, v in (default | changes).items() if v is not None}


class Null:
    """Stands for JSON's null in `claims(…)`."""


def dumps(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def encode(part):
    """One part of a token from a value, JSON text or bytes."""
    if isinstance(part, bytes):
        return b64(part)
    return b64((part if isinstance(part, str) else dumps(part)).encode())


def sign(alg, key, message):
    key = KEYS[key] if isinstance(key, str) else key
    sha = "sha" + alg[-3:] if alg[-3:] in ("256", "384", "512") else None
    match alg[:2]:
        case "RS":
            return crypto.pkcs1(key, message, sha)
        case "PS":
            return crypto.pss(key, message, sha)
        case "ES":
            curve = crypto.CURVES[key["crv"]]
            return crypto.fixed(*crypto.ecdsa(key, message, sha), curve.length)
        case "Ed":
            return crypto.ed25519(key, message)
        case "HS":
            return crypto.hs(unb64(key["k"]), message, sha)
    raise ValueError(alg)


def seal(header64, payload64, signer):
    """The token of two encoded parts; `signer` makes the signature's bytes of the signing input."""
    signed = f"{header64}.{payload64}"
    return f"{signed}.{b64(signer(signed.encode()))}"


def token(alg="ES256", payload=None, header=None, key=None, kid=True, **more):
    """A well-signed token. `more` adds header members; `header` replaces the header, `payload` the claims."""
    key = key or KEY_OF[alg]
    if header is None:
        header = {"alg": alg} | ({"kid": key} if kid is True else {"kid": kid} if kid else {}) | more
    return seal(encode(header), encode(claims() if payload is None else payload), lambda m: sign(alg, key, m))


def public(name, **changes):
    """The public JWK of a test key, its kid the key's name; a change to None leaves the member out."""
    key = KEYS[name]
    members = {"RSA": "kty n e", "EC": "kty crv x y", "OKP": "kty crv x", "oct": "kty k"}[key["kty"]].split()
    jwk = {m: key[m] for m in members} | {"kid": name} | changes
    return {k: v for k, v in jwk.items() if v is not None}


def jwks(*keys):
    return {"keys": [public(k) if isinstance(k, str) else k for k in keys]}


def options(algorithms="ES256", **changes):
    algorithms = [algorithms] if isinstance(algorithms, str) else algorithms
    default = {"algorithms": algorithms, "issuer": ISSUER, "audience": AUDIENCE, "now": NOW}
    return {k: v for k, v in (default | changes).items() if v is not None}


def alg_of(text):
    """The algorithm a token's header names, for default options and keys."""
    try:
        return json.loads(unb64(text.split(".")[0]))["alg"]
    except Exception:
        return "ES256"


class Suite:
    def __init__(self, name, source):
        self.name, self.source, self.cases = name, source, []

    def _add(self, name, why, text, keys, opts, expect):
        alg = alg_of(text) if isinstance(text, str) else "ES256"
        known = alg if isinstance(alg, str) and alg in KEY_OF else "ES256"
        case = {"name": name}
        case |= {"token": text} if isinstance(text, str) else {"token_repeat": text}
        case["keys"] = jwks(KEY_OF[known]) if keys is None else None if keys is Null else keys
        case["options"] = options(known) if opts is None else opts
        case |= {"expect": expect, "why": why}
        assert name not in [c["name"] for c in self.cases], name
        self.cases.append(case)

    def ok(self, name, why, text, keys=None, opts=None, expect=None):
        """Accepted. `expect`: claims that must come out (or {"payload": …})."""
        expect = {} if expect is None else expect if "payload" in expect else {"claims": expect}
        self._add(name, why, text, keys, opts, {"ok": True} | expect)

    def no(self, name, why, text, code=None, keys=None, opts=None):
        """Refused, with this code or one of these."""
        self._add(name, why, text, keys, opts, {"ok": False} | ({"code": code} if code else {}))

    def document(self):
        return {"suite": self.name, "source": self.source, "cases": self.cases}

"""The JOSE header: algorithm games, `crit`, `typ`, embedded keys, `kid`."""

import base64

import crypto
from crypto import b64, octets, integer
from jose import *


def unsigned(header, payload=None, signature=""):
    return f"{encode(header)}.{encode(claims() if payload is None else payload)}.{signature}"


def spki(key):
    """The DER SubjectPublicKeyInfo of a test key (RFC 8017 A.1.1, RFC 5480 §2)."""
    key = KEYS[key]

    def tlv(tag, body):
        size = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big") if len(body) > 255 \
            else b"\x81" + bytes([len(body)])
        return bytes([tag]) + size + body

    def number(value):
        data = octets(value)
        return tlv(2, b"\0" + data if data[0] & 0x80 else data)

    if key["kty"] == "RSA":
        rsa = tlv(0x30, number(integer(key["n"])) + number(integer(key["e"])))
        oid = bytes.fromhex("300d06092a864886f70d0101010500")
        return tlv(0x30, oid + tlv(3, b"\0" + rsa)), rsa
    oid = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
    return tlv(0x30, oid + tlv(3, b"\0\x04" + unb64(key["x"]) + unb64(key["y"]))), None


def pem(der, label="PUBLIC KEY", newline="\n"):
    text = base64.b64encode(der).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return newline.join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def forged(alg, secret, kid):
    """An HMAC token made with what everybody knows."""
    return seal(encode({"alg": alg, "kid": kid}), encode(claims(sub="admin")),
                lambda m: crypto.hs(secret, m, "sha" + alg[-3:]))


def none(s):
    why = "RFC 8725 §2.1, §3.2; CVE-2015-9235 (jsonwebtoken), CVE-2018-1000125 (prime-jwt), CVE-2020-26244 (oic), " \
          "CVE-2021-22160 (Pulsar), CVE-2022-23540 (jsonwebtoken), CVE-2024-48916 (Ceph), CVE-2026-28802 (Authlib)"
    for alg in ["none", "None", "NONE", "nOnE", "nonE", "none ", " none", "none\0", "n\u043ene", "", "null"]:
        s.no(f"alg {dumps(alg)}, no signature", why + "; bis: case variants", unsigned({"alg": alg}), NO_ALGORITHM)
    s.no("alg none with the signature kept", why, unsigned({"alg": "none"}, signature=token().split(".")[2]), NO_ALGORITHM)
    s.no("alg none, two parts", why, unsigned({"alg": "none"}).rstrip("."), NO_ALGORITHM)
    s.no("alg none asked for by name", "there is no such algorithm to allow", unsigned({"alg": "none"}),
         NO_ALGORITHM + ["configuration_invalid"], opts=options(["none"]))
    s.no("alg none, no keys", why + "; CVE-2022-23540: a falsy key turned checking off", unsigned({"alg": "none"}), NO_ALGORITHM,
         keys={"keys": []})
    s.no("good alg, no keys, no signature", "CVE-2026-27962, CVE-2026-28802 (Authlib): no key is not no check",
         unsigned({"alg": "ES256"}), NO_KEY + [BAD, MALFORMED], keys={"keys": []})
    s.no("alg missing", "RFC 7515 §4.1.1: it MUST be present", unsigned({"kid": "p256"}, signature=b64(bytes(64))), NO_ALGORITHM)
    for value in [None, True, 256, ["ES256"], {"name": "ES256"}, 0]:
        s.no(f"alg is {dumps(value)}", "RFC 7515 §4.1.1: a string", unsigned({"alg": value}, signature=b64(bytes(64))), NO_ALGORITHM)
    for alg in ["es256", "Es256", "ES256 ", " ES256", "ES-256", "ES256\0", "\u0415S256", "ES256K", "ES25", "ES2560", "E\u017f256",
                "HS1", "RS1", "SHA256withRSA", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "Ed448", "ML-DSA-65",
                "constructor", "__proto__", "toString"]:
        s.no(f"alg {dumps(alg)}", "RFC 7515 §4.1.1: names are case-sensitive and closed; CVE-2026-23993 (an unknown algorithm "
             "was an empty signature)", seal(encode({"alg": alg, "kid": "p256"}), encode(claims()), lambda m: sign("ES256", "p256", m)),
             NO_ALGORITHM)
    s.no("alg unknown, signature empty", "CVE-2026-23993 (HarbourJwt): an unknown algorithm computed an empty signature",
         unsigned({"alg": "FOO", "kid": "p256"}), NO_ALGORITHM)
    s.no("unknown name on the allow-list", "the format: an unknown name allows nothing",
         seal(encode({"alg": "ES256K", "kid": "k"}), encode(claims()), lambda m: sign("ES256", "secp256k1", m)),
         NO_ALGORITHM + ["configuration_invalid"], keys=jwks(public("secp256k1", kid="k")), opts=options(["ES256K"]))
    s.no("alg twice, the first allowed", "RFC 7515 §4: duplicate names", seal(b64(b'{"alg":"ES256","alg":"none"}'), encode(claims()),
         lambda m: sign("ES256", "p256", m)), MALFORMED)
    s.no("alg twice, the last allowed", "RFC 7515 §4: duplicate names", seal(b64(b'{"alg":"none","alg":"ES256"}'), encode(claims()),
         lambda m: sign("ES256", "p256", m)), MALFORMED)
    s.no("alg twice, one escaped", "RFC 8259 §8.3: names are compared unescaped",
         seal(b64(b'{"alg":"ES256","\\u0061lg":"none"}'), encode(claims()), lambda m: sign("ES256", "p256", m)), MALFORMED)
    s.ok("alg written with an escape", "RFC 8259 §8.3: the same name", seal(b64(b'{"\\u0061lg":"\\u0045S256","kid":"p256"}'),
         encode(claims()), lambda m: sign("ES256", "p256", m)), opts=options(), keys=jwks("p256"), expect=claims())


def confusion(s):
    why = "RFC 8725 §2.1, §3.1: public key as HMAC secret; CVE-2015-9235, CVE-2016-5431, CVE-2016-10555, CVE-2017-11424, " \
          "CVE-2022-23541, CVE-2022-29217, CVE-2023-48223, CVE-2023-48238, CVE-2024-33663, CVE-2024-37568, CVE-2024-54150, CVE-2026-22817, CVE-2026-22818, " \
          "CVE-2026-34950"
    rsa_spki, pkcs1_der = spki("rsa2048")
    ec_spki, _ = spki("p256")
    rsa, ec = public("rsa2048"), public("p256")
    secrets = {
        "RSA": [
            ("SPKI PEM", pem(rsa_spki).encode()), ("SPKI PEM without the last newline", pem(rsa_spki).rstrip().encode()),
            ("SPKI PEM with CRLF", pem(rsa_spki, newline="\r\n").encode()),
            ("SPKI PEM after a blank (CVE-2026-34950)", b" " + pem(rsa_spki).encode()),
            ("PKCS#1 PEM (CVE-2017-11424)", pem(pkcs1_der, "RSA PUBLIC KEY").encode()),
            ("SPKI DER", rsa_spki), ("PKCS#1 DER", pkcs1_der), ("SPKI in bare base64", base64.b64encode(rsa_spki)),
            ("JWK text", dumps(rsa).encode()), ("JWK Set text", dumps({"keys": [rsa]}).encode()),
            ("modulus octets", unb64(rsa["n"])), ("modulus text", rsa["n"].encode()), ("exponent octets", unb64(rsa["e"])),
            ("empty secret (CVE-2026-44699)", b""), ("text undefined", b"undefined"), ("text null", b"null"),
        ],
        "EC": [
            ("SPKI PEM", pem(ec_spki).encode()), ("SPKI DER (what the fix of CVE-2024-33663 left open)", ec_spki), ("JWK text", dumps(ec).encode()),
            ("x octets", unb64(ec["x"])), ("uncompressed point", b"\x04" + unb64(ec["x"]) + unb64(ec["y"])), ("empty secret", b""),
        ],
    }
    for kty, alg, key in [("RSA", "RS256", "rsa2048"), ("EC", "ES256", "p256")]:
        for label, secret in secrets[kty]:
            text = forged("HS256", secret, key)
            s.no(f"{kty} key as HMAC secret, {label}: only {alg} allowed", why, text, "algorithm_not_allowed",
                 keys=jwks(key), opts=options(alg))
            s.no(f"{kty} key as HMAC secret, {label}: HS256 allowed too", why + "; an asymmetric key never serves HMAC", text, NO_KEY,
                 keys=jwks(key), opts=options([alg, "HS256"]))
    for alg in ["HS384", "HS512"]:
        s.no(f"RSA key as {alg} secret", why, forged(alg, pem(rsa_spki).encode(), "rsa2048"), NO_KEY, keys=jwks("rsa2048"),
             opts=options(["RS256", "HS256", "HS384", "HS512"]))
    s.no("RSA key as HMAC secret, a real secret beside it", why, seal(encode({"alg": "HS256"}), encode(claims()),
         lambda m: crypto.hs(pem(rsa_spki).encode(), m)), BAD, keys=jwks("rsa2048", "hs256"), opts=options(["RS256", "HS256"]))
    s.no("RSA key's kid, HMAC by the real secret", "the kid names an RSA key: the secret beside it is not meant",
         token("HS256", kid="rsa2048"), NO_KEY, keys=jwks("rsa2048", "hs256"), opts=options(["RS256", "HS256"]))
    s.no("Ed25519 key as HMAC secret", why, forged("HS256", unb64(KEYS["ed25519"]["x"]), "ed25519"), NO_KEY, keys=jwks("ed25519"),
         opts=options(["EdDSA", "HS256"]))
    s.no("RSA key with alg HS256", "CVE-2021-46743 (php-jwt), CVE-2024-54150 (cjwt): the key's own lie",
         forged("HS256", pem(rsa_spki).encode(), "rsa2048"), NO_KEY, keys=jwks(public("rsa2048", alg="HS256")),
         opts=options(["RS256", "HS256"]))
    s.no("secret under an asymmetric name", "an oct key never serves RS256", token("RS256", kid="hs256"), NO_KEY, keys=jwks("hs256"),
         opts=options(["RS256", "HS256"]))
    s.no("oct key in a set, HMAC not asked for", "RFC 8725 §3.1: symmetric keys need the explicit call", token("HS256"),
         "algorithm_not_allowed", keys=jwks("hs256", "rsa2048"), opts=options("RS256"))
    s.ok("oct key beside the public one, unused", "RFC 7517 §5: skipped", token("RS256"), keys=jwks("hs256", "rsa2048"))
    s.no("RS256 token, only an EC key", "kty and algorithm", token("RS256", kid="p256"), NO_KEY, keys=jwks("p256"), opts=options("RS256"))
    s.no("ES256 token, only an RSA key", "kty and algorithm", token("ES256", kid="rsa2048"), NO_KEY, keys=jwks("rsa2048"))
    s.no("EdDSA token, only an EC key", "kty and algorithm", token("EdDSA", kid="p256"), NO_KEY, keys=jwks("p256"))
    s.no("ES256 token, P-384 key", "RFC 7518 §3.4: the curve is part of the algorithm", token("ES256", kid="p384"), NO_KEY,
         keys=jwks("p384"), opts=options(["ES256", "ES384"]))
    s.no("ES384 named, signed on P-256", "RFC 7518 §3.4", seal(encode({"alg": "ES384", "kid": "p256"}), encode(claims()),
         lambda m: sign("ES256", "p256", m)), NO_KEY, keys=jwks("p256"), opts=options(["ES256", "ES384"]))
    s.no("ES256 with a secp256k1 key", "RFC 8812 §3.2: ES256K is another algorithm", token("ES256", key="secp256k1"), NO_KEY,
         keys=jwks("secp256k1"))


def critical(s):
    why = "RFC 7515 §4.1.11; CVE-2025-59420 (Authlib), CVE-2026-32597 (PyJWT), CVE-2026-35042 (fast-jwt)"
    for name, more in {
        "unknown extension": {"crit": ["http://example.com/UNDEFINED"], "http://example.com/UNDEFINED": True},
        "unknown short name": {"crit": ["exp"], "exp": NOW + 600},
        "extension absent from the header": {"crit": ["bork"]},
        "empty list": {"crit": []},
        "a registered name": {"crit": ["alg"]},
        "kid, which is registered": {"crit": ["kid"]},
        "crit itself": {"crit": ["crit"]},
        "duplicate entries": {"crit": ["x", "x"], "x": 1},
        "one known to some, one not": {"crit": ["b64", "x"], "b64": True, "x": 1},
        "a string": {"crit": "exp", "exp": NOW + 600},
        "a number": {"crit": 1},
        "null": {"crit": None},
        "true": {"crit": True},
        "an object": {"crit": {"exp": True}, "exp": 1},
        "a list of numbers": {"crit": [1]},
        "a list with null": {"crit": [None]},
        "a list with an empty name": {"crit": [""], "": 1},
        "a nested list": {"crit": [["exp"]], "exp": 1},
        "cnf, which enforces": {"crit": ["cnf"], "cnf": {"jkt": "x"}},
        "b64 false (RFC 7797)": {"crit": ["b64"], "b64": False},
        "b64 true (RFC 7797 §7: must not be listed so)": {"crit": ["b64"], "b64": True},
        "ppt (RFC 8225)": {"crit": ["ppt"], "ppt": "shaken"},
    }.items():
        s.no(f"crit: {name}", why, token(**more), ["critical_header", MALFORMED])
    s.no("b64 false without crit", "RFC 7797 §6 demands crit; silently unencoded payloads are another message", token(b64=False),
         ["critical_header", MALFORMED])
    s.no("b64 is a string", "RFC 7797 §3: a boolean", token(b64="false"), ["critical_header", MALFORMED])
    s.no("b64 false, payload signed as it is", "RFC 7797 §5.2 (unencoded payload)", (lambda h, p: f"{h}.{p}." + b64(
         sign("ES256", "p256", f"{h}.{p}".encode())))(encode({"alg": "ES256", "kid": "p256", "b64": False, "crit": ["b64"]}),
         '{"sub":"admin"}'), ["critical_header", MALFORMED])
    s.no("detached payload signed unencoded", "RFC 7797 §5.2 with RFC 7515 appendix F", (lambda h: f"{h}.." + b64(
         sign("ES256", "p256", f"{h}.".encode() + dumps(claims()).encode())))(encode({"alg": "ES256", "kid": "p256", "b64": False,
         "crit": ["b64"]})), ["critical_header", MALFORMED])
    for zip_value in ["DEF", "GZIP", "", None, True]:
        s.no(f"zip {dumps(zip_value)}", "a JWS is never compressed; RFC 8725bis on compression, CVE-2024-21319, CVE-2024-28176, "
             "CVE-2024-28180, CVE-2024-28122, CVE-2024-29371, CVE-2025-62706", token(zip=zip_value), ["critical_header", MALFORMED])


def embedded(s):
    why = "RFC 8725 §3.10; RFC 7515 §10.13; CVE-2018-0114 (node-jose), CVE-2026-27962 (Authlib): keys from the token are never trusted"
    attacker = public("p256-other", kid=None)
    for kid in ["p256", None]:
        suffix = "" if kid else ", no kid"
        s.no(f"jwk of the attacker{suffix}", why, token(key="p256-other", kid=kid, jwk=attacker), BAD)
    s.no("jwk of the attacker, no key at hand", why, token(key="p256-other", kid=None, jwk=attacker), NO_KEY, keys={"keys": []})
    s.no("jwk of the attacker under an unknown kid", why, token(key="p256-other", jwk=public("p256-other")), NO_KEY)
    s.no("jwk that is a secret", why, token("HS256", key="hs256-other", kid=None, jwk=public("hs256-other")), BAD)
    s.no("jku of the attacker", "RFC 8725 §3.10; CVE-2024-21643: a key set's address in a token is server-side request forgery",
         token(key="p256-other", kid="p256", jku="https://attacker.example/jwks.json"), BAD)
    s.no("jku on loopback, unknown kid", "never fetched", token(key="p256-other", kid="evil", jku="http://127.0.0.1:9/jwks"), NO_KEY)
    for name in ["x5u", "x5c", "x5t", "x5t#S256"]:
        value = ["MIIB"] if name == "x5c" else "https://attacker.example/cert"
        s.no(f"{name} of the attacker", "RFC 8725 §3.10", token(key="p256-other", kid="p256", **{name: value}), BAD)
    for name, value in {"jwk": public("p256"), "jku": "https://attacker.example/jwks.json", "x5u": "https://attacker.example/c.pem",
                        "x5c": ["AAAA"], "x5t": "AAAA", "x5t#S256": "AAAA", "cty": "JWT", "ppt": "x", "url": "https://x", "nonce": "n",
                        "jwt": "x", "iv": "AAAA", "unknown": {"deep": [1, {"a": None}]}}.items():
        s.ok(f"honest token with {name}", "RFC 7515 §4: what is not understood and not critical is ignored", token(**{name: value}),
             expect=claims())


def types(s):
    at = "RFC 8725 §3.11, RFC 9068 §4, RFC 7515 §4.1.9"
    for found, wanted, ok in [
        ("at+jwt", "at+jwt", True), ("application/at+jwt", "at+jwt", True), ("at+jwt", "application/at+jwt", True),
        ("AT+JWT", "at+jwt", True), ("APPLICATION/AT+JWT", "at+jwt", True), ("JWT", "JWT", True), ("jwt", "JWT", True),
        ("secevent+jwt", "at+jwt", False), ("JWT", "at+jwt", False), ("at+jwt", "JWT", False), ("", "at+jwt", False),
        ("at+jwt ", "at+jwt", False), (" at+jwt", "at+jwt", False), ("at+jwt;v=1", "at+jwt", False),
        ("application/application/at+jwt", "at+jwt", False), ("x/at+jwt", "at+jwt", False), ("text/at+jwt", "at+jwt", False),
        ("at+jwtx", "at+jwt", False), ("at jwt", "at+jwt", False), ("at+jwt\0", "at+jwt", False), ("dpop+jwt", "at+jwt", False),
        ("logout+jwt", "JWT", False), ("a\u0167+jwt", "at+jwt", False),
    ]:
        case = (f"typ {dumps(found)} where {dumps(wanted)} is expected", at, token(typ=found))
        s.ok(*case, opts=options(type=wanted)) if ok else s.no(*case, "type_mismatch", opts=options(type=wanted))
    s.no("typ absent where at+jwt is expected", at, token(), "type_mismatch", opts=options(type="at+jwt"))
    s.no("typ as a claim does not count", at, token(payload=claims(typ="at+jwt")), "type_mismatch", opts=options(type="at+jwt"))
    for value in [None, 1, ["at+jwt"], {"at+jwt": 1}, True]:
        s.no(f"typ is {dumps(value)}", "RFC 7515 §4.1.9: a string", token(typ=value), [MALFORMED, "type_mismatch"],
             opts=options(type="at+jwt"))
    s.ok("any typ where none is expected", "the format: absent means any", token(typ="anything+jwt"))
    s.ok("no typ where none is expected", "RFC 7519 §5.1: optional", token())
    s.no("id_token for an access token", "RFC 8725 §2.8 cross-JWT confusion, §3.12", token(typ="JWT", payload=claims(nonce="n")),
         "type_mismatch", opts=options(type="at+jwt"))
    s.no("logout token for an access token", "RFC 8725 §2.8; OpenID Back-Channel Logout §2.4", token(typ="logout+jwt", payload=claims(
         events={"http://schemas.openid.net/event/backchannel-logout": {}})), "type_mismatch", opts=options(type="at+jwt"))


def key_ids(s):
    for kid in ["unknown", "P256", "p256 ", " p256", "p256\0", "p25", "p2566", "", "__proto__", "constructor", "toString", "hasOwnProperty",
                "../../../../dev/null", "/dev/null", "file:///etc/passwd", "' OR '1'='1", "p256' UNION SELECT 'x", "$(id)", "|id", "*",
                "p256\n", "http://127.0.0.1:9/key", "0", "\u0440256", "p256\u200b"]:
        s.no(f"kid {dumps(kid)}", "RFC 8725 §3.10 (kid injection); CVE-2021-46743 (php-jwt), CVE-2024-34273 (njwt: prototype pollution by the parser)",
             token(kid=kid) if kid else token(header={"alg": "ES256", "kid": ""}), NO_KEY)
    for kid in [None, 256, True, ["p256"], {"p256": 1}, 0]:
        s.no(f"kid is {dumps(kid)}", "RFC 7515 §4.1.4: a string", token(header={"alg": "ES256", "kid": kid}), [MALFORMED])
    s.no("HMAC with the empty secret, kid of a file", "RFC 8725 §3.10: kid to /dev/null gave an empty key; CVE-2025-65945 (node-jws): the secret was looked up by what the token says",
         seal(encode({"alg": "HS256", "kid": "/dev/null"}), encode(claims()), lambda m: crypto.hs(b"", m)), NO_KEY)
    s.no("kid twice", "RFC 7515 §4: duplicate names", seal(b64(b'{"alg":"ES256","kid":"p256","kid":"evil"}'), encode(claims()),
         lambda m: sign("ES256", "p256", m)), MALFORMED)
    s.ok("kid with escapes", "RFC 8259 §8.3", seal(b64(b'{"alg":"ES256","kid":"p\\u003256"}'), encode(claims()),
         lambda m: sign("ES256", "p256", m)), expect=claims())
    s.ok("kid non-ASCII", "RFC 7515 §4.1.4: any string", token(kid="schl\u00fcssel-\U0001F511"),
         keys=jwks(public("p256", kid="schl\u00fcssel-\U0001F511")))
    s.no("kid decomposed", "RFC 7515 §5.3: compared without normalization", token(kid="schlu\u0308ssel"),
         NO_KEY, keys=jwks(public("p256", kid="schl\u00fcssel")))
    s.ok("kid of a URL", "a name like any other", token(kid="https://issuer.example/keys/1"),
         keys=jwks(public("p256", kid="https://issuer.example/keys/1")))
    s.ok("kid __proto__ that is there", "a name like any other", token(kid="__proto__"), keys=jwks(public("p256", kid="__proto__")))
    s.no("kid of 10 KB", "RFC 8725 §3.10; bounded before any lookup", token(kid="k" * 10240), [MALFORMED, "token_too_large"] + NO_KEY)
    s.no("kid of 10 KB that is there", "the bound holds for both sides", token(kid="k" * 10240),
         [MALFORMED, "token_too_large"] + NO_KEY, keys=jwks(public("p256", kid="k" * 10240)))


def build():
    s = Suite("header", "RFC 7515 §4, RFC 8725 §2-3 and its update, and the CVEs named at each case")
    for part in [none, confusion, critical, embedded, types, key_ids]:
        part(s)
    return s

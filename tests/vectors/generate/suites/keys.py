"""Keys that must not be used, and key sets in which exactly one must be found."""

import crypto
from crypto import CURVES, Edwards, b64, integer, octets, unb64
from jose import *

EC = "RFC 8725 §3.4; RFC 7518 §6.2.1.2; CVE-2016-9121, CVE-2017-12974, CVE-2017-16007 (invalid curve)"


def rsa(s):
    for bits in [3072, 4096, 8192]:
        for alg in ["RS256", "PS512"]:
            s.ok(f"RSA {bits} bits, {alg}", "common and larger sizes", token(alg, key=f"rsa{bits}"), keys=jwks(f"rsa{bits}"))
    weak = "RFC 7518 §3.3: 2048 bits or larger; CVE-2022-23539 (jsonwebtoken), CVE-2025-45768 (PyJWT) and kin: weak keys accepted"
    s.no("RSA 1024 bits", weak, token("RS256", key="rsa1024"), NO_KEY, keys=jwks("rsa1024"))
    s.no("RSA 1024 bits, PS256", weak, token("PS256", key="rsa1024"), NO_KEY, keys=jwks("rsa1024"))
    s.no("RSA 2047 bits", weak + "; a bit short", token("RS256", key="rsa2047"), NO_KEY, keys=jwks("rsa2047"))
    s.no("RSA 8200 bits", "bounded work: ring, WebCrypto and core end at 8192", token("RS256", key="rsa8200"), NO_KEY, keys=jwks("rsa8200"))
    for name, label in [("rsa2048-e3", "3"), ("rsa2048-e17", "17")]:
        s.no(f"RSA exponent {label}", "FIPS 186-5 §5.1: e >= 65537; Bleichenbacher 2006", token("RS256", key=name), NO_KEY, keys=jwks(name))
    s.no("RSA key with the ROCA structure", "CVE-2017-15361: such a modulus is factored in hours to days; Wycheproof's rejectsKeyWithRocaVulnerability",
         token("RS256", key="rsa2048-roca"), NO_KEY, keys=jwks("rsa2048-roca"))
    s.no("RSA exponent of 41 bits", "verification work is bounded: e < 2^33, as in ring", token("RS256", key="rsa2048-e40bit"), NO_KEY,
         keys=jwks("rsa2048-e40bit"))
    s.ok("RSA exponent 65539", "odd and large enough", token("RS256", key="rsa2048-e65539"), keys=jwks("rsa2048-e65539"))
    s.ok("RSA exponent 2^32 + 1", "odd and below 2^33", token("RS256", key="rsa2048-e2p32p1"), keys=jwks("rsa2048-e2p32p1"))
    key = KEYS["rsa2048"]

    def with_exponent(value, make):
        return (seal(encode({"alg": "RS256", "kid": "rsa2048"}), encode(claims()), make),
                jwks(public("rsa2048", e=b64(octets(value)))))

    def encoded(message):
        import hashlib
        t = crypto.DIGEST_INFO["sha256"] + hashlib.sha256(message).digest()
        return b"\x00\x01" + b"\xff" * (256 - len(t) - 3) + b"\x00" + t

    text, keys = with_exponent(1, encoded)
    s.no("RSA exponent 1, the padded hash as signature", "s^1 = s: everybody signs", text, NO_KEY, keys=keys)
    for label, value in {"0": 0, "2": 2, "65536": 65536, "n": integer(key["n"])}.items():
        text, keys = with_exponent(value, lambda m: sign("RS256", "rsa2048", m))
        s.no(f"RSA exponent {label}", "FIPS 186-5 §5.1: odd, at least 65537", text, NO_KEY, keys=keys)
    good = token("RS256")
    for label, change in {
        "n even": {"n": b64(octets(integer(key["n"]) - 1))}, "n empty": {"n": ""}, "n zero": {"n": "AA"}, "n missing": {"n": None},
        "e empty": {"e": ""}, "e missing": {"e": None}, "n a number": {"n": 3}, "e a number": {"e": 65537}, "n a list": {"n": [key["n"]]},
        "n in hex": {"n": "00" + f"{integer(key['n']):x}"}, "n with padding": {"n": key["n"] + "=="}, "n with a newline": {"n": key["n"] + "\n"},
        "n with a blank inside": {"n": key["n"][:20] + " " + key["n"][20:]}, "n in plain base64": {"n": key["n"].replace("-", "+").replace("_", "/")},
        "e in decimal": {"e": "65537"}, "n with trailing bits": {"n": key["n"][:-1] + chr(ord(key["n"][-1]) + 1)},
        "n a power of two": {"n": b64(b"\x80" + bytes(255))},
    }.items():
        s.no(f"RSA key: {label}", "RFC 7518 §6.3.1: base64urlUInt, strictly", good, NO_KEY, keys=jwks(public("rsa2048", **change)))
    for label, change in {"n": {"n": b64(b"\0" + unb64(key["n"]))}, "e": {"e": b64(b"\0\0" + unb64(key["e"]))}}.items():
        s.ok(f"RSA key: {label} with zero octets before", "RFC 7518 §6.3.1.1 knows libraries that write them: the number is the same",
             good, keys=jwks(public("rsa2048", **change)))
    s.no("RSA key: kty EC", "kty decides", good, NO_KEY, keys=jwks(public("rsa2048", kty="EC", crv="P-256")))


def ec(s):
    for alg, key in [("ES256", "p256"), ("ES384", "p384"), ("ES512", "p521")]:
        curve, jwk, good = CURVES[KEYS[key]["crv"]], public(key), token(alg)
        x, y, size = integer(jwk["x"]), integer(jwk["y"]), curve.length
        other = {"P-256": "P-384", "P-384": "P-521", "P-521": "P-256"}[jwk["crv"]]
        for label, change in {
            "off the curve, y + 1": {"y": b64(octets(y + 1, size))},
            "off the curve, x and y swapped": {"x": jwk["y"], "y": jwk["x"]},
            "(0, 0)": {"x": b64(bytes(size)), "y": b64(bytes(size))},
            "(0, 1)": {"x": b64(bytes(size)), "y": b64(octets(1, size))},
            "x = p": {"x": b64(octets(curve.p, size))},
            "x + p where it fits, else all ones": {"x": b64(octets(x + curve.p if x + curve.p < 1 << 8 * size else (1 << 8 * size) - 1, size))},
            "y all ones": {"y": b64(b"\xff" * size)},
            "x one octet short": {"x": b64(unb64(jwk["x"])[1:])},
            "x with a zero octet before": {"x": b64(b"\0" + unb64(jwk["x"]))},
            "y empty": {"y": ""}, "y missing": {"y": None}, "x missing": {"x": None}, "crv missing": {"crv": None},
            "x a number": {"x": 5}, "crv a number": {"crv": 256}, "x with padding": {"x": jwk["x"] + "="},
            "compressed point in x": {"x": b64(bytes([2 + y % 2]) + unb64(jwk["x"])), "y": None},
            "another curve's name": {"crv": other}, "curve name in lower case": {"crv": jwk["crv"].lower()},
            "curve's SECG name": {"crv": "secp256r1"}, "curve's other name": {"crv": "prime256v1"}, "Ed25519's name": {"crv": "Ed25519"},
        }.items():
            s.no(f"{jwk['crv']} key: {label}", EC, good, NO_KEY, keys=jwks(public(key, **change)))
        s.no(f"{jwk['crv']} key: the negated point", "on the curve, but another key", good, BAD, keys=jwks(public(key, y=b64(octets(curve.p - y, size)))))
        s.no(f"{jwk['crv']} key: the generator", "on the curve, but another key", good, BAD,
             keys=jwks(public(key, x=b64(octets(curve.g[0], size)), y=b64(octets(curve.g[1], size)))))
    for key, alg in [("p256-zero", "ES256"), ("p521-zero", "ES512")]:
        jwk = public(key)
        s.ok(f"{jwk['crv']} key whose x begins with a zero octet", "RFC 7518 §6.2.1.2: full length", token(alg, key=key), keys=jwks(key))
        s.no(f"{jwk['crv']} key whose x lacks its zero octet", "RFC 7518 §6.2.1.2: MUST be the full size", token(alg, key=key), NO_KEY,
             keys=jwks(public(key, x=b64(unb64(jwk["x"]).lstrip(b"\0")))))


def okp(s):
    good, jwk = token("EdDSA"), public("ed25519")
    raw = unb64(jwk["x"])
    for label, change in {
        "31 octets": {"x": b64(raw[:31])}, "33 octets": {"x": b64(raw + b"\0")}, "57 octets": {"x": b64(raw + bytes(25))}, "empty": {"x": ""},
        "missing": {"x": None}, "a number": {"x": 7}, "padded": {"x": jwk["x"] + "="}, "crv X25519": {"crv": "X25519"}, "crv Ed448": {"crv": "Ed448"},
        "crv in lower case": {"crv": "ed25519"}, "crv missing": {"crv": None}, "kty EC": {"kty": "EC"}, "y = 2, no such point": {"x": b64(b"\2" + bytes(31))},
        "y = p": {"x": b64(crypto.P25519.to_bytes(32, "little"))}, "y = p + 3": {"x": b64((crypto.P25519 + 3).to_bytes(32, "little"))},
    }.items():
        s.no(f"Ed25519 key: {label}", "RFC 8037 §2, RFC 8032 §5.1.3", good, NO_KEY, keys=jwks(public("ed25519", **change)))
    # Under a key of small order a signature can be made without any secret: R = S·B, for every message where k·A vanishes.
    for index, point in enumerate(crypto.small_order_points()):
        encoded = Edwards.encode(point)

        def forge(message):
            for scalar in range(1, 400):
                r = Edwards.encode(Edwards.multiply(scalar, crypto.BASE25519))
                if Edwards.multiply(crypto.ed25519_challenge(r, encoded, message) % 8, point) == (0, 1):
                    return r + scalar.to_bytes(32, "little")
            raise AssertionError
        text = seal(encode({"alg": "EdDSA", "kid": "ed25519"}), encode(claims(sub="admin")), forge)
        s.no(f"Ed25519 key: point {index} of small order, signature without a secret", "\"Taming the many EdDSAs\" (2020); RFC 8725 §3.4",
             text, NO_KEY, keys=jwks(public("ed25519", x=b64(encoded))))
        if point[0] == 0:
            sign_set = (point[1] | 1 << 255).to_bytes(32, "little")
            s.no(f"Ed25519 key: point {index} with the sign of zero", "RFC 8032 §5.1.3 step 4", text, NO_KEY, keys=jwks(public("ed25519", x=b64(sign_set))))


def octets_keys(s):
    why = "RFC 7518 §3.2: at least the hash's size; RFC 8725 §3.5; CVE-2026-44351 (fast-jwt), CVE-2026-45363 (ruby-jwt): empty secrets"
    for alg, key in [("HS256", "hs-short"), ("HS256", "hs-tiny"), ("HS384", "hs256"), ("HS512", "hs256"), ("HS512", "hs384")]:
        s.no(f"{alg}: secret of {len(unb64(KEYS[key]['k']))} octets", why, token(alg, key=key), NO_KEY, keys=jwks(key))
    for label, k in {"empty": "", "one zero octet": "AA", "missing": None, "null": Null, "a number": 5, "padded": KEYS["hs256"]["k"] + "=",
                     "in plain base64": "+/" + KEYS["hs256"]["k"][2:]}.items():
        secret = unb64(k) if isinstance(k, str) and set(k) <= set("A") else unb64(KEYS["hs256"]["k"])
        jwk = public("hs256") | {"k": None if k is Null else k}
        if k is None:
            del jwk["k"]
        s.no(f"HS256: k {label}", why, seal(encode({"alg": "HS256", "kid": "hs256"}), encode(claims()), lambda m: crypto.hs(secret, m)), NO_KEY,
             keys=jwks(jwk))
    s.no("HS256: secret in an EC key", "an oct key alone serves HMAC", token("HS256"), NO_KEY, keys=jwks(public("p256", kid="hs256", k=KEYS["hs256"]["k"])))
    s.no("HS256: kty in capitals", "RFC 7517 §4.1: case-sensitive", token("HS256"), NO_KEY, keys=jwks(public("hs256", kty="OCT")))


def purpose(s):
    why = "RFC 7517 §4.2-4.4; RFC 8725 §3.1: a key is bound to its purpose"
    for alg in ["RS256", "ES256", "EdDSA", "HS256"]:
        key = KEY_OF[alg]
        other = {"RS256": "RS512", "ES256": "ES384", "EdDSA": "Ed448", "HS256": "HS512"}[alg]
        for label, change in {
            "use enc": {"use": "enc"}, "use SIG": {"use": "SIG"}, "use empty": {"use": ""}, "use a list": {"use": ["sig"]},
            "use true": {"use": True},
            "key_ops sign alone": {"key_ops": ["sign"]}, "key_ops empty": {"key_ops": []}, "key_ops encrypt": {"key_ops": ["encrypt", "decrypt"]},
            "key_ops a string": {"key_ops": "verify"}, "key_ops in capitals": {"key_ops": ["VERIFY"]}, "key_ops of numbers": {"key_ops": [1]},
            "use sig, key_ops deriveBits": {"use": "sig", "key_ops": ["deriveBits"]}, "use enc, key_ops verify": {"use": "enc", "key_ops": ["verify"]},
            f"alg {other}": {"alg": other}, "alg none": {"alg": "none"}, "alg of encryption": {"alg": "RSA-OAEP-256"}, "alg in lower case": {"alg": alg.lower()},
            "alg a list": {"alg": [alg]}, "alg empty": {"alg": ""}, "kty unknown": {"kty": "AKP"}, "kty missing": {"kty": None},
            "kty in other case": {"kty": public(key)["kty"].swapcase()}, "kid a number": {"kid": 1},
        }.items():
            s.no(f"{alg} key: {label}", why, token(alg), NO_KEY, keys=jwks(public(key, **change)))
        for label, change in {
            "use sig": {"use": "sig"}, "key_ops verify": {"key_ops": ["verify"]}, "key_ops sign and verify": {"key_ops": ["sign", "verify"]},
            "alg, use, key_ops": {"alg": alg, "use": "sig", "key_ops": ["verify"]}, "unknown members": {"ext": True, "nbf": 1, "x-issuer": {"a": 1}},
            "x5c and x5t ignored": {"x5c": ["AAAA"], "x5t": "AAAA", "x5t#S256": "BBBB", "x5u": "https://attacker.example"},
        }.items():
            s.ok(f"{alg} key: {label}", why, token(alg), keys=jwks(public(key, **change)))
    s.ok("RS256 key used with PS256, no alg", "RFC 7518 §6.3: an RSA key without alg serves both families", token("PS256"), keys=jwks("rsa2048"))
    s.no("RS256 key used with PS256", "RFC 8725 §3.1: the key says RS256", token("PS256"), NO_KEY, keys=jwks(public("rsa2048", alg="RS256")),
         opts=options(["RS256", "PS256"]))


def choice(s):
    why = "the format: exactly one key must be left"
    s.no("no keys", why, token(), "key_not_found", keys={"keys": []})
    s.no("no such kid", why, token(), "key_not_found", keys=jwks(public("p256", kid="other")))
    s.no("kid in the token, none on the key", "the token names a key: one without a name is not it", token(), NO_KEY, keys=jwks(public("p256", kid=None)))
    s.no("the key twice under one kid", "choosing would be a guess", token(), "key_ambiguous", keys=jwks("p256", "p256"))
    s.no("two keys under one kid", "choosing would be a guess", token(), "key_ambiguous", keys=jwks("p256", public("p256-other", kid="p256")))
    s.no("two keys, none named by the token", "choosing would be a guess", token(kid=None), "key_ambiguous", keys=jwks("p256", "p256-other"))
    s.ok("two keys, told apart by kid", why, token(), keys=jwks("p256-other", "p256"))
    s.ok("two keys without kid in the token, told apart by type", why, token(kid=None), keys=jwks("rsa2048", "p256", "p384", "ed25519"))
    s.ok("two keys under one kid, told apart by type", why, token(), keys=jwks(public("rsa2048", kid="p256"), "p256"))
    s.ok("two keys under one kid, told apart by curve", why, token(), keys=jwks(public("p384", kid="p256"), "p256"))
    s.ok("two keys under one kid, told apart by alg", why, token("PS256", kid="k"), keys=jwks(public("rsa2048-other", kid="k", alg="RS256"),
         public("rsa2048", kid="k", alg="PS256")), opts=options(["RS256", "PS256"]))
    s.ok("two keys under one kid, told apart by use", why, token(), keys=jwks(public("p256-other", kid="p256", use="enc"), public("p256", use="sig")))
    s.ok("two keys under one kid, told apart by key_ops", why, token(), keys=jwks(public("p256-other", kid="p256", key_ops=["deriveBits"]),
         public("p256", key_ops=["verify"])))
    s.ok("a weak key under the same kid is skipped", "a key that must not be imported is skipped", token("RS256"), keys=jwks(public("rsa1024", kid="rsa2048"), "rsa2048"))
    s.ok("unknown and broken keys beside a good one", "RFC 7517 §5: unknown kty, missing members, unsupported values are ignored", token(), keys={"keys": [
        {"kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA", "kid": "pq"}, {"kty": "OKP", "crv": "X25519", "x": b64(bytes(32)), "kid": "dh"},
        {"kty": "RSA", "kid": "broken"}, {"kid": "nothing"}, {}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "off"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "secret"}, public("rsa1024"), public("p256")]}, expect=claims())
    s.ok("keys that are no objects beside a good one", "RFC 7517 §5", token(), keys={"keys": [None, "x", 1, [], True, public("p256")]})
    s.ok("members beside keys", "RFC 7517 §5: additional members are ignored", token(), keys={"issuer": "x", "keys": [public("p256")], "next": None})
    s.ok("200 keys", "large providers publish dozens", token(), keys={"keys": [{"kty": "EC", "crv": "P-256", "kid": f"k{i}", "x": public("p256-other")["x"],
         "y": public("p256-other")["y"]} for i in range(200)] + [public("p256")]})
    for label, keys in {"an array": [public("p256")], "a bare key": public("p256"), "keys an object": {"keys": public("p256")}, "keys null": {"keys": None},
                        "keys a string": {"keys": "p256"}, "an empty object": {}, "Keys in capitals": {"KEYS": [public("p256")]}, "null": Null, "a string": "x",
                        "a number": 1}.items():
        s.no(f"key set is {label}", "RFC 7517 §5: an object with an array keys", token(), NO_KEY + ["configuration_invalid"], keys=keys)
    s.no("a private key of another kind is no key", "never used as a secret", token("HS256", key="hs256", kid="p256"), NO_KEY,
         keys=jwks(public("p256", d=KEYS["p256"]["d"])), opts=options(["ES256", "HS256"]))


def build():
    s = Suite("keys", "RFC 7517, RFC 7518 §6, RFC 8037 §2, RFC 8725 §3.4-3.5; CVEs named at each case")
    for part in [rsa, ec, okp, octets_keys, purpose, choice]:
        part(s)
    return s

#!/usr/bin/env python3
"""Converts Wycheproof's files into ours: `convert.py FOLDER [OUT] [--check]`.

FOLDER holds the originals (`*_test.json`). Each becomes `OUT/<name>.json`, by default beside this script. What we
refuse and Wycheproof does not demand to be refused is listed under `stricter` with the reason, what cannot be asked
under `excluded`. Only Python's standard library; the same input gives the same output.
"""

import base64
import hashlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
HASHES = {"SHA-256": ("256", 32), "SHA-384": ("384", 48), "SHA-512": ("512", 64)}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def hex64(text):
    return b64(bytes.fromhex(text))


def number64(text):
    value = int(text, 16)
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Suite:
    def __init__(self, name, data):
        self.data = data
        digest = hashlib.sha256(data).hexdigest()
        self.document = {"suite": f"wycheproof-{name}", "source": f"Wycheproof {name}_test.json, SHA-256 {digest}; Apache-2.0, see LICENSE"}
        self.body, self.stricter, self.excluded = [], [], []

    def write(self, kind):
        document = dict(self.document)
        for name, rows in [("stricter", self.stricter), ("excluded", self.excluded)]:
            if rows:
                document[name] = rows
        head = "".join(f"{json.dumps(k)}: {json.dumps(v)},\n" for k, v in document.items())
        return "{\n" + head + f'"{kind}": [\n' + ",\n".join(self.body) + "\n]\n}\n"

    def group(self, algorithm, jwk, tests):
        if tests:
            rows = ",\n  ".join(json.dumps(test) for test in tests)
            self.body.append(f'{{"algorithm": "{algorithm}", "jwk": {json.dumps(jwk)}, "tests": [\n  {rows}]}}')

    def test(self, test, signature, ours=True, why=None):
        """One raw signature. `ours` is False where we refuse whatever Wycheproof says, for the reason `why`."""
        name = f"tc {test['tcId']}" + (f": {test['comment']}" if test["comment"] else "")
        valid = test["result"] == "valid"
        if test["result"] == "acceptable":
            self.stricter.append({"name": name, "why": "Wycheproof: acceptable, but legacy (" + ", ".join(test["flags"]) + ")"})
        if valid and not ours:
            self.stricter.append({"name": name, "why": why})
        return {"name": name, "message": hex64(test["msg"]), "signature": hex64(signature), "ok": valid and ours}


def rsa_key(group):
    key = group["publicKey"]
    jwk = {"kty": "RSA", "n": number64(key["modulus"]), "e": number64(key["publicExponent"])}
    return jwk, int(key["publicExponent"], 16) >= 65537


def ec_key(group):
    crv, algorithm = {"secp256r1": ("P-256", "ES256"), "secp384r1": ("P-384", "ES384"), "secp521r1": ("P-521", "ES512")}[group["publicKey"]["curve"]]
    point = bytes.fromhex(group["publicKey"]["uncompressed"])
    half = len(point) // 2
    return {"kty": "EC", "crv": crv, "x": b64(point[1 : half + 1]), "y": b64(point[half + 1 :])}, algorithm


def signatures(suite, document):
    """The raw signature suites: RSA, ECDSA with fixed-size signatures, Ed25519, HMAC."""
    for group in document["testGroups"]:
        kind = group["type"]
        if kind == "RsassaPkcs1Verify":
            jwk, strong = rsa_key(group)
            algorithm = "RS" + HASHES[group["sha"]][0]
            tests = [suite.test(t, t["sig"], strong, "the key's exponent is below 65537 (FIPS 186-5 §5.1)") for t in group["tests"]]
        elif kind == "RsassaPssVerify":
            if group["sha"] not in HASHES:
                for test in group["tests"]:
                    suite.excluded.append({"name": f"tc {test['tcId']}", "why": f"no JWS algorithm has PSS with {group['sha']}"})
                continue
            jwk, strong = rsa_key(group)
            bits, size = HASHES[group["sha"]]
            algorithm = "PS" + bits
            ours = strong and group["mgfSha"] == group["sha"] and group["sLen"] == size
            why = "other parameters than RFC 7518 §3.5 has" if strong else "the key's exponent is below 65537 (FIPS 186-5 §5.1)"
            tests = []
            for test in group["tests"]:
                if not ours and test["comment"] == f"s_len changed to {size}" and group["mgfSha"] == group["sha"]:
                    suite.excluded.append({"name": f"tc {test['tcId']}", "why": "invalid for this key's parameters, but valid with those of RFC 7518 §3.5"})
                else:
                    tests.append(suite.test(test, test["sig"], ours, why))
        elif kind == "EcdsaP1363Verify":
            jwk, algorithm = ec_key(group)
            tests = [suite.test(t, t["sig"]) for t in group["tests"]]
        elif kind == "EddsaVerify":
            jwk, algorithm = {"kty": "OKP", "crv": "Ed25519", "x": hex64(group["publicKey"]["pk"])}, "Ed25519"
            tests = [suite.test(t, t["sig"]) for t in group["tests"]]
        elif kind == "MacTest":
            bits = {"HMACSHA256": 256, "HMACSHA384": 384, "HMACSHA512": 512}[document["algorithm"]]
            algorithm = f"HS{bits}"
            for test in group["tests"]:
                whole, long = group["tagSize"] == bits, group["keySize"] >= bits
                why = "RFC 7518 §3.2: the tag is not truncated" if not whole else "RFC 7518 §3.2: the key is as long as the hash or longer"
                suite.group(algorithm, {"kty": "oct", "k": hex64(test["key"])}, [suite.test(test, test["tag"], whole and long, why)])
            continue
        else:
            raise ValueError(kind)
        suite.group(algorithm, jwk, tests)
    return "signatures"


# --- JOSE ----------------------------------------------------------------------------------------

NOW = 1700000000
SIGNING = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]

# Vectors that contradict their own key or their twin, or that are more lenient than RFC 7515 §2 allows.
CONTRADICTIONS = {
    "json_web_signature": {
        "Figure20": "the key says alg PS256, the token PS384: a key is bound to its algorithm (RFC 7517 §4.4)",
        "Figure27": "the key says alg ES521, which does not exist (RFC 7518 §3.1)",
        "InvalidCharacterInsertedInHeader": "a character outside base64url (RFC 7515 §2)",
        "InvalidCharacterInsertedInPayload": "a character outside base64url (RFC 7515 §2)",
    },
}


def algorithm_of(token):
    try:
        return json.loads(unb64(token.split(".")[0]))["alg"]
    except Exception:
        return None


def jose(suite, name, document):
    seen = {}
    ambiguous = {
        "jws_mixedSymmetryKeyset": "Wycheproof: ambiguous; here secrets beside public keys need the explicit call, which a case that allows HS256 makes",
        "jws_duplicate_kid": "Wycheproof: ambiguous; the second key's k has trailing bits and is skipped, so one key is left",
    }
    for group in document["testGroups"]:
        jwk = group.get("public") or group.get("private")
        keys = jwk if isinstance(jwk, dict) and "keys" in jwk else {"keys": [jwk]}
        for test in group["tests"]:
            token = test.get("jws", test.get("jwe"))
            text = token if isinstance(token, str) else json.dumps(token)
            label = f"tc {test['tcId']}: {test['comment']}"
            valid, why = test["result"] == "valid", None
            if not valid and group.get("comment") in ambiguous and test["comment"] in ("rejectsValid", "rejectsDuplicateKid"):
                suite.excluded.append({"name": label, "why": ambiguous[group["comment"]]})
                continue
            if "jwe" in test:
                why = "a JWE is no JWS (RFC 7516 §9)"
            elif valid:
                why = CONTRADICTIONS.get(name, {}).get(test["comment"])
            elif seen.get((text, json.dumps(keys))) == "valid":
                suite.excluded.append({"name": label, "why": "the same token and key as a vector that is valid: what was to be wrong with it was lost"})
                continue
            seen[text, json.dumps(keys)] = test["result"]
            if valid and why:
                suite.stricter.append({"name": label, "why": why})
            own = [k.get("alg") for k in keys["keys"] if isinstance(k, dict)]
            symmetric = any(isinstance(k, dict) and k.get("kty") == "oct" for k in keys["keys"])
            named = algorithm_of(text)
            # As Wycheproof's own runners: the key's algorithm, and where it names none whatever the token says.
            allowed = [a for a in dict.fromkeys([*own, named if None in own or (valid and not why) else None]) if a] or SIGNING
            if symmetric and not any(a.startswith("HS") for a in allowed):
                allowed += ["HS256"]
            case = {"name": label, "token": text, "keys": keys, "options": {"algorithms": allowed, "now": NOW, "payload": "bytes"}, "expect": {"ok": valid and not why}}
            if valid and not why:
                case["expect"]["payload"] = text.split(".")[1]
            elif why:
                case["why"] = why
            suite.body.append(json.dumps(case))
    return "cases"


def supported(name):
    rsa = [f"rsa_signature_{bits}_sha{sha}" for bits in (2048, 3072, 4096, 8192) for sha in (256, 384, 512)]
    pss = [f"rsa_pss_{p}" for p in ("2048_sha256_mgf1_32", "2048_sha384_mgf1_48", "3072_sha256_mgf1_32", "4096_sha256_mgf1_32", "4096_sha384_mgf1_48", "4096_sha512_mgf1_64",
                                    "2048_sha256_mgf1_0", "2048_sha256_mgf1sha1_20", "4096_sha512_mgf1_32", "misc")]
    return name in {*rsa, *pss, "ecdsa_secp256r1_sha256_p1363", "ecdsa_secp384r1_sha384_p1363", "ecdsa_secp521r1_sha512_p1363", "ed25519", "hmac_sha256", "hmac_sha384", "hmac_sha512",
                    "json_web_signature", "json_web_key", "json_web_crypto", "json_web_encryption"}


def main():
    arguments = [a for a in sys.argv[1:] if a != "--check"]
    source, out = pathlib.Path(arguments[0]), pathlib.Path(arguments[1]) if len(arguments) > 1 else HERE
    out.mkdir(exist_ok=True)
    stale = []
    for path in sorted(source.glob("*_test.json")):
        name = path.name.removesuffix("_test.json")
        if not supported(name):
            continue
        data = path.read_bytes()
        suite, document = Suite(name, data), json.loads(data)
        kind = jose(suite, name, document) if name.startswith("json_web") else signatures(suite, document)
        text, target = suite.write(kind), out / f"{name}.json"
        if "--check" in sys.argv:
            stale += [] if target.exists() and target.read_text() == text else [target.name]
        else:
            target.write_text(text)
            print(f"{target.name}: {document['numberOfTests']} vectors, stricter about {len(suite.stricter)}, {len(suite.excluded)} excluded")
    if stale:
        sys.exit(f"not fresh: {', '.join(stale)}")


main()

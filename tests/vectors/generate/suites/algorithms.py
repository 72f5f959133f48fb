"""Every algorithm signs and is accepted; every tampering with such a token is refused."""

from crypto import b64, unb64
from jose import *


def tampered(text, part, index=0, xor=1):
    parts = text.split(".")
    data = bytearray(unb64(parts[part]))
    data[index] ^= xor
    parts[part] = b64(bytes(data))
    return ".".join(parts)


def build():
    s = Suite("algorithms", "RFC 7518 §3, RFC 8037 §3.1, RFC 9864 §2: one honest token each, and what tampering does to it")
    for alg in ALGORITHMS:
        good = token(alg)
        s.ok(f"{alg}: honest token", "RFC 7515 §5.2", good, expect=claims())
        s.ok(f"{alg}: allowed beside others", "RFC 8725 §3.1: an allow-list may have several", good,
             opts=options(["RS256", "ES256", "EdDSA", "HS256"] + [alg]))
        s.ok(f"{alg}: key names its algorithm", "RFC 7517 §4.4", good,
             keys=jwks(public(KEY_OF[alg], alg=alg, use="sig", key_ops=["verify"])))
        s.ok(f"{alg}: no kid in token", "RFC 7515 §4.1.4: kid is optional", token(alg, kid=None))
        s.no(f"{alg}: changed claim", "RFC 7515 §5.2 step 8",
             ".".join([good.split(".")[0], encode(claims(sub="admin")), good.split(".")[2]]), BAD)
        s.no(f"{alg}: changed header", "the header is signed too",
             ".".join([encode({"alg": alg, "kid": KEY_OF[alg], "typ": "JWT"}), *good.split(".")[1:]]), BAD)
        s.no(f"{alg}: first signature bit flipped", "RFC 7515 §5.2 step 8", tampered(good, 2, 0, 0x80 if alg[:2] == "HS" else 1), BAD)
        s.no(f"{alg}: last signature bit flipped", "RFC 7515 §5.2 step 8", tampered(good, 2, -1), BAD)
        s.no(f"{alg}: middle signature bit flipped", "RFC 7515 §5.2 step 8",
             tampered(good, 2, len(unb64(good.split(".")[2])) // 2), BAD)
        s.no(f"{alg}: empty signature", "CVE-2020-28042 (ServiceStack): no length check before the comparison",
             good[: good.rindex(".") + 1], [BAD, MALFORMED])
        s.no(f"{alg}: signature one octet short", "RFC 7518 §3.2-3.5: lengths are exact",
             good[: good.rindex(".") + 1] + b64(unb64(good.split(".")[2])[:-1]), BAD)
        s.no(f"{alg}: signature one octet long", "RFC 7518 §3.2-3.5: lengths are exact",
             good[: good.rindex(".") + 1] + b64(unb64(good.split(".")[2]) + b"\0"), BAD)
        s.no(f"{alg}: leading zero octet", "CVE-2020-14968 (jsrsasign): zero-padded signatures were malleable",
             good[: good.rindex(".") + 1] + b64(b"\0" + unb64(good.split(".")[2])), BAD)
        s.no(f"{alg}: all-zero signature", "CVE-2022-21449 and its kin",
             good[: good.rindex(".") + 1] + b64(bytes(len(unb64(good.split(".")[2])))), BAD)
        s.no(f"{alg}: all-ones signature", "out of every range",
             good[: good.rindex(".") + 1] + b64(b"\xff" * len(unb64(good.split(".")[2]))), BAD)
        s.no(f"{alg}: signature of another message", "RFC 7515 §5.2 step 8",
             good[: good.rindex(".") + 1] + token(alg, claims(sub="b")).split(".")[2], BAD)
        s.no(f"{alg}: not on the allow-list", "RFC 8725 §3.1",
             good, "algorithm_not_allowed", opts=options("HS256" if alg != "HS256" else "HS512"),
             keys=jwks(KEY_OF[alg], "hs512"))
        s.no(f"{alg}: empty allow-list", "RFC 8725 §3.1: nothing is allowed", good,
             ["algorithm_not_allowed", "configuration_invalid"], opts=options([]))
        s.no(f"{alg}: expired", "RFC 7519 §4.1.4: a good signature does not help", token(alg, claims(exp=NOW)), "token_expired")
    other = {"RS256": "rsa2048-other", "PS256": "rsa2048-other", "ES256": "p256-other", "EdDSA": "ed25519-other",
             "HS256": "hs256-other"}
    for alg, key in other.items():
        s.no(f"{alg}: signed by another key", "the plain forgery; CVE-2017-10862 (jwt-scala), CVE-2019-13483 (passport-sharepoint), CVE-2020-15240 (omniauth-auth0), CVE-2021-29451 (Portofino): signatures were not checked at all", token(alg, key=key, kid=KEY_OF[alg]), BAD)
    # The same octets under a sibling's name: each header is signed, so the confusion is in the key's use.
    for named, used in [("RS256", "PS256"), ("PS256", "RS256"), ("RS256", "RS512"), ("RS384", "RS256"), ("PS384", "PS256"),
                        ("PS512", "PS256"), ("HS256", "HS512"), ("HS512", "HS256"), ("HS384", "HS512")]:
        key = KEY_OF[named]
        s.no(f"{named}: signed with {used}", "Wycheproof's WrongPrimitive; RFC 8725 §3.1",
             seal(encode({"alg": named, "kid": key}), encode(claims()), lambda m: sign(used, key, m)), BAD)
    s.ok("Ed25519 beside EdDSA", "RFC 9864 §2.2: two names of one signature; both allowed", token("Ed25519"),
         opts=options(["EdDSA", "Ed25519"]))
    s.no("Ed25519 is not EdDSA", "an allow-list is compared by name", token("Ed25519"), "algorithm_not_allowed", opts=options("EdDSA"))
    s.no("EdDSA is not Ed25519", "an allow-list is compared by name", token("EdDSA"), "algorithm_not_allowed", opts=options("Ed25519"))
    return s

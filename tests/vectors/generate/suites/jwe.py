"""Encrypted tokens and tokens that pose as such: none is a JWS."""

from crypto import b64
from jose import *

FORM = [MALFORMED, "algorithm_not_allowed"]


def five(header, *parts):
    return ".".join([encode(header), *(b64(p) for p in parts)])


def build():
    s = Suite("jwe", "RFC 7516; RFC 8725 §2.3, §2.4, §2.5 and its update: sign/encrypt confusion, PBES2 iteration counts, compression; "
                     "CVE-2023-51774, CVE-2024-28176, CVE-2026-29000, \"Three New Attacks Against JSON Web Tokens\" (Black Hat 2023)")
    iv, tag, cek, body = bytes(12), bytes(16), bytes(256), b"ciphertext"
    for label, header in {
        "RSA-OAEP with A256GCM": {"alg": "RSA-OAEP", "enc": "A256GCM"}, "RSA1_5 (CVE-2020-14967 and every Bleichenbacher since 1998)": {"alg": "RSA1_5", "enc": "A128CBC-HS256"},
        "dir": {"alg": "dir", "enc": "A256GCM"}, "ECDH-ES, point off the curve (CVE-2016-9121, CVE-2017-16007)": {"alg": "ECDH-ES", "enc": "A128GCM", "epk": {"kty": "EC", "crv": "P-256", "x": b64(bytes(32)), "y": b64(bytes(32))}},
        "PBES2, 2^31 - 1 iterations (CVE-2022-36083, CVE-2023-51775, CVE-2023-52428)": {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2147483647, "p2s": "AAAA"},
        "compressed (CVE-2024-28176, CVE-2024-28180, CVE-2024-21319, CVE-2024-28122, CVE-2024-29371)": {"alg": "dir", "enc": "A256GCM", "zip": "DEF"},
        "A256KW": {"alg": "A256KW", "enc": "A256CBC-HS512"}, "a signature's algorithm": {"alg": "RS256", "enc": "A256GCM"}, "alg none": {"alg": "none", "enc": "A256GCM"}, "nested token announced": {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT"},
    }.items():
        s.no(f"five parts: {label}", "RFC 7516 §9: five parts are a JWE", five(header, cek, iv, body, tag), FORM, keys=jwks("rsa2048", "p256"), opts=options(["RS256", "ES256"]))
    s.no("five parts: an unsecured token encrypted with the public key", "CVE-2026-29000 (pac4j): encrypted is not signed", five({"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "rsa2048"}, cek, iv, body, tag), FORM,
         keys=jwks("rsa2048"), opts=options("RS256"))
    s.no("five parts: all empty but the header", "RFC 7516 §9", encode({"alg": "dir", "enc": "A256GCM"}) + "....", FORM)
    for alg in ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5", "dir", "A128KW", "ECDH-ES", "PBES2-HS256+A128KW", "A256GCMKW"]:
        s.no(f"three parts under {alg}", "RFC 8725 §2.3; CVE-2023-51774 (json-jwt): a JWE's algorithm is no signature's", seal(encode({"alg": alg, "enc": "A256GCM", "kid": "p256"}), encode(claims()), lambda m: sign("ES256", "p256", m)), FORM)
        s.no(f"three parts under {alg}, asked for by name", "such a name allows nothing", seal(encode({"alg": alg, "enc": "A256GCM", "kid": "p256"}), encode(claims()), lambda m: sign("ES256", "p256", m)),
             FORM + ["configuration_invalid"], opts=options([alg]))
    s.no("JWE in JSON serialization", "RFC 7516 §7.2", dumps({"protected": encode({"alg": "dir", "enc": "A256GCM"}), "iv": "AAAA", "ciphertext": "AAAA", "tag": "AAAA"}), FORM)
    # RFC 7519 appendix A.1: encrypted to a key of RFC 7516 appendix A.2.
    s.no("RFC 7519 A.1", "an honest JWE is not a JWS either", ".".join([
        "eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0",
        "QR1Owv2ug2WyPBnbQrRARTeEk9kDO2w8qDcjiHnSJflSdv1iNqhWXaKH4MqAkQtMoNfABIPJaZm0HaA415sv3aeuBWnD8J-Ui7Ah6cWafs3ZwwFKDFUUsWHSK-IPKxLGTkND09XyjORj_CHAgOPJ-Sd8ONQRnJvWn_hXV1BNMHzUjPyYwEsRhDhzjAD26imasOTsgruobpYGoQcXUwFDn7moXPRfDE8-NoQX7N7ZYMmpUDkR-Cx9obNGwJQ3nM52YCitxoQVPzjbl7WBuB7AohdBoZOdZ24WlN1lVIeh8v1K4krB8xgKvRU8kgFrEn_a1rZgN5TiysnmzTROF869lQ",
        "AxY8DCtDaGlsbGljb3RoZQ", "MKOle7UQrG6nSxTLX6Mqwt0orbHvAKeWnDYvpIAeZ72deHxz3roJDXQyhxx0wKaMHDjUEOKIwrtkHthpqEanSBNYHZgmNOV7sln1Eu9g3J8", "fiK51VwhsxJ-siBMR-YFiA"]), FORM,
        keys=jwks("rsa2048"), opts=options(["RS256", "PS256"]))
    return s

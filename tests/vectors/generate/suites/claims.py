"""Issuer, audience, required claims, token use, and registered claims of the wrong type."""

from crypto import b64
from jose import *

CONFUSION = "RFC 8725 §2.8, §2.9, §3.8, §3.9: substitution and cross-JWT confusion"


def pay(**changes):
    return token(payload=claims(**changes))


def issuer(s):
    why = "RFC 8725 §3.8; RFC 7519 §2: StringOrURI, compared case-sensitively without normalization; CVE-2018-15801 (Spring Security), CVE-2024-5037 (Telemeter): issuers not checked"
    for label, value in {
        "another": "https://other.example", "a prefix": ISSUER[:-1], "longer": ISSUER + "x", "with a slash": ISSUER + "/", "in capitals": ISSUER.upper(), "with a port": ISSUER + ":443",
        "another scheme": ISSUER.replace("https", "http"), "with a fragment": ISSUER + "#", "with a query": ISSUER + "?", "with a dot": ISSUER + ".", "a subdomain": "https://a.issuer.example",
        "a suffix trick": ISSUER + ".attacker.example", "a userinfo trick": ISSUER + "@attacker.example", "with a blank": ISSUER + " ", "with a NUL": ISSUER + "\0", "with a newline": ISSUER + "\n",
        "empty": "", "a homoglyph": ISSUER.replace("e", "\u0435", 1), "percent-encoded": ISSUER.replace(".", "%2e"), "joined with another": f"https://other.example,{ISSUER}",
        "a substring (CVE-2024-53861)": "issuer", "within (CVE-2024-53861)": "xx" + ISSUER + "xx",
    }.items():
        s.no(f"iss {label}", why, pay(iss=value), "issuer_mismatch")
    s.no("iss absent", why, pay(iss=None), ["claim_missing", "issuer_mismatch"])
    for label, value in {"an array with it (CVE-2025-30144)": ["https://attacker.example", ISSUER], "an array of it": [ISSUER], "null": Null, "a number": 1, "true": True, "an object": {ISSUER: 1}, "an empty array": []}.items():
        s.no(f"iss {label}", why + "; iss is one string (RFC 7519 §4.1.1)", pay(iss=value), ["claim_invalid", "issuer_mismatch", "claim_missing"] if value is Null else ["claim_invalid", "issuer_mismatch"])
        s.no(f"iss {label}, no issuer expected", "the format: a wrong type is refused also where it is not required", pay(iss=value),
             ["claim_invalid", "claim_missing"], opts=options(issuer=None))
    s.ok("iss one of several", "the format: any of them", pay(), opts=options(issuer=["https://other.example", ISSUER]), expect={"iss": ISSUER})
    s.no("iss none of several", "the format: any of them", pay(iss="https://third.example"), "issuer_mismatch", opts=options(issuer=["https://other.example", ISSUER]))
    s.ok("iss not asked for", "the explicit call for no check", pay(iss="https://anything.example"), opts=options(issuer=None))
    s.ok("iss absent and not asked for", "the explicit call for no check", pay(iss=None), opts=options(issuer=None))
    s.ok("iss no URL", "RFC 7519 §2: any string without a colon", pay(iss="joe"), opts=options(issuer="joe"))
    s.ok("iss non-ASCII", "compared octet by octet", pay(iss="https://b\u00fccher.example/\U0001F4DA"), opts=options(issuer="https://b\u00fccher.example/\U0001F4DA"))
    s.no("iss decomposed", "RFC 7519 §7.3: no normalization", pay(iss="https://bu\u0308cher.example"), "issuer_mismatch", opts=options(issuer="https://b\u00fccher.example"))
    s.no("iss of a tenant template", "Entra's {tenantid} is no wildcard", pay(iss="https://login.example/{tenantid}/v2.0"), "issuer_mismatch", opts=options(issuer="https://login.example/1/v2.0"))
    s.no("iss expected is a pattern to some", "expectations are strings, not patterns", pay(iss="https://issuerXexample"), "issuer_mismatch")
    s.no("iss in the header does not count", "RFC 7519 §5.3", token(payload=claims(iss=None), iss=ISSUER), ["claim_missing", "issuer_mismatch"])


def audience(s):
    why = "RFC 8725 §3.9; RFC 7519 §4.1.3; CVE-2020-26160 (jwt-go), CVE-2025-27371, CVE-2025-27370 (ambiguous audiences)"
    for label, value in {
        "another": "https://other.example", "empty": "", "a prefix": AUDIENCE[:-1], "longer": AUDIENCE + "/", "in capitals": AUDIENCE.upper(), "with a blank": AUDIENCE + " ", "separated by blanks": f"x {AUDIENCE}",
        "separated by commas": f"x,{AUDIENCE}", "a wildcard": "*", "list of others": ["https://a.example", "https://b.example"], "list of one part each": ["https://api", ".example"], "empty list (CVE-2020-26160)": [],
        "list of the empty": [""], "JSON in a string": f'["{AUDIENCE}"]', "its characters": list(AUDIENCE), "a NUL after": AUDIENCE + "\0", "the issuer": ISSUER,
    }.items():
        s.no(f"aud {label}", why, pay(aud=value), ["audience_mismatch", "claim_invalid"] if value == [] else "audience_mismatch")
    s.no("aud absent", why, pay(aud=None), ["claim_missing", "audience_mismatch"])
    for label, value in {"null": Null, "a number": 1, "true": True, "an object": {AUDIENCE: True}, "a list with a number": [AUDIENCE, 1], "a list with null": [AUDIENCE, None], "a nested list": [[AUDIENCE]],
                         "a list with a nested list": [AUDIENCE, [AUDIENCE]], "a list with an object": [{"aud": AUDIENCE}], "a list with true": [True]}.items():
        s.no(f"aud {label}", "the format: a string or an array of strings", pay(aud=value), ["claim_invalid", "claim_missing"] if value is Null else "claim_invalid")
        s.no(f"aud {label}, no audience expected", "the format: a wrong type is refused also where it is not required", pay(aud=value), ["claim_invalid", "claim_missing"], opts=options(audience=None))
    for label, value in {"a list with it": [AUDIENCE], "a list with it last": ["a", "b", AUDIENCE], "it twice": [AUDIENCE, AUDIENCE], "a list of 100 with it": [f"a{i}" for i in range(99)] + [AUDIENCE]}.items():
        s.ok(f"aud {label}", "RFC 7519 §4.1.3", pay(aud=value), expect={"aud": value})
    s.ok("aud one of several expected", "the format: any of them", pay(), opts=options(audience=["https://x.example", AUDIENCE]))
    s.ok("aud list meets list", "the format: any of them", pay(aud=["b", "c"]), opts=options(audience=["a", "b"]))
    s.no("aud list misses list", "the format: any of them", pay(aud=["c", "d"]), "audience_mismatch", opts=options(audience=["a", "b"]))
    s.ok("aud not asked for", "the explicit call for no check", pay(aud="anything"), opts=options(audience=None))
    s.ok("aud absent and not asked for", "the explicit call for no check", pay(aud=None), opts=options(audience=None))


def types(s):
    why = "the format: a registered claim of the wrong JSON type is refused also where it is not required (RFC 7519 §4.1)"
    for claim in ["sub", "jti"]:
        for label, value in {"a number": 1, "null": Null, "true": True, "a list": ["user-1"], "an object": {"id": "user-1"}, "a fraction": 1.5}.items():
            s.no(f"{claim} {label}", why + "; CVE-2024-53861 and kin: types decide comparisons", pay(**{claim: value}), ["claim_invalid", "claim_missing"] if value is Null else "claim_invalid")
            if value is Null:
                s.no(f"{claim} {label}, required", "null is no value", pay(**{claim: value}), ["claim_invalid", "claim_missing"], opts=options(required=["exp", claim]))
    s.ok("sub and jti empty", "RFC 7519 §4.1.2: a string", pay(sub="", jti=""), expect={"sub": "", "jti": ""})
    s.ok("private claims of any type", "RFC 7519 §4.3", pay(name=1, email=None, groups="x", roles=[1, {}], admin="yes"), expect={"name": 1, "groups": "x"})
    s.no("no claims at all", "exp is required by default", token(payload={}), "claim_missing", opts=options(issuer=None, audience=None))
    s.ok("no claims at all, nothing asked for", "an empty claims set is one", token(payload={}), opts=options(issuer=None, audience=None, required=[]))


def required(s):
    why = "the format: options.required"
    for claim in ["sub", "jti", "iat", "nbf", "tenant"]:
        s.no(f"{claim} required and absent", why, pay(**{claim: None}), "claim_missing", opts=options(required=["exp", claim]))
    s.ok("several required, all there", why, pay(nbf=NOW - 1, tenant="t"), opts=options(required=["exp", "iss", "sub", "aud", "jti", "iat", "nbf", "tenant"]))
    s.ok("required private claim is false", "present is present", pay(admin=False), opts=options(required=["exp", "admin"]))
    s.ok("required private claim is 0", "present is present", pay(count=0), opts=options(required=["exp", "count"]))
    s.ok("required private claim is empty", "present is present", pay(tenant=""), opts=options(required=["exp", "tenant"]))
    s.no("required claim only nested", "the outermost object counts", pay(user={"tenant": "t"}), "claim_missing", opts=options(required=["exp", "tenant"]))
    s.no("required claim in other case", "RFC 7519 §4: case-sensitive", pay(Tenant="t"), "claim_missing", opts=options(required=["exp", "tenant"]))
    s.no("required toString", "no inherited property is a claim", pay(), "claim_missing", opts=options(required=["exp", "toString"]))
    s.no("required __proto__", "no inherited property is a claim", pay(), "claim_missing", opts=options(required=["exp", "__proto__"]))
    s.no("required claim with a dot is no path", "names are flat", pay(a={"b": 1}), "claim_missing", opts=options(required=["exp", "a.b"]))
    s.ok("required claim with a dot", "names are flat", pay(**{"a.b": 1}), opts=options(required=["exp", "a.b"]))
    s.ok("required claim that is a URL", "RFC 7519 §4.2", pay(**{"http://example.com/is_root": True}), opts=options(required=["exp", "http://example.com/is_root"]))


def use(s):
    why = CONFUSION + "; the private claim `type` tells token uses apart"
    want = options(token_use="access")
    s.ok("type access", why, pay(type="access"), opts=want, expect={"type": "access"})
    for label, value in {"refresh": "refresh", "in capitals": "ACCESS", "longer": "access ", "empty": "", "id": "id", "with a NUL": "access\0"}.items():
        s.no(f"type {label}", why, pay(type=value), "type_mismatch", opts=want)
    for label, value in {"null": Null, "a list": ["access"], "true": True, "an object": {"access": True}, "a number": 1}.items():
        s.no(f"type {label}", why, pay(type=value), ["type_mismatch", "claim_invalid", "claim_missing"], opts=want)
    s.no("type absent", why, pay(), ["type_mismatch", "claim_missing"], opts=want)
    s.no("type only in the header", why, token(type="access"), ["type_mismatch", "claim_missing"], opts=want)
    s.ok("type of any kind where none is asked for", why, pay(type=["x", 1]))


def payloads(s):
    why = "the format: payload bytes: the signature alone is checked, claims options do not apply"
    want = options(payload="bytes")
    for label, octets in {"text": b"Payload", "nothing": b"", "zeros": bytes(40), "every octet": bytes(range(256)), "not UTF-8": b"\xff\xfe\x80", "an expired claims set": dumps(claims(exp=1)).encode(),
                          "an array": b"[1,2]", "duplicate members": b'{"a":1,"a":2}', "a JWT": token().encode()}.items():
        s.ok(f"payload bytes: {label}", why, token(payload=octets), opts=want, expect={"payload": b64(octets)})
    s.no("payload bytes: signature wrong", why, token(payload=b"Payload", key="p256-other", kid="p256"), "signature_invalid", opts=want)
    s.no("payload bytes: alg none", why, f"{encode({'alg': 'none'})}.{encode(b'Payload')}.", NO_ALGORITHM, opts=want)
    s.no("payload bytes: crit", why, token(payload=b"Payload", crit=["x"], x=1), "critical_header", opts=want)
    s.no("payload bytes: padded payload", why, seal(encode({"alg": "ES256", "kid": "p256"}), "UGF5bG9hZA==", lambda m: sign("ES256", "p256", m)), MALFORMED, opts=want)
    s.no("payload bytes: payload of length 1 modulo 4", why, seal(encode({"alg": "ES256", "kid": "p256"}), "UGF5b", lambda m: sign("ES256", "p256", m)), MALFORMED, opts=want)
    s.no("claims from a payload that is a JWT", "RFC 7519 §5.2 (cty JWT): nested tokens are not unwrapped; CVE-2026-29000 (pac4j)", token(payload=token().encode(), cty="JWT"), MALFORMED)


def build():
    s = Suite("claims", "RFC 7519 §4, RFC 8725 §2.8-2.9, §3.8-3.12; CVEs named at each case")
    for part in [issuer, audience, types, required, use, payloads]:
        part(s)
    return s

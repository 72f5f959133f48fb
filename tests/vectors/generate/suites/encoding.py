"""The compact serialization and strict base64url: signed over the bent text, so that only strictness refuses it."""

import crypto
from crypto import b64, unb64
from jose import *

STRICT = "RFC 7515 §2, §3: base64url without padding, white space or other characters; RFC 4648 §3.5; CVE-2022-25898 (jsrsasign), " \
         "CVE-2024-31033 (jjwt) ignored characters"


def bent(bend, part, alg="ES256"):
    """A token whose encoded header (0), payload (1) or signature (2) is bent; the first two before signing."""
    header, payload = encode({"alg": alg, "kid": KEY_OF[alg]}), encode(claims())
    header, payload = (bend(header) if part == 0 else header), (bend(payload) if part == 1 else payload)
    text = seal(header, payload, lambda m: sign(alg, KEY_OF[alg], m))
    if part == 2:
        head, signature = text.rsplit(".", 1)
        text = f"{head}.{bend(signature)}"
    return text


def padded(text):
    return text + "=" * (-len(text) % 4)


def trailing_bits(text):
    """The last character with a bit set that stands for no octet, on a text that has such bits."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) | 1]


def base64(s):
    for part, name in enumerate(["header", "payload", "signature"]):
        codes = MALFORMED if part < 2 else [MALFORMED, BAD]
        for label, bend in {
            "a newline at the end": lambda t: t + "\n", "a newline inside": lambda t: t[:8] + "\n" + t[8:], "CRLF inside": lambda t: t[:8] + "\r\n" + t[8:],
            "a blank inside": lambda t: t[:8] + " " + t[8:], "a blank before": lambda t: " " + t, "a tab after": lambda t: t + "\t",
            "one = too many": lambda t: t + "=", "two = at the end": lambda t: t + "==", "= at the beginning": lambda t: "=" + t,
            "= inside": lambda t: t[:8] + "=" + t[8:], "a plus": lambda t: t[:-5] + "+" + t[-4:], "a slash": lambda t: t[:-5] + "/" + t[-4:],
            "a percent escape": lambda t: t + "%3D", "a NUL": lambda t: t[:8] + "\0" + t[8:], "a NUL at the end": lambda t: t + "\0",
            "a star": lambda t: t[:4] + "*" + t[4:], "a comma": lambda t: t[:4] + "," + t[4:], "a zero-width space": lambda t: t[:4] + "\u200b" + t[4:],
            "a Cyrillic letter": lambda t: t[:4] + "\u0430" + t[5:], "a full-width letter": lambda t: t[:4] + "\uff21" + t[5:],
            "U+0141, whose low octet is A": lambda t: t[:4] + "\u0141" + t[5:], "an emoji": lambda t: t[:4] + "\U0001F600" + t[4:],
            "one character too many": lambda t: t + "A" * (1 if len(t) % 4 == 0 else 5 - len(t) % 4),
        }.items():
            s.no(f"{name}: {label}", STRICT, bent(bend, part), codes)
    # Lengths whose last character carries bits of no octet: 2 or 3 characters in the last group.
    for extra in ["", "x", "xy"]:
        header = dumps({"alg": "ES256", "kid": "p256", "p": extra})
        text = b64(header.encode())
        if len(text) % 4:
            s.no(f"header: trailing bits set, {len(text) % 4} characters in the last group", STRICT, seal(trailing_bits(text), encode(claims()),
                 lambda m: sign("ES256", "p256", m)), MALFORMED)
            s.no(f"header: padded, {len(text) % 4} characters in the last group", STRICT, seal(padded(text), encode(claims()),
                 lambda m: sign("ES256", "p256", m)), MALFORMED)
        payload = b64(dumps(claims(p=extra)).encode())
        if len(payload) % 4:
            s.no(f"payload: trailing bits set, {len(payload) % 4} characters in the last group", STRICT, seal(encode({"alg": "ES256", "kid": "p256"}),
                 trailing_bits(payload), lambda m: sign("ES256", "p256", m)), MALFORMED)
            s.no(f"payload: padded, {len(payload) % 4} characters in the last group", STRICT, seal(encode({"alg": "ES256", "kid": "p256"}),
                 padded(payload), lambda m: sign("ES256", "p256", m)), MALFORMED)
    plain = str.maketrans("-_", "+/")
    unusual = "\u07ff???>>>~~~\u00ff\u00fe"
    header, payload = encode({"alg": "ES256", "kid": "p256", "p": unusual}), encode(claims(p=unusual))
    assert {"-", "_"} <= set(header) and {"-", "_"} <= set(payload)
    es = lambda m: sign("ES256", "p256", m)
    s.ok("both special characters in header and payload", "RFC 4648 §5", seal(header, payload, es), expect=claims(p=unusual))
    s.no("header in the plain alphabet", STRICT, seal(header.translate(plain), payload, es), MALFORMED)
    s.no("payload in the plain alphabet", STRICT, seal(header, payload.translate(plain), es), MALFORMED)
    rs = token("RS256")
    s.no("signature in the plain alphabet", STRICT, rs[: rs.rindex(".")] + rs[rs.rindex("."):].translate(plain), [MALFORMED, BAD])
    for alg in ["ES256", "RS256", "HS256", "EdDSA"]:
        good = token(alg)
        s.no(f"{alg} signature: trailing bits set", STRICT + "; one token must not have two spellings", good[:-1] + trailing_bits(good[-1]), [MALFORMED, BAD])
        s.no(f"{alg} signature: padded", STRICT, padded_signature(good), [MALFORMED, BAD])


def padded_signature(text):
    head, signature = text.rsplit(".", 1)
    return f"{head}.{padded(signature)}"


def shape(s):
    why = "RFC 7515 §7.1: three parts, two dots; CVE-2019-18848 (json-jwt): parts were not counted; CVE-2019-17195 (nimbus-jose-jwt): parsers crashed"
    good = token()
    head, payload, signature = good.split(".")
    for label, text in {
        "empty": "", "one dot": ".", "two dots": "..", "three dots": "...", "four dots": "....", "header alone": head, "header and dot": head + ".",
        "two parts": f"{head}.{payload}", "no header": f".{payload}.{signature}", "four parts": f"{good}.", "four parts, the last filled": f"{good}.{signature}",
        "a dot before": f".{good}", "five parts": f"{good}..", "parts in another order": f"{payload}.{head}.{signature}",
        "a blank before": f" {good}", "a blank after": f"{good} ", "a newline after": f"{good}\n", "a BOM before": f"\ufeff{good}",
        "Bearer before": f"Bearer {good}", "DPoP before": f"DPoP {good}", "in quotes": f'"{good}"', "in brackets": f"<{good}>", "URL-encoded dots": good.replace(".", "%2E"),
        "full-width dots": good.replace(".", "\uff0e"), "commas": good.replace(".", ","), "two tokens, blank between": f"{good} {good}",
        "two tokens, comma between": f"{good},{good}", "a NUL after": f"{good}\0", "text": "not a token", "JSON": dumps(claims()), "null": "null", "undefined": "undefined",
        "an SD-JWT's tilde": f"{good}~", "a NUL alone": "\0", "a query": f"token={good}", "a line separator after": f"{good}\u2028",
    }.items():
        s.no(label, why, text, MALFORMED)
    s.no("header and payload empty", why, f"..{signature}", MALFORMED)
    s.no("payload taken out (detached content)", "RFC 7515 appendix F: the caller would have to hand it in", f"{head}..{signature}", [BAD, MALFORMED])


def json_serialization(s):
    why = "RFC 7515 §7.2, RFC 8725bis: only the compact form is a JWT (RFC 7519 §1); CVE-2022-39227 (python-jwt): both read at once"
    good = token()
    head, payload, signature = good.split(".")
    forged = encode(claims(sub="admin"))
    flat = {"payload": payload, "protected": head, "signature": signature}
    for label, value in {
        "flattened": flat, "general": {"payload": payload, "signatures": [{"protected": head, "signature": signature}]},
        "flattened with an unprotected header": flat | {"header": {"alg": "none"}},
        "algorithm in the unprotected header alone": {"payload": payload, "header": {"alg": "ES256", "kid": "p256"}, "signature": signature},
        "general, one of two signatures good": {"payload": payload, "signatures": [{"protected": encode({"alg": "none"}), "signature": ""},
                                                {"protected": head, "signature": signature}]},
        "general, no signatures": {"payload": payload, "signatures": []},
    }.items():
        s.no(f"JSON serialization: {label}", why, dumps(value), MALFORMED)
    # CVE-2022-39227: a polyglot that one parser reads as compact (split at dots) and the next as JSON.
    polyglot = f'{{"  {head}.{forged}.":"","protected":"{head}","payload":"{payload}","signature":"{signature}"}}'
    s.no("polyglot: compact inside JSON", why + "; \"Polyglot token\" (Black Hat 2023)", polyglot, MALFORMED)
    s.no("polyglot: JSON inside the header part", why, f'{head}{{"a":1}}.{payload}.{signature}', MALFORMED)


def build():
    s = Suite("encoding", "RFC 7515 §2, §3, §7; RFC 4648; CVEs named at each case")
    for part in [base64, shape, json_serialization]:
        part(s)
    return s

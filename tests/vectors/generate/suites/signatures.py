"""Signatures that are wrong in ways some library once let pass. All but the plain forgeries were made with the private key."""

import hashlib

import crypto
from crypto import CURVES, DIGEST_INFO, Edwards, L25519, b64, fixed, integer, octets, rsa_raw, unb64
from jose import *


def with_signature(alg, key, make, **header):
    """A token whose signature is `make(signing input)`."""
    return seal(encode({"alg": alg, "kid": key} | header), encode(claims()), make)


def block(key, tail, lead=b"\x00\x01", fill=b"\xff", separator=b"\x00", short=None):
    """An encoded message for PKCS#1 v1.5 with its parts chosen; `short` limits the padding, garbage fills the end."""
    k = crypto.modulus_length(KEYS[key])
    count = k - len(lead) - len(separator) - len(tail) if short is None else short
    encoded = lead + fill * count + separator + tail
    return encoded + b"\x5a" * (k - len(encoded))


def rsa(s):
    key = "rsa2048"
    why = "RFC 8017 §8.2.2: the encoded message is compared as a whole; Bleichenbacher 2006 (CVE-2006-4339 and its many heirs)"
    info = DIGEST_INFO["sha256"]

    def t(prefix=info, message_hash=None):
        return lambda m: prefix + (hashlib.sha256(m).digest() if message_hash is None else message_hash(m))

    def raw(tail, **parts):
        return lambda m: rsa_raw(KEYS[key], block(key, tail(m), **parts))

    s.ok("RS256: block put together by hand", "the control for the cases below", with_signature("RS256", key, raw(t())))
    for label, make in {
        "garbage after the hash, 8 octets of padding": raw(t(), short=8),
        "garbage after the hash, full length but 1": raw(t(), short=201),
        "no padding at all": raw(t(), short=0),
        "block type 2": raw(t(), lead=b"\x00\x02"),
        "block type 0": raw(t(), lead=b"\x00\x00", fill=b"\x00"),
        "block type 1 with a wrong first octet": raw(t(), lead=b"\x01\x01"),
        "padding of fe": raw(t(), fill=b"\xfe"),
        "padding of 00": raw(t(), fill=b"\x00"),
        "no separator": raw(t(), separator=b""),
        "separator 01": raw(t(), separator=b"\x01"),
        "two separators": raw(lambda m: b"\x00" + t()(m)),
        "DigestInfo without NULL": raw(t(bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20")),
        "DigestInfo with long-form length": raw(t(bytes.fromhex("308131300d060960864801650304020105000420"))),
        "DigestInfo with long-form length of the hash": raw(t(bytes.fromhex("3032300d06096086480165030402010500048120"))),
        "DigestInfo with indefinite length": raw(lambda m: bytes.fromhex("3080300d060960864801650304020105000420")
                                                 + hashlib.sha256(m).digest() + b"\0\0"),
        "DigestInfo with garbage parameters": raw(t(bytes.fromhex("3039301506096086480165030402010408") + b"garbage!" + b"\x04\x20")),
        "DigestInfo with a trailing element": raw(lambda m: bytes.fromhex("3033300d060960864801650304020105000420")
                                                  + hashlib.sha256(m).digest() + b"\x05\x00"),
        "DigestInfo of SHA-224's identifier": raw(t(bytes.fromhex("3031300d060960864801650304020405000420"))),
        "DigestInfo of SHA-512's identifier": raw(t(bytes.fromhex("3031300d060960864801650304020305000420"))),
        "bare hash, no DigestInfo": raw(t(b"")),
        "SHA-1": lambda m: crypto.pkcs1(KEYS[key], m, "sha1"),
        "SHA-384": lambda m: crypto.pkcs1(KEYS[key], m, "sha384"),
        "hash of nothing": raw(t(message_hash=lambda m: hashlib.sha256(b"").digest())),
        "hash truncated": raw(t(bytes.fromhex("3021300d060960864801650304020105000410"), lambda m: hashlib.sha256(m).digest()[:16])),
    }.items():
        s.no(f"RS256: {label}", why, with_signature("RS256", key, make), BAD)
    n = integer(KEYS[key]["n"])
    for alg in ["RS256", "PS256"]:
        honest = lambda m, alg=alg: int.from_bytes(sign(alg, key, m), "big")
        for label, make in {
            "0": lambda m: bytes(256), "1": lambda m: octets(1, 256), "n - 1": lambda m: octets(n - 1, 256),
            "n": lambda m: octets(n, 256), "n + 1": lambda m: octets(n + 1, 256),
            "n - s": lambda m, h=honest: octets(n - h(m), 256),
            "s without reduction": lambda m, h=honest: octets(h(m) + n, 257),
            "empty": lambda m: b"", "one octet": lambda m: b"\x01",
            "twice": lambda m, h=honest: octets(h(m), 256) * 2,
            "reversed": lambda m, h=honest: octets(h(m), 256)[::-1],
            "in base64 inside base64": lambda m, h=honest: b64(octets(h(m), 256)).encode(),
        }.items():
            s.no(f"{alg}: signature is {label}", "RFC 8017 §5.2.2: 0 <= s < n, and exactly k octets", with_signature(alg, key, make), BAD)
    # A counter in the header until s + n fits 256 octets: the same residue, the right length.
    for count in range(200):
        text = with_signature("RS256", key, lambda m: sign("RS256", key, m), n=count)
        value = int.from_bytes(unb64(text.split(".")[2]), "big") + n
        if value < 1 << 2048:
            s.no("RS256: s + n of the right length", "RFC 8017 §5.2.2 step 1: out of range, though congruent",
                 text[: text.rindex(".") + 1] + b64(octets(value, 256)), BAD)
            break
    for count in range(2000):
        text = with_signature("RS256", key, lambda m: sign("RS256", key, m), z=count)
        if unb64(text.split(".")[2])[0] == 0:
            s.ok("RS256: signature that begins with a zero octet", "RFC 8017 §8.2.1: k octets, zero or not", text)
            s.no("RS256: that zero octet left out", "RFC 8017 §8.2.2 step 1: exactly k octets; CVE-2020-14968",
                 text[: text.rindex(".") + 1] + b64(unb64(text.split(".")[2])[1:]), BAD)
            break


def pss(s):
    key = "rsa2048"
    why = "RFC 8017 §9.1.2; RFC 7518 §3.5: MGF1 with the same hash, a salt of the hash's length"
    for sha, alg, wrong in [("sha256", "PS256", [0, 1, 20, 31, 33, 48, 64, 222]), ("sha384", "PS384", [0, 20, 32, 47, 49, 64]),
                            ("sha512", "PS512", [0, 20, 32, 48, 63, 65])]:
        size = hashlib.new(sha).digest_size
        for label, salt in [("zeros", bytes(size)), ("ones", b"\xff" * size)]:
            s.ok(f"{alg}: salt of {label}", "a salt may be anything", with_signature(alg, key, lambda m: crypto.pss(KEYS[key], m, sha, salt)))
        for length in wrong:
            s.no(f"{alg}: salt of {length} octets", why, with_signature(alg, key, lambda m: crypto.pss(KEYS[key], m, sha, b"\xa5" * length)), BAD)
        for mgf in ["sha1", "sha256", "sha384", "sha512"]:
            if mgf != sha:
                s.no(f"{alg}: MGF1 with {mgf}", why, with_signature(alg, key, lambda m: crypto.pss(KEYS[key], m, sha, mgf=mgf)), BAD)
        s.no(f"{alg}: trailer cc", why, with_signature(alg, key, lambda m: crypto.pss(KEYS[key], m, sha, trailer=b"\xcc")), BAD)
        s.no(f"{alg}: separator 02", why, with_signature(alg, key, lambda m: crypto.pss(KEYS[key], m, sha, one=b"\x02")), BAD)
        s.no(f"{alg}: separator 00", why, with_signature(alg, key, lambda m: crypto.pss(KEYS[key], m, sha, one=b"\x00")), BAD)

    def masked_bit_set(m):
        # maskedDB's leftmost bit must be zero (step 6); a signature with it set exists while the number is below n.
        for salt in range(1000):
            signature = crypto.pss(KEYS[key], m, salt=octets(salt, 32), clear=False)
            encoded = octets(pow(int.from_bytes(signature, "big"), 65537, integer(KEYS[key]["n"])), 256)
            if encoded[0] & 0x80 and encoded[-1] == 0xBC:
                return signature
        raise AssertionError
    s.no("PS256: leftmost bit of maskedDB set", why + ", step 6", with_signature("PS256", key, masked_bit_set), BAD)
    for alg in ["PS256", "PS384", "PS512"]:
        s.ok(f"{alg}: key of 2049 bits", "RFC 8017 §9.1.1: emBits is a multiple of 8, the encoded message one octet shorter than n",
             token(alg, key="rsa2049"), keys=jwks("rsa2049"))
    for alg in ["RS256", "RS512"]:
        s.ok(f"{alg}: key of 2049 bits", "RFC 8017 §8.2: k is 257", token(alg, key="rsa2049"), keys=jwks("rsa2049"))


def ecdsa(s):
    for alg, key, sha in [("ES256", "p256", "sha256"), ("ES384", "p384", "sha384"), ("ES512", "p521", "sha512")]:
        curve = CURVES[KEYS[key]["crv"]]
        n, p, size = curve.n, curve.p, curve.length
        top = (1 << 8 * size) - 1
        pair = lambda m: crypto.ecdsa(KEYS[key], m, sha)
        psychic = "CVE-2022-21449 (Java's psychic signatures): r and s are in [1, n-1] (FIPS 186-5 §6.4.2)"
        for r_label, r in {"0": 0, "1": 1, "n-1": n - 1, "n": n, "n+1": n + 1, "p": p}.items():
            for s_label, value in {"0": 0, "1": 1, "n-1": n - 1, "n": n}.items():
                s.no(f"{alg}: r = {r_label}, s = {s_label}", psychic,
                     with_signature(alg, key, lambda m: fixed(r, value, size)), BAD)
        s.no(f"{alg}: r = 0, honest s", psychic, with_signature(alg, key, lambda m: fixed(0, pair(m)[1], size)), BAD)
        s.no(f"{alg}: honest r, s = 0", psychic, with_signature(alg, key, lambda m: fixed(pair(m)[0], 0, size)), BAD)
        s.no(f"{alg}: honest r, s = n", psychic, with_signature(alg, key, lambda m: fixed(pair(m)[0], n, size)), BAD)
        s.no(f"{alg}: all ones", psychic, with_signature(alg, key, lambda m: fixed(top, top, size)), BAD)
        s.ok(f"{alg}: the other s (n - s)", "valid in JWS: RFC 7518 §3.4 asks for no low s; a token is no identifier",
             with_signature(alg, key, lambda m: fixed(pair(m)[0], n - pair(m)[1], size)))
        s.no(f"{alg}: r and s swapped", "RFC 7518 §3.4: R then S", with_signature(alg, key, lambda m: fixed(*pair(m)[::-1], size)), BAD)
        s.no(f"{alg}: n - r", "the negated point's x is the same, n - r is not", with_signature(alg, key, lambda m: fixed(n - pair(m)[0], pair(m)[1], size)), BAD)
        s.no(f"{alg}: little-endian halves", "RFC 7518 §3.4: big-endian", with_signature(alg, key, lambda m:
             fixed(*pair(m), size)[:size][::-1] + fixed(*pair(m), size)[size:][::-1]), BAD)
        s.no(f"{alg}: DER", "RFC 7518 §3.4: R || S, not ASN.1; the classic interoperability bug", with_signature(alg, key, lambda m: crypto.der(*pair(m))), BAD)
        for extra in [1, 8]:
            s.no(f"{alg}: halves longer by {extra}", "CVE-2020-14966 (jsrsasign): zeros before r and s", with_signature(alg, key,
                 lambda m: fixed(*pair(m), size + extra)), BAD)
        s.no(f"{alg}: r alone", "RFC 7518 §3.4: 2 halves", with_signature(alg, key, lambda m: octets(pair(m)[0], size)), BAD)
        if n + n <= top:
            s.no(f"{alg}: s + n", "congruent, out of range", with_signature(alg, key, lambda m: fixed(pair(m)[0], pair(m)[1] + n, size)), BAD)
        for wrong in ["sha1", "sha256", "sha384", "sha512"]:
            if wrong != sha:
                s.no(f"{alg}: hash {wrong}", "RFC 7518 §3.4: the hash is part of the algorithm", with_signature(alg, key, lambda m:
                     fixed(*crypto.ecdsa(KEYS[key], m, wrong), size)), BAD)
    # A hash whose value begins with zeros, a signature whose halves do: truncation bugs (CVE-2024-48948, elliptic).
    found = {}
    for count in range(3000):
        text = with_signature("ES256", "p256", lambda m: sign("ES256", "p256", m), n=count)
        data, digest = unb64(text.split(".")[2]), hashlib.sha256(text[: text.rindex(".")].encode()).digest()
        for label, hit in {"hash begins with a zero octet": digest[0] == 0, "r begins with a zero octet": data[0] == 0,
                           "s begins with a zero octet": data[32] == 0}.items():
            if hit and label not in found:
                found[label] = text
                s.ok(f"ES256: {label}", "CVE-2024-48948 (elliptic): valid signatures refused; halves keep their length", text)
                if label.startswith("s "):
                    s.no("ES256: that zero octet of s left out", "RFC 7518 §3.4: 64 octets", text[: text.rindex(".") + 1] + b64(
                        data[:32] + data[33:]), BAD)
        if len(found) == 3:
            break
    # r = R.x mod n: with s and the key free to choose, u1·G + u2·Q can be the neutral element.
    e = lambda m: int.from_bytes(hashlib.sha256(m).digest(), "big")
    curve, d = CURVES["P-256"], integer(KEYS["p256"]["d"])
    s.no("ES256: u1·G + u2·Q is the neutral element", "FIPS 186-5 §6.4.2: no x coordinate, so no signature; r chosen as -e/d",
         with_signature("ES256", "p256", lambda m: fixed(-e(m) * pow(d, -1, curve.n) % curve.n, 12345, 32)), BAD)


def eddsa(s):
    key = "ed25519"
    public_octets, (a, prefix) = unb64(KEYS[key]["x"]), crypto.ed25519_scalar(KEYS[key])
    torsion = crypto.small_order_points()
    honest = lambda m: sign("EdDSA", key, m)

    def plus(count):
        return lambda m: honest(m)[:32] + (int.from_bytes(honest(m)[32:], "little") + count * L25519).to_bytes(32, "little")

    why = "RFC 8032 §5.1.7 step 1: S < L; CVE-2024-48949 (elliptic) and many before it: malleable signatures"
    for count in range(1, 8):
        s.no(f"EdDSA: S + {count}·L", why, with_signature("EdDSA", key, plus(count)), BAD)
    s.no("EdDSA: S = L", why, with_signature("EdDSA", key, lambda m: honest(m)[:32] + L25519.to_bytes(32, "little")), BAD)
    s.no("EdDSA: S = 0", "not made with the key", with_signature("EdDSA", key, lambda m: honest(m)[:32] + bytes(32)), BAD)
    s.no("EdDSA: top bits of S set", why, with_signature("EdDSA", key, lambda m: honest(m)[:63] + bytes([honest(m)[63] | 0xE0])), BAD)
    s.no("EdDSA: -R, -S", "another point, another message", with_signature("EdDSA", key, lambda m: bytes(honest(m)[:31]) + bytes(
        [honest(m)[31] ^ 0x80]) + ((L25519 - int.from_bytes(honest(m)[32:], "little")) % L25519).to_bytes(32, "little")), BAD)

    def chosen_r(encoded, m, nonce=0):
        k = crypto.ed25519_challenge(encoded, public_octets, m)
        return encoded + ((nonce + k * a) % L25519).to_bytes(32, "little")

    def mixed(m, point):
        nonce = int.from_bytes(hashlib.sha512(prefix + m).digest(), "little") % L25519
        return chosen_r(Edwards.encode(Edwards.add(Edwards.multiply(nonce, crypto.BASE25519), point)), m, nonce)

    def ph(m):
        dom = b"SigEd25519 no Ed25519 collisions\x01\x00" + hashlib.sha512(m).digest()
        nonce = int.from_bytes(hashlib.sha512(dom[:34] + prefix + dom[34:]).digest(), "little") % L25519
        r = Edwards.encode(Edwards.multiply(nonce, crypto.BASE25519))
        k = int.from_bytes(hashlib.sha512(dom[:34] + r + public_octets + dom[34:]).digest(), "little")
        return r + ((nonce + k * a) % L25519).to_bytes(32, "little")

    small = "refused so that all backends agree: RFC 8032's equation with and without the cofactor differ over such R"
    for index, point in enumerate(torsion):
        s.no(f"EdDSA: R is point {index} of small order", small, with_signature("EdDSA", key, lambda m: chosen_r(Edwards.encode(point), m)), BAD)
    # The neutral element and its kin in encodings with y >= p or the sign of 0.
    for label, encoded in {"y = p + 1 (1)": (crypto.P25519 + 1).to_bytes(32, "little"), "y = p (0)": crypto.P25519.to_bytes(32, "little"),
                           "y = 1 with the sign set": bytes([1]) + bytes(30) + b"\x80",
                           "y = -1 with the sign set": (crypto.P25519 - 1 | 1 << 255).to_bytes(32, "little"),
                           "y = p + 1 with the sign set": (crypto.P25519 + 1 | 1 << 255).to_bytes(32, "little")}.items():
        s.no(f"EdDSA: R non-canonical, {label}", "RFC 8032 §5.1.3: y < p", with_signature("EdDSA", key, lambda m: chosen_r(encoded, m)), BAD)
    for index in [1, 4]:
        s.no(f"EdDSA: R plus point {index} of small order", "valid only with the cofactor (RFC 8032 §5.1.7 leaves it open): JOSE backends "
             "compare R's octets", with_signature("EdDSA", key, lambda m: mixed(m, torsion[index])), BAD)

    s.no("EdDSA: R not on the curve", "RFC 8032 §5.1.7 step 1", with_signature("EdDSA", key, lambda m: octets(2, 1) + bytes(31) + honest(m)[32:]), BAD)
    s.no("EdDSA: prehashed (Ed25519ph)", "RFC 8037 §3.1: pure Ed25519", with_signature("EdDSA", key, lambda m: ph(m)), BAD)



def hmac(s):
    key, secret = "hs256", unb64(KEYS["hs256"]["k"])
    for size in [0, 1, 8, 16, 20, 31]:
        s.no(f"HS256: cut to {size} octets", "RFC 7518 §3.2: 256 bits; RFC 2104 §5 truncation is another algorithm", with_signature("HS256", key,
             lambda m: crypto.hs(secret, m)[:size]), [BAD, MALFORMED] if size == 0 else BAD)
    for label, other in {"secret in base64url": KEYS[key]["k"].encode(), "secret in hex": secret.hex().encode(), "secret and a newline": secret + b"\n",
                         "secret without its last octet": secret[:-1], "secret hashed": hashlib.sha256(secret).digest(), "empty secret": b"",
                         "32 zeros": bytes(32), "the kid": key.encode(), "text undefined": b"undefined", "text secret": b"secret"}.items():
        s.no(f"HS256: under {label}", "the key is the octets of k (RFC 7518 §6.4.1); CVE-2019-20933, CVE-2026-44351, CVE-2026-45363 (empty secret)",
             with_signature("HS256", key, lambda m: crypto.hs(other, m)), BAD)
    s.no("HS256: plain hash of the message", "no key at all", with_signature("HS256", key, lambda m: hashlib.sha256(m).digest()), BAD)
    s.no("HS256: hash of secret and message", "not HMAC (RFC 2104)", with_signature("HS256", key, lambda m: hashlib.sha256(secret + m).digest()), BAD)
    s.no("HS256: in hex", "the value is octets", with_signature("HS256", key, lambda m: crypto.hs(secret, m).hex().encode()), BAD)
    s.no("HS256: of the decoded parts", "RFC 7515 §5.1: of the encoded ones", with_signature("HS256", key, lambda m: crypto.hs(secret, b".".join(
        unb64(p.decode()) for p in m.split(b".")))), BAD)
    s.no("HS256: of the payload alone", "RFC 7515 §5.1", with_signature("HS256", key, lambda m: crypto.hs(secret, m.split(b".")[1])), BAD)
    s.ok("HS512: long secret", "RFC 2104 §2: longer than a block is hashed first", token("HS512", key="hs-long"), keys=jwks("hs-long"))
    s.ok("HS256: 64-octet secret", "longer than the hash is fine", token("HS256", key="hs512"), keys=jwks("hs512"))


def build():
    s = Suite("signatures", "RFC 8017, FIPS 186-5, RFC 8032, RFC 2104; attacks named at each case")
    for part in [rsa, pss, ecdsa, eddsa, hmac]:
        part(s)
    return s

"""Signing for test vectors, with nothing but Python's standard library.

Every function is deterministic: the same keys and messages give the same
bytes, so that the committed vectors can be proved fresh. Nothing here is for
production: the keys are public and no operation is constant-time. Knobs that
no honest signer has (a wrong salt length, a chosen nonce, DER garbage) are
parameters, because forging is what a vector is for.
"""

import base64
import hashlib
import hmac


def b64(data):
    """base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def integer(text):
    return int.from_bytes(unb64(text), "big")


def octets(value, length=None):
    return value.to_bytes(length if length is not None else max(1, (value.bit_length() + 7) // 8), "big")


# --- HMAC ---------------------------------------------------------------------------------------

def hs(secret, message, sha="sha256"):
    return hmac.new(secret, message, sha).digest()


# --- RSA (RFC 8017) -----------------------------------------------------------------------------

DIGEST_INFO = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


def rsa_raw(key, encoded):
    """RSASP1 (§5.2.1, with the remainder theorem) over any bytes we like."""
    p, q, d = (integer(key[name]) for name in "pqd")
    number = int.from_bytes(encoded, "big") % (p * q)
    first, second = pow(number, d % (p - 1), p), pow(number, d % (q - 1), q)
    return octets(second + (first - second) * pow(q, -1, p) % p * q, modulus_length(key))


def modulus_length(key):
    return (integer(key["n"]).bit_length() + 7) // 8


def pkcs1(key, message, sha="sha256", digest_info=None, digest=None):
    """EMSA-PKCS1-v1_5 (§9.2) and its signature."""
    digest = hashlib.new(sha, message).digest() if digest is None else digest
    t = (DIGEST_INFO[sha] if digest_info is None else digest_info) + digest
    k = modulus_length(key)
    return rsa_raw(key, b"\x00\x01" + b"\xff" * (k - len(t) - 3) + b"\x00" + t)


def mgf1(seed, length, sha):
    out = b""
    for counter in range((length + 63) // 20 + 1):
        out += hashlib.new(sha, seed + octets(counter, 4)).digest()
        if len(out) >= length:
            break
    return out[:length]


def pss(key, message, sha="sha256", salt=None, mgf=None, trailer=b"\xbc", one=b"\x01", clear=True):
    """EMSA-PSS (§9.1.1) and its signature. The default salt is derived from the message, of the hash's length."""
    h_len = hashlib.new(sha).digest_size
    em_bits = integer(key["n"]).bit_length() - 1
    em_len = (em_bits + 7) // 8
    if salt is None:
        salt = hashlib.new(sha, b"salt" + message).digest()
    m_hash = hashlib.new(sha, message).digest()
    h = hashlib.new(sha, bytes(8) + m_hash + salt).digest()
    db = bytes(em_len - len(salt) - h_len - 2) + one + salt
    mask = mgf1(h, em_len - h_len - 1, mgf or sha)
    masked = bytearray(a ^ b for a, b in zip(db, mask))
    if clear:
        masked[0] &= 0xFF >> (8 * em_len - em_bits)
    return rsa_raw(key, bytes(masked) + h + trailer)


# --- ECDSA (FIPS 186-5 §6, nonces of RFC 6979) ---------------------------------------------------

class Curve:
    def __init__(self, p, a, b, g, n, length):
        self.p, self.a, self.b, self.g, self.n, self.length = p, a, b, g, n, length

    def add(self, left, right):
        if left is None:
            return right
        if right is None:
            return left
        (x1, y1), (x2, y2) = left, right
        if x1 == x2:
            if (y1 + y2) % self.p == 0:
                return None
            slope = (3 * x1 * x1 + self.a) * pow(2 * y1, -1, self.p)
        else:
            slope = (y2 - y1) * pow(x2 - x1, -1, self.p)
        x3 = (slope * slope - x1 - x2) % self.p
        return x3, (slope * (x1 - x3) - y1) % self.p

    def multiply(self, scalar, point=None):
        point, total = point or self.g, None
        while scalar:
            if scalar & 1:
                total = self.add(total, point)
            point = self.add(point, point)
            scalar >>= 1
        return total


def _curve(p, a, b, gx, gy, n, length):
    return Curve(int(p, 16), int(a, 16), int(b, 16), (int(gx, 16), int(gy, 16)), int(n, 16), length)


# SP 800-186 §3.2.1 and SEC 2 §2.4.1 (secp256k1).
CURVES = {
    "P-256": _curve(
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
        "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 32),
    "P-384": _curve(
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc",
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 48),
    "P-521": _curve(
        "1ff" + "f" * 128,
        "1ff" + "f" * 127 + "c",
        "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
        "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
        "11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
        "1" + "f" * 65 + "a51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409", 66),
    "secp256k1": _curve(
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", "0", "7",
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 32),
}


def _bits2int(data, bits):
    value = int.from_bytes(data, "big")
    return value >> max(0, 8 * len(data) - bits)


def _nonce(n, d, digest, sha):
    """RFC 6979 §3.2."""
    bits = n.bit_length()
    length = (bits + 7) // 8
    seed = octets(d, length) + octets(_bits2int(digest, bits) % n, length)
    size = hashlib.new(sha).digest_size
    v, k = b"\x01" * size, b"\x00" * size
    for byte in (b"\x00", b"\x01"):
        k = hs(k, v + byte + seed, sha)
        v = hs(k, v, sha)
    while True:
        t = b""
        while len(t) < length:
            v = hs(k, v, sha)
            t += v
        nonce = _bits2int(t[:length], bits)
        if 0 < nonce < n:
            return nonce
        k = hs(k, v + b"\x00", sha)
        v = hs(k, v, sha)


def ecdsa(key, message, sha="sha256"):
    """The pair (r, s)."""
    curve = CURVES[key["crv"]]
    d = integer(key["d"])
    digest = hashlib.new(sha, message).digest()
    k = _nonce(curve.n, d, digest, sha)
    r = curve.multiply(k)[0] % curve.n
    s = pow(k, -1, curve.n) * (_bits2int(digest, curve.n.bit_length()) + r * d) % curve.n
    return r, s


def fixed(r, s, length):
    """R || S (RFC 7518 §3.4)."""
    return octets(r, length) + octets(s, length)


def der(r, s):
    def number(value):
        data = octets(value)
        data = b"\x00" + data if data[0] & 0x80 else data
        return b"\x02" + bytes([len(data)]) + data
    body = number(r) + number(s)
    return b"\x30" + (bytes([len(body)]) if len(body) < 128 else b"\x81" + bytes([len(body)])) + body


# --- Ed25519 (RFC 8032 §5.1) ----------------------------------------------------------------------

P25519 = 2**255 - 19
L25519 = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, P25519) % P25519


class Edwards:
    """Affine arithmetic: slow and plain."""

    @staticmethod
    def add(left, right):
        (x1, y1), (x2, y2) = left, right
        t = _D * x1 * x2 * y1 * y2 % P25519
        x3 = (x1 * y2 + x2 * y1) * pow(1 + t, -1, P25519) % P25519
        return x3, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P25519) % P25519

    @classmethod
    def multiply(cls, scalar, point):
        total = (0, 1)
        while scalar:
            if scalar & 1:
                total = cls.add(total, point)
            point = cls.add(point, point)
            scalar >>= 1
        return total

    @staticmethod
    def encode(point):
        return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")

    @staticmethod
    def decode(data):
        """The point of these octets, or None: the y coordinate may be non-canonical, for forging."""
        value = int.from_bytes(data, "little")
        y, sign = value & (2**255 - 1), value >> 255
        x2 = (y * y - 1) * pow(_D * y * y + 1, -1, P25519) % P25519
        x = pow(x2, (P25519 + 3) // 8, P25519)
        if (x * x - x2) % P25519:
            x = x * pow(2, (P25519 - 1) // 4, P25519) % P25519
        if (x * x - x2) % P25519:
            return None
        return ((P25519 - x) % P25519 if x & 1 != sign else x), y % P25519


BASE25519 = Edwards.decode(bytes.fromhex("58" + "66" * 31))


def ed25519_scalar(key):
    h = hashlib.sha512(unb64(key["d"])).digest()
    a = int.from_bytes(h[:32], "little")
    return (a & (1 << 254) - 8) | 1 << 254, h[32:]


def ed25519_challenge(r, public, message):
    return int.from_bytes(hashlib.sha512(r + public + message).digest(), "little")


def ed25519(key, message, nonce=None):
    """R || S. A chosen nonce scalar makes R a point of our liking (0: the neutral element)."""
    a, prefix = ed25519_scalar(key)
    if nonce is None:
        nonce = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L25519
    r = Edwards.encode(Edwards.multiply(nonce, BASE25519))
    s = (nonce + ed25519_challenge(r, unb64(key["x"]), message) * a) % L25519
    return r + s.to_bytes(32, "little")


def small_order_points():
    """The eight points of the torsion subgroup, found from a point of full order times L."""
    for y in range(2, 99):
        point = Edwards.decode(octets(y, 1) + bytes(31))
        torsion = point and Edwards.multiply(L25519, point)
        if torsion and Edwards.multiply(4, torsion) != (0, 1):
            return [Edwards.multiply(i, torsion) for i in range(8)]
    raise AssertionError("no point of order 8")

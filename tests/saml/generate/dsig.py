"""Signs and encrypts parts of a response anew, after an edit that its provider would not make.

Canonical forms are lxml's (libxml2), the rest is `cryptography`. Every knob that no honest signer has is a parameter. What
this signs without one of them is proved by the corpus's `control` cases, and by xmlsec1.
"""

import base64
import copy
import hashlib
import hmac
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509 import load_pem_x509_certificate
from lxml import etree

NS = {
    "p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "a": "urn:oasis:names:tc:SAML:2.0:assertion",
    "d": "http://www.w3.org/2000/09/xmldsig#",
    "x": "http://www.w3.org/2001/04/xmlenc#",
    "ec": "http://www.w3.org/2001/10/xml-exc-c14n#",
}
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


def parse(xml):
    """A tree that keeps what was written: comments, CDATA, entities."""
    parser = etree.XMLParser(resolve_entities=False, strip_cdata=False, huge_tree=True, no_network=True)
    return etree.fromstring(xml.encode() if isinstance(xml, str) else xml, parser)


def text(tree):
    return etree.tostring(tree, encoding="unicode")


def one(tree, path):
    """The only element at a path, in the prefixes of `NS`."""
    found = tree.xpath(path, namespaces=NS)
    assert len(found) == 1, f"{path}: {len(found)}"
    return found[0]


def signature_of(element):
    return one(element, "d:Signature")


def canonical(element, algorithm=EXCLUSIVE, prefixes=None):
    """Of an element where it stands, so that inclusive forms see what is in scope."""
    options = {
        EXCLUSIVE: {"exclusive": True},
        EXCLUSIVE + "WithComments": {"exclusive": True, "with_comments": True},
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": {"exclusive": False},
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments": {"exclusive": False, "with_comments": True},
    }[algorithm]
    settings = {"with_comments": False, **options}
    if prefixes:
        settings["inclusive_ns_prefixes"] = prefixes
    # `tostring` adds the element's tail: what follows it is no part of it.
    tail, element.tail = element.tail, None
    try:
        return etree.tostring(element, method="c14n", **settings)
    finally:
        element.tail = tail


def without(element, child):
    """The canonical form needs the element in its place: the child goes and comes back."""
    parent, index, tail = child.getparent(), child.getparent().index(child), child.tail
    previous = child.getprevious()
    kept = (previous.tail if previous is not None else parent.text) or ""
    parent.remove(child)
    if previous is not None:
        previous.tail = kept + (tail or "")
    else:
        parent.text = kept + (tail or "")

    def back():
        parent.insert(index, child)
        child.tail = tail
        if previous is not None:
            previous.tail = kept or None
        else:
            parent.text = kept or None

    return back


HASHES = {"sha1": "sha1", "sha224": "sha224", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512", "md5": "md5"}


def hash_of(algorithm):
    return next(name for name in sorted(HASHES, key=len, reverse=True) if name in algorithm.lower())


def digest(data, algorithm):
    return base64.b64encode(hashlib.new(hash_of(algorithm), data).digest()).decode()


def raw_signature(data, key, algorithm, secret=None):
    """`secret`: the HMAC's key where the algorithm is one."""
    if "hmac" in algorithm:
        return hmac.new(secret, data, hash_of(algorithm)).digest()
    kind = {"sha1": hashes.SHA1, "sha224": hashes.SHA224, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512, "md5": hashes.MD5}[hash_of(algorithm)]()
    private = key.loaded
    if isinstance(private, ec.EllipticCurvePrivateKey):
        r, s = utils.decode_dss_signature(private.sign(data, ec.ECDSA(kind)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return private.sign(data, padding.PKCS1v15(), kind)


def public_forms(key):
    """What may be mistaken for a secret: the certificate and the public key as files and as bytes."""
    certificate = load_pem_x509_certificate(key.certificate.encode())
    public = certificate.public_key()
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return {
        "the certificate's DER": certificate.public_bytes(serialization.Encoding.DER),
        "the certificate's PEM": key.certificate.encode(),
        "the public key's DER": public.public_bytes(serialization.Encoding.DER, info),
        "the public key's PEM": public.public_bytes(serialization.Encoding.PEM, info),
    }


def seal_info(signature, key, secret=None):
    """The signature value over the SignedInfo as it stands."""
    info = one(signature, "d:SignedInfo")
    method = one(info, "d:CanonicalizationMethod")
    inclusive = method.find("ec:InclusiveNamespaces", NS)
    prefixes = inclusive.get("PrefixList").split() if inclusive is not None else None
    data = canonical(info, method.get("Algorithm"), prefixes)
    value = raw_signature(data, key, one(info, "d:SignatureMethod").get("Algorithm"), secret)
    one(signature, "d:SignatureValue").text = base64.b64encode(value).decode()


def sign(element, key, *, algorithm=None, digest_algorithm=None, secret=None, show=None, target=None, seal=True):
    """Signs an element anew with the signature that is in it. `target`: what is digested in truth, the element itself
    unless named; `show`: the key whose certificate KeyInfo shows (`False`: none at all)."""
    signature = signature_of(element)
    info = one(signature, "d:SignedInfo")
    reference = one(info, "d:Reference")
    if algorithm:
        one(info, "d:SignatureMethod").set("Algorithm", algorithm)
    method = one(reference, "d:DigestMethod")
    if digest_algorithm:
        method.set("Algorithm", digest_algorithm)
    form, prefixes = EXCLUSIVE, None
    for transform in reference.iterfind("d:Transforms/d:Transform", NS):
        if "c14n" in transform.get("Algorithm"):
            form = transform.get("Algorithm")
            inclusive = transform.find("ec:InclusiveNamespaces", NS)
            prefixes = inclusive.get("PrefixList").split() if inclusive is not None else None
    what = element if target is None else target
    back = without(element, signature) if what is element or what in element.iterancestors() else None
    data = canonical(what, form, prefixes)
    if back:
        back()
    one(reference, "d:DigestValue").text = digest(data, method.get("Algorithm"))
    info_of_key = signature.find("d:KeyInfo", NS)
    if show is False and info_of_key is not None:
        signature.remove(info_of_key)
    elif show and info_of_key is not None:
        one(info_of_key, "d:X509Data/d:X509Certificate").text = show.der
    if seal:
        seal_info(signature, key, secret)


# --- XML Encryption ----------------------------------------------------------------------------------------------------

OAEP = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
OAEP_11 = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
RSA_15 = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"


def standalone(element):
    """An element with every declaration that it needs, and none of what surrounds it."""
    return etree.tostring(copy.deepcopy(element), encoding="utf-8", with_tail=False)


def _key_transport(session, public, transport):
    if transport == RSA_15:
        return public.encrypt(session, padding.PKCS1v15())
    kind = hashes.SHA256() if transport == OAEP_11 else hashes.SHA1()
    return public.encrypt(session, padding.OAEP(padding.MGF1(kind), kind, None))


def cipher(data, session, algorithm):
    if "gcm" in algorithm:
        nonce = os.urandom(12)
        return nonce + AESGCM(session).encrypt(nonce, data, None)
    block = 8 if "tripledes" in algorithm else 16
    short = block - len(data) % block
    nonce, padded = os.urandom(block), data + bytes(short - 1) + bytes([short])
    if "tripledes" in algorithm:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
        engine = Cipher(TripleDES(session), modes.CBC(nonce))
    else:
        engine = Cipher(algorithms.AES(session), modes.CBC(nonce))
    encryptor = engine.encryptor()
    return nonce + encryptor.update(padded) + encryptor.finalize()


def encrypted(plain, key, *, algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm", transport=OAEP, beside=False, name="Assertion"):
    """An `Encrypted…` element around these bytes, for the holder of this key. `beside`: the encrypted key stands after
    the data rather than in it, where a RetrievalMethod leads to it."""
    size = next(bits for bits in (128, 192, 256) if str(bits) in algorithm or (bits == 192 and "tripledes" in algorithm))
    session = os.urandom(size // 8)
    public = load_pem_x509_certificate(key.certificate.encode()).public_key()
    b64 = lambda data: base64.b64encode(data).decode()  # noqa: E731
    method = ""
    if transport == OAEP_11:
        method = (f'<d:DigestMethod xmlns:d="{NS["d"]}" Algorithm="{SHA256}"/>'
                  '<e:MGF xmlns:e="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>')
    wrapped = (f'<x:EncryptedKey xmlns:x="{NS["x"]}" Id="_ek"><x:EncryptionMethod Algorithm="{transport}">{method}</x:EncryptionMethod>'
               f"<x:CipherData><x:CipherValue>{b64(_key_transport(session, public, transport))}</x:CipherValue></x:CipherData></x:EncryptedKey>")
    inner = (f'<d:RetrievalMethod Type="{NS["x"]}EncryptedKey" URI="#_ek"/>' if beside else wrapped)
    return parse(
        f'<a:Encrypted{name} xmlns:a="{NS["a"]}"><x:EncryptedData xmlns:x="{NS["x"]}" Type="{NS["x"]}Element">'
        f'<x:EncryptionMethod Algorithm="{algorithm}"/><d:KeyInfo xmlns:d="{NS["d"]}">{inner}</d:KeyInfo>'
        f"<x:CipherData><x:CipherValue>{b64(cipher(plain, session, algorithm))}</x:CipherValue></x:CipherData></x:EncryptedData>"
        f"{wrapped if beside else ''}</a:Encrypted{name}>")

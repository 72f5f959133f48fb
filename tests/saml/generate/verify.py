"""A careless verifier: would any reader that follows IDs find a signature of the provider's good? It is how the corpus knows
that a refusal must come from the fault that a case names, and not from a signature that its making broke."""

import base64

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

import dsig


def holds(document, keys, decryption):
    """Whether some signature in it verifies under one of the keys and fits some element that it names, after whatever is
    encrypted for us was decrypted."""
    parser = etree.XMLParser(resolve_entities="internal", huge_tree=True, no_network=True)
    try:
        tree = etree.fromstring(document.encode() if isinstance(document, str) else document, parser)
    except (etree.XMLSyntaxError, ValueError):
        return False
    return any(_signature(tree, signature, keys) for tree in (tree, _opened(tree, decryption)) if tree is not None
               for signature in tree.xpath("//d:Signature", namespaces=dsig.NS))


def _signature(tree, signature, keys):
    info = signature.find("d:SignedInfo", dsig.NS)
    try:
        value = base64.b64decode("".join(signature.find("d:SignatureValue", dsig.NS).itertext()))
        algorithm = info.find("d:SignatureMethod", dsig.NS).get("Algorithm")
        data = dsig.canonical(info, *_form(info.find("d:CanonicalizationMethod", dsig.NS)))
        kind = getattr(hashes, dsig.hash_of(algorithm).upper())()
    except (AttributeError, KeyError, StopIteration, ValueError, etree.C14NError):
        return False
    return any(_verifies(key, value, data, kind) for key in keys) and any(
        _fits(tree, signature, reference) for reference in info.iterfind("d:Reference", dsig.NS))


def _verifies(key, value, data, kind):
    public = key.public
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            r, s = (int.from_bytes(half, "big") for half in (value[:32], value[32:]))
            public.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(kind))
        else:
            public.verify(value, data, padding.PKCS1v15(), kind)
    except (InvalidSignature, ValueError):
        return False
    return True


def _form(element):
    prefixes = element.find("ec:InclusiveNamespaces", dsig.NS)
    return element.get("Algorithm"), prefixes.get("PrefixList").split() if prefixes is not None else None


def _fits(tree, signature, reference):
    form = dsig.EXCLUSIVE, None
    for transform in reference.iterfind("d:Transforms/d:Transform", dsig.NS):
        if "c14n" in transform.get("Algorithm"):
            form = _form(transform)
    name = (reference.get("URI") or "")
    named = [tree] if name == "" else tree.xpath("//*[@ID=$id]", id=name[1:])
    digest = "".join(reference.find("d:DigestValue", dsig.NS).itertext())
    for element in named:
        own = signature if signature.getparent() is element else None
        back = dsig.without(element, own) if own is not None else None
        try:
            if dsig.digest(dsig.canonical(element, *form), reference.find("d:DigestMethod", dsig.NS).get("Algorithm")) == digest:
                return True
        except (KeyError, StopIteration, etree.C14NError):
            pass
        finally:
            if back:
                back()
    return False


def _opened(tree, decryption):
    """What the first encrypted assertion holds; nothing where it cannot be had."""
    found = tree.find("a:EncryptedAssertion", dsig.NS)
    if found is None:
        return None
    try:
        key = found.find(".//x:EncryptedKey", dsig.NS)
        session = _unwrapped(key, decryption)
        data = found.find("x:EncryptedData", dsig.NS)
        plain = _deciphered(_value(data), session, data.find("x:EncryptionMethod", dsig.NS).get("Algorithm"))
        # By itself: put into the tree, its prefixes would become those of its new place.
        return dsig.parse(plain)
    except (AttributeError, InvalidTag, StopIteration, TypeError, ValueError, etree.XMLSyntaxError):
        return None


def _value(element):
    return base64.b64decode(element.find("x:CipherData/x:CipherValue", dsig.NS).text)


def _unwrapped(key, decryption):
    transport = key.find("x:EncryptionMethod", dsig.NS).get("Algorithm")
    if transport == dsig.RSA_15:
        return decryption.loaded.decrypt(_value(key), padding.PKCS1v15())
    kind = hashes.SHA256() if transport == dsig.OAEP_11 else hashes.SHA1()
    return decryption.loaded.decrypt(_value(key), padding.OAEP(padding.MGF1(kind), kind, None))


def _deciphered(data, session, algorithm):
    if "gcm" in algorithm:
        return AESGCM(session).decrypt(data[:12], data[12:], None)
    if "tripledes" in algorithm:
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
        size, engine = 8, TripleDES(session)
    else:
        size, engine = 16, algorithms.AES(session)
    decryptor = Cipher(engine, modes.CBC(data[:size])).decryptor()
    plain = decryptor.update(data[size:]) + decryptor.finalize()
    return plain[: -plain[-1]]
